"""Where the play is given: what is asked through one address, and what of it may be killed."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.cluster.neighbours import SharedSimulator
from scripts.cluster.processes import is_alive, living_below
from scripts.cluster.sentinels import Sentinel
from tests.cluster.orders import routes
from tests.support.sources import ROOT

COUNTING_SERVER = ROOT / "tests" / "cluster" / "counting_server.py"
PROVIDERS = ("primary", "faulty", "failing")


class Machine(Protocol):
    """Something that runs, and can be treated badly."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


@dataclass(frozen=True)
class Victim:
    """A machine that the monkey may pick, and how often beside the others."""

    name: str
    machine: Machine
    weight: int = 1


class Stage(ABC):
    """All machines of one topology, in one folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bookings = folder / "bookings"
        self.simulator = SharedSimulator(folder, words_per_second=400)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where callers ask."""

    @property
    @abstractmethod
    def victims(self) -> Sequence[Victim]:
        """What may be killed."""

    @abstractmethod
    def start(self) -> None:
        """Start everything and wait until it takes questions."""

    @abstractmethod
    def stop(self) -> None:
        """Stop everything."""

    @property
    def logs(self) -> list[Path]:
        """What the processes have written."""
        return sorted(self.folder.glob("**/*.log"))

    def booked(self) -> list[str]:
        """The keys of all executions of the tool that changes something, in order."""
        return self.bookings.read_text(encoding="utf-8").split() if self.bookings.exists() else []

    def left_behind(self) -> list[int]:
        """The processes of this stage that still run."""
        return [pid for pid in living_below(self.folder) if is_alive(pid)]

    def write_configuration(self) -> None:
        """Write the `sentinel.yaml` that all processes read."""
        openai = {"kind": "openai", "base_url": self.simulator.openai_url, "api_key": "none"}
        server = {"command": sys.executable, "args": ["-I", "-S", str(COUNTING_SERVER), str(self.bookings)]}
        config = {
            "providers": dict.fromkeys(PROVIDERS, openai)
            | {"local": {"kind": "ollama", "base_url": self.simulator.ollama_url}},
            "routes": routes(),
            "mcpServers": {"counting": server | {"trusted": True}},
            "tools": {"overrides": {"counting/book": {"effect": "mutating"}}},
        }
        (self.folder / "sentinel.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML


class OneProcess(Stage):
    """One `sentinel serve` on SQLite: what `make run` starts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._server = Sentinel(folder, {"LOG_LEVEL": "info"})

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def victims(self) -> Sequence[Victim]:
        return (Victim("server", self._server),)

    def start(self) -> None:
        self.write_configuration()
        self.simulator.start()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self.simulator.stop()


STAGES: dict[str, Callable[[Path], Stage]] = {"one": OneProcess}
"""Every topology by its name."""
