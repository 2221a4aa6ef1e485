"""A whole cluster on loopback: PostgreSQL, Redis, servers behind a proxy, workers, and the simulated providers.

The same topology as `docker-compose.yml`, as plain processes, for `make cluster`, `tests/cluster` and benchmarks.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.cluster import postgres, redis_server
from scripts.cluster.machines import Machine
from scripts.cluster.neighbours import Balancer, SharedSimulator
from scripts.cluster.postgres import PostgresServer
from scripts.cluster.processes import Program, is_alive
from scripts.cluster.redis_server import RedisServer
from scripts.cluster.sentinels import Sentinel

Configure = Callable[[SharedSimulator], dict[str, Any]]
Surround = Callable[[str, dict[str, str]], dict[str, str]]
DATABASE = "sentinel"
_PREFIX, _OWNER = "sentinel-cluster-", "owner"
"""Of the folder of a cluster: how its name begins, and the file that names the process it belongs to."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything. Port 0 of the proxy: any free one; `slots`: how many runs a process works on at once."""

    servers: int = 2
    workers: int = 2
    port: int = 0
    words_per_second: float = 40.0
    slots: int = 64


def simulated(simulator: SharedSimulator) -> dict[str, Any]:
    """Give the configuration of a cluster that nothing else is told of: the simulated pair, one route."""
    primary = {"kind": "openai", "base_url": simulator.openai_url, "api_key": "none", "simulated": True}
    fallback = {"kind": "ollama", "base_url": simulator.ollama_url, "simulated": True}
    return {
        "providers": {"simulated-primary": primary, "simulated-fallback": fallback},
        "routes": {"default": {"targets": ["simulated-primary/sim-large", "simulated-fallback/sim-small"]}},
    }


def as_it_is(_: str, environment: dict[str, str]) -> dict[str, str]:
    """Give a process the environment that all have."""
    return environment


class Cluster:
    """All machines, in one folder. Without a Redis here, it does without."""

    def __init__(
        self, folder: Path, size: Size, *, configure: Configure = simulated, surround: Surround = as_it_is
    ) -> None:
        """`configure` gives what all processes of Sentinel read as `sentinel.yaml`.

        `surround` gives the environment of the one of a name, when the stores run that all have in theirs.
        """
        self.folder = folder
        self._size = size
        self._configure = configure
        self._surround = surround
        self.simulator = SharedSimulator(folder, words_per_second=size.words_per_second)
        self.postgres: PostgresServer | None = None
        self.redis: RedisServer | None = None
        self.servers: list[Sentinel] = []
        self.workers: list[Sentinel] = []
        self.proxy = Balancer(folder, [], port=size.port)

    def start(self) -> None:
        """Start everything, and wait until questions are answered.

        Raises:
            DidNotStartError, TimeoutError: a machine did not start; the others are still to be stopped.
        """
        self.simulator.launch()
        config = json.dumps(self._configure(self.simulator))  # JSON is YAML
        (self.folder / "sentinel.yaml").write_text(config, encoding="utf-8")
        self._start_stores()
        environment = self._environment()
        self.servers = self._sentinels("serve", self._size.servers, environment)
        self.workers = self._sentinels("worker", self._size.workers, environment)
        sentinels = [*self.servers, *self.workers]
        for sentinel in sentinels:
            sentinel.launch()  # all at once: the first one makes the tables, and the others wait for it
        for machine in (self.simulator, *sentinels):
            machine.wait_until_ready()
        self.proxy = Balancer(self.folder, [server.port for server in self.servers], port=self.proxy.port)
        self.proxy.start()

    def stop(self) -> None:
        """Stop everything, those first that need the others; whoever is frozen is woken for it."""
        _stop_together([self.proxy])
        _stop_together([*self.servers, *self.workers])
        _stop_together([self.simulator, *([self.redis] if self.redis else [])])
        if self.postgres:
            self.postgres.thaw()
            self.postgres.stop()

    def start_again(self) -> Iterator[str]:
        """Start whatever has ended by itself, as a service manager does; gives a sentence about each.

        Raises:
            DidNotStartError, TimeoutError: PostgreSQL could not be started yet.
        """
        if self.postgres and (ending := self.postgres.program.ending):
            self.postgres.start()
            yield _came_back("postgres", ending, self.postgres.program)
        for machine in self.machines:
            if ending := machine.program.ending:
                machine.launch()
                yield _came_back(machine.name, ending, machine.program)

    @property
    def machines(self) -> Sequence[Machine]:
        """The processes that this cluster consists of, PostgreSQL aside."""
        return (*([self.redis] if self.redis else []), self.simulator, *self.servers, *self.workers, self.proxy)

    def _start_stores(self) -> None:
        data = self.folder / "postgres"
        data.mkdir()
        self.postgres = PostgresServer(data, is_durable=True)
        self.postgres.create_named_database(DATABASE)
        program = redis_server.executable()
        self.redis = RedisServer(program, self.folder) if program else None

    def _environment(self) -> dict[str, str]:
        stores = {"DATABASE_URL": self.postgres.url(DATABASE)} if self.postgres else {}
        shared = {"REDIS_URL": self.redis.url} if self.redis else {}
        work = {"SENTINEL_EMBEDDED_WORKER": "off" if self._size.workers else "on"}
        return stores | shared | work | {"WORKER_CONCURRENCY": str(self._size.slots)}

    def _sentinels(self, word: str, count: int, environment: dict[str, str]) -> list[Sentinel]:
        names = [f"{word}-{number}" for number in range(1, count + 1)]
        return [
            Sentinel(
                self.folder,
                self._surround(name, environment) | {"SENTINEL_DATA_DIR": str(self.folder / name)},
                words=(word,),
                name=name,
            )
            for name in names
        ]


def _came_back(name: str, ending: str, program: Program) -> str:
    return f"{name} ended ({ending}) and was started again as process {program.pid}"


def _stop_together(machines: Sequence[Machine]) -> None:
    with ThreadPoolExecutor(max(1, len(machines))) as pool:
        list(pool.map(Machine.stop, machines))


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """Give a folder that other users may enter, as PostgreSQL does, and that is removed at the end.

    The folders of processes that were killed, and could not do it, are removed, too.
    """
    _remove_what_the_dead_left()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)
    (folder / _OWNER).write_text(str(os.getpid()), encoding="ascii")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_what_the_dead_left() -> None:
    """Remove the folders of clusters that were killed and could not do it; their processes ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError):
            if not is_alive(int((folder / _OWNER).read_text(encoding="ascii"))):
                shutil.rmtree(folder, ignore_errors=True)


def can_run() -> bool:
    """Whether there is a PostgreSQL for a cluster here."""
    return postgres.is_installed()
