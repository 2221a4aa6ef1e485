"""`python -m benchmarks.durability`: databases, servers and workers on loopback, measured one after the other."""

import asyncio
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._machine import weather
from benchmarks._program import finish, parser, unwind_when_terminated
from benchmarks._programs import Program, fetch_json, resident_megabytes
from benchmarks.durability.journal import Written, measure_journal
from benchmarks.durability.readers import Idle, measure_readers
from benchmarks.durability.report import Rates, Report
from benchmarks.durability.takeover import measure_takeovers
from benchmarks.durability.throughput import asked, measure_first_event, measure_runs
from scripts.cluster.neighbours import SharedSimulator
from scripts.cluster.postgres import PostgresServer
from scripts.cluster.sentinels import Sentinel
from scripts.cluster.topology import Cluster, Size, cluster_folder
from scripts.project import PYTHON

SLOTS = 8
AT_ONCE = 20
PACED_AT_ONCE = 3 * SLOTS
_DESCRIPTORS = 8192
_FOREVER_SECONDS = 900
_SHORT = "Write 20 words"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much of everything."""

    events: int = 40_000
    seconds: float = 6.0
    first_events: int = 200
    readers: int = 1000
    kills: int = 20

    @classmethod
    def quick(cls) -> "Plan":
        """Give an impression."""
        return cls(events=5_000, seconds=2.0, first_events=30, readers=100, kills=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = parser("durability", __doc__).parse_args(arguments)
    unwind_when_terminated()
    _allow_many_connections()
    plan, say_weather = Plan.quick() if options.quick else Plan(), weather()
    journal = _measure_journals(plan)
    single, readers = _measure_one_process(plan)
    one, _ = _measure_cluster(plan, workers=1)
    two, takeovers = _measure_cluster(plan, workers=2)
    report = Report(
        journal=journal,
        single=single,
        workers={1: one, 2: two},
        readers=readers,
        takeovers=takeovers,
        notes=[
            f"{AT_ONCE} questions at once at full pace, {PACED_AT_ONCE} of the paced model; {SLOTS} places per process",
            "all processes, the load and the simulated provider share the cores",
            say_weather(),
        ],
    )
    return finish(report.result(), options)


def _allow_many_connections() -> None:
    """A thousand readers have two ends each; what is started here inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _measure_journals(plan: Plan) -> dict[str, Written]:
    _say("the journal on SQLite and PostgreSQL")
    with cluster_folder() as folder:
        on_sqlite = asyncio.run(measure_journal(f"sqlite:///{folder / 'journal.sqlite3'}", events=plan.events))
        data = folder / "postgres"
        data.mkdir()
        server = PostgresServer(data, is_durable=True)
        try:
            on_postgres = asyncio.run(measure_journal(server.url(server.create_database()), events=plan.events))
        finally:
            server.stop()
    return {"SQLite": on_sqlite, "PostgreSQL": on_postgres}


def _configuration(simulator: SharedSimulator) -> dict[str, Any]:
    """Give routes to a model at full pace, to one that takes its time, and to one that says nothing."""
    patient = dict.fromkeys(("first_token_seconds", "stall_seconds", "total_seconds"), _FOREVER_SECONDS)
    return {
        "providers": {"simulator": {"kind": "openai", "base_url": simulator.openai_url, "api_key": "none"}},
        "routes": {
            "default": {"targets": ["simulator/sim-large:pace=0"]},
            "paced": {"targets": ["simulator/sim-large:pace=40"]},
            "silent": {"targets": [f"simulator/sim-large:stall=1,seconds={_FOREVER_SECONDS}"], "deadlines": patient},
        },
        "mcpServers": {},
    }


@contextmanager
def _load(folder: Path) -> Iterator[Program]:
    program = Program([PYTHON, "-m", "benchmarks._load"], log=folder / "load.log", talks=True)
    try:
        yield program
    finally:
        program.stop()


def _rates(load: Program, port: int, plan: Plan, *, of: Sequence[Sentinel]) -> Rates:
    """Measure the topology behind a port, which consists `of` these processes."""
    short = asked(port, _SHORT)
    first = measure_first_event(load, short, count=plan.first_events)
    pids = [sentinel.program.pid for sentinel in of]
    quick, cpu_seconds = measure_runs(load, short, at_once=AT_ONCE, seconds=plan.seconds, pids=pids)
    long = asked(port, "Write 60 words", route="paced")
    paced, _ = measure_runs(load, long, at_once=PACED_AT_ONCE, seconds=plan.seconds)
    return Rates(quick=quick, paced=paced, first=first, quick_cpu_seconds=cpu_seconds)


def _measure_one_process(plan: Plan) -> tuple[Rates, Idle]:
    _say(f"one process on SQLite: runs, and {plan.readers} readers")
    with cluster_folder() as folder:
        simulator = SharedSimulator(folder, words_per_second=0)
        server = Sentinel(folder, {"WORKER_CONCURRENCY": str(SLOTS)})
        try:
            simulator.start()
            config = json.dumps(_configuration(simulator))  # JSON is YAML
            (folder / "sentinel.yaml").write_text(config, encoding="utf-8")
            server.start()
            with _load(folder) as load:
                return _rates(load, server.port, plan, of=[server]), _readers(server, load, plan)
        finally:
            server.stop()
            simulator.stop()


def _readers(server: Sentinel, load: Program, plan: Plan) -> Idle:
    question = asked(server.port, _SHORT)
    run = fetch_json(f"{server.url}/api/runs", {"input": "Write 500 words", "route": "silent"})
    return asyncio.run(
        measure_readers(
            server.port,
            run["run_id"],
            count=plan.readers,
            megabytes=lambda: resident_megabytes(server.program.pid),
            ask=lambda: measure_first_event(load, question, count=plan.first_events),
        )
    )


def _measure_cluster(plan: Plan, *, workers: int) -> tuple[Rates, list[float]]:
    """Measure a cluster; workers are killed where another one can take over."""
    _say(f"PostgreSQL, a server and {workers} of `sentinel worker`")
    with cluster_folder() as folder:
        size = Size(servers=1, workers=workers, words_per_second=0, slots=SLOTS)
        cluster = Cluster(folder, size, configure=_configuration)
        try:
            cluster.start()
            with _load(folder) as load:
                sentinels = [*cluster.servers, *cluster.workers]
                rates = _rates(load, cluster.servers[0].port, plan, of=sentinels)
            takeovers = asyncio.run(measure_takeovers(cluster, kills=plan.kills)) if workers > 1 else []
            return rates, takeovers
        finally:
            cluster.stop()


if __name__ == "__main__":
    sys.exit(main())
