"""Events through the journal alone: many runs append, and each waits until its own are committed."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks._figures import percentile
from sentinel.clock import SystemClock
from sentinel.domain.events import EventType
from sentinel.domain.runs import NewRun, Run, RunOptions
from sentinel.ids import IdSource
from sentinel.persistence.engine import Engine, create_engine
from sentinel.persistence.journal import Journal
from sentinel.persistence.migrations import upgrade
from sentinel.persistence.run_store import SqlRunStore

RUNS_AT_ONCE = 20
EVENTS_PER_COMMIT = 25
_LEASE_SECONDS = 600.0


@dataclass(frozen=True)
class Written:
    """What one database took: all events, in how many seconds, and how long a run waited for each of its commits.

    `cpu_seconds` are those of the writing process, which on SQLite is the database, too.
    """

    events: int
    seconds: float
    cpu_seconds: float
    waits_ms: list[float]

    @property
    def per_second(self) -> float:
        """Events that were committed in a second."""
        return self.events / self.seconds

    @property
    def cpu_us_per_event(self) -> float:
        """Processor time of the writing process for one event."""
        return self.cpu_seconds / self.events * 1e6

    def wait_ms(self, share: float) -> float:
        """Give a percentile of the waits."""
        return percentile(self.waits_ms, share)


async def measure_journal(database_url: str, *, events: int) -> Written:
    """Migrate an empty database and write so many events to it."""
    await upgrade(database_url)
    engine, clock = create_engine(database_url), SystemClock()
    waits: list[float] = []
    try:
        claimed = [await _a_run(engine, clock) for _ in range(RUNS_AT_ONCE)]
        began, cpu_before = time.perf_counter(), time.process_time()
        async with Journal(engine=engine, clock=clock, publish=lambda _: None) as journal:
            each = events // RUNS_AT_ONCE
            await asyncio.gather(*(_append(journal, run, events=each, waits=waits) for run in claimed))
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_before
    finally:
        await engine.dispose()
    return Written(RUNS_AT_ONCE * (events // RUNS_AT_ONCE), seconds, cpu_seconds, waits)


async def _append(journal: Journal, run: Run, *, events: int, waits: list[float]) -> None:
    log = journal.open(run)
    for _ in range(events // EVENTS_PER_COMMIT):
        began = time.perf_counter()
        for number in range(EVENTS_PER_COMMIT):
            log.append(EventType.STATUS, {"phase": "heartbeat", "detail": f"{number} of some words of a text"})
        await log.flush()
        waits.append((time.perf_counter() - began) * 1000)


async def _a_run(engine: Engine, clock: SystemClock) -> Run:
    """Store a question and claim its run."""
    ids, store = IdSource(clock), SqlRunStore(engine)
    new = NewRun(
        run_id=ids.new(),
        message_id=ids.new(),
        input_message_id=ids.new(),
        new_thread_id=ids.new(),
        thread_id=None,
        title="benchmark",
        text="question",
        options=RunOptions(),
        at=clock.now(),
    )
    await store.create(new)
    run = await store.claim(new.run_id, owner="benchmark", lease_seconds=_LEASE_SECONDS, at=clock.now())
    assert run, "nobody else claims it"
    return run
