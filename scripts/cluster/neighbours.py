"""What stands beside Sentinel in a cluster: the simulated providers that all share, and the proxy in front."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.cluster.machines import Machine, answers
from scripts.cluster.processes import free_port
from scripts.project import ROOT


class SharedSimulator(Machine):
    """One `python -m simulator` on two ports."""

    def __init__(self, folder: Path, *, words_per_second: float = 40.0) -> None:
        """0 words per second is as fast as it can."""
        super().__init__("simulator", folder)
        self._pace = words_per_second
        self._ollama_port = free_port()

    @property
    def openai_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"{self.url}/v1"

    @property
    def ollama_url(self) -> str:
        """What an Ollama client takes as its host."""
        return f"http://127.0.0.1:{self._ollama_port}"

    def _command(self) -> list[str | Path]:
        ports = ["--openai-port", str(self.port), "--ollama-port", str(self._ollama_port)]
        return [sys.executable, "-m", "simulator", *ports, "--words-per-second", str(self._pace)]

    def _answers(self) -> bool:
        return answers(f"{self.openai_url}/models")


class Balancer(Machine):
    """One `python -m scripts.cluster.proxy`."""

    def __init__(self, folder: Path, replicas: Sequence[int], *, port: int = 0) -> None:
        """`replicas` are the ports of the servers behind it."""
        super().__init__("proxy", folder, port=port)
        self._replicas = [str(replica) for replica in replicas]

    def _command(self) -> list[str | Path]:
        return [sys.executable, "-m", "scripts.cluster.proxy", "--port", str(self.port), *self._replicas]

    def _answers(self) -> bool:
        return answers(f"{self.url}/health/live")

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}
