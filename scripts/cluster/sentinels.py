"""`sentinel serve` and `sentinel worker` as processes in a bare environment."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.cluster.machines import Machine, answers

_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class Sentinel(Machine):
    """One process of Sentinel on a loopback port of its own."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *, words: Sequence[str] = ("serve",), name: str = "server"
    ) -> None:
        """`environment` is added to a bare one: nothing from the developer's shell or `.env` gets in."""
        super().__init__(name, folder)
        self._words = words
        self._own = dict(environment)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of Sentinel to its end, in the same place with the same settings."""
        command = self._command()[:1]
        return subprocess.run(
            [*command, *words], cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )

    def _command(self) -> list[str | Path]:
        return [Path(sys.executable).parent / "sentinel", *self._words]

    def _answers(self) -> bool:
        return answers(f"{self.url}/health/ready")

    def _environment(self) -> dict[str, str]:
        bare = {name: os.environ[name] for name in _KEPT if name in os.environ}
        database = f"sqlite+aiosqlite:///{self.folder / 'sentinel.db'}"
        listens = {"HOST": "127.0.0.1", "PORT": str(self.port), "WORKER_PORT": str(self.port)}
        return bare | listens | {"DATABASE_URL": database, "LANGSMITH_TRACING": "false"} | self._own
