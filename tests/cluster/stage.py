"""Where the play is given: what is asked through one address, and what of it may be killed."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from scripts.cluster.neighbours import SharedSimulator
from scripts.cluster.processes import is_alive, living_below
from scripts.cluster.sentinels import Sentinel
from scripts.cluster.topology import Cluster, Size
from tests.cluster.orders import routes
from tests.cluster.wire import Wire
from tests.support.sources import ROOT

COUNTING_SERVER = ROOT / "tests" / "cluster" / "counting_server.py"
WORDS_PER_SECOND = 400.0
WIRED = {"worker-1": "DATABASE_URL", "serve-1": "REDIS_URL"}
PROVIDERS = ("primary", "faulty", "failing")


class Harmed(Protocol):
    """What can be treated badly: a machine, or PostgreSQL."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


@dataclass(frozen=True)
class Victim:
    """Something that the monkey may pick, and how often beside the others."""

    name: str
    machine: Harmed
    weight: int = 1


class Stage(ABC):
    """All machines of one topology, in one folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bookings = folder / "bookings"

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

    def configuration(self, simulator: SharedSimulator) -> dict[str, Any]:
        """Give the `sentinel.yaml` that all processes read."""
        openai = {"kind": "openai", "base_url": simulator.openai_url, "api_key": "none"}
        counting = {"command": sys.executable, "args": ["-I", "-S", str(COUNTING_SERVER), str(self.bookings)]}
        return {
            "providers": {
                **dict.fromkeys(PROVIDERS, openai),
                "local": {"kind": "ollama", "base_url": simulator.ollama_url},
            },
            "routes": routes(),
            "mcpServers": {"counting": counting | {"trusted": True}},
            "tools": {"overrides": {"counting/book": {"effect": "mutating"}}},
            "retention": {"compact_after_minutes": 1},
        }


class OneProcess(Stage):
    """One `sentinel serve` on SQLite: what `make run` starts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._simulator = SharedSimulator(folder, words_per_second=WORDS_PER_SECOND)
        self._server = Sentinel(folder, {})

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def victims(self) -> Sequence[Victim]:
        return (Victim("server", self._server),)

    def start(self) -> None:
        config = json.dumps(self.configuration(self._simulator))  # JSON is YAML
        (self.folder / "sentinel.yaml").write_text(config, encoding="utf-8")
        self._simulator.start()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self._simulator.stop()


class ManyProcesses(Stage):
    """Two servers behind a proxy, two workers, PostgreSQL, and Redis where there is one.

    The first worker reaches PostgreSQL over a wire, and the first server Redis: a network that fails them alone.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        size = Size(servers=2, workers=2, words_per_second=WORDS_PER_SECOND)
        self._cluster = Cluster(folder, size, configure=self.configuration, surround=self._wired)
        self._wires: list[Wire] = []

    @property
    def url(self) -> str:
        return self._cluster.proxy.url

    @property
    def victims(self) -> Sequence[Victim]:
        cluster = self._cluster
        stores = (("postgres", cluster.postgres), ("redis", cluster.redis))
        sentinels = [Victim(machine.name, machine, 3) for machine in cluster.workers]
        sentinels += [Victim(machine.name, machine, 2) for machine in cluster.servers]
        around = [Victim(name, store) for name, store in stores if store]
        wires = [Victim(wire.name, wire) for wire in self._wires]
        return [*sentinels, *around, *wires, Victim("proxy", cluster.proxy)]

    def start(self) -> None:
        self._cluster.start()

    def stop(self) -> None:
        self._cluster.stop()
        for wire in self._wires:
            wire.stop()

    def _wired(self, name: str, environment: dict[str, str]) -> dict[str, str]:
        """Put a wire between some process and a store that it uses."""
        setting = WIRED.get(name, "")
        if setting not in environment:
            return environment
        wire = Wire(f"wire-of-{name}", self.folder, to=environment[setting])
        self._wires.append(wire)
        wire.start()
        return environment | {setting: wire.reached}


STAGES: dict[str, Callable[[Path], Stage]] = {"one": OneProcess, "cluster": ManyProcesses}
"""Every topology by its name."""
