"""All stores over one database or in memory, and the short way through a run for tests that need one."""

from dataclasses import dataclass, field
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.events import Event, EventType
from sentinel.domain.runs import NewRun, Run, RunEnding
from sentinel.domain.stores import AuditLog, EventLog, FaultStore, RunStore, ThreadStore
from sentinel.persistence.audit_log import SqlAuditLog
from sentinel.persistence.engine import Engine
from sentinel.persistence.event_log import SqlEventLog
from sentinel.persistence.fault_store import SqlFaultStore
from sentinel.persistence.group_commit import GroupCommit
from sentinel.persistence.incident_store import SqlIncidentStore
from sentinel.persistence.journal import Journal
from sentinel.persistence.request_store import SqlRequestStore
from sentinel.persistence.run_store import SqlRunStore
from sentinel.persistence.thread_store import SqlThreadStore
from sentinel.testing.event_log import MemoryEventLog
from sentinel.testing.incidents import MemoryIncidentStore
from sentinel.testing.operator_stores import MemoryAuditLog, MemoryFaultStore
from sentinel.testing.requests import MemoryRequestStore
from sentinel.testing.stores import (
    MemoryData,
    MemoryRunStore,
    MemoryThreadStore,
    memory_journal,
)
from tests.support.run_builders import Questions, at, completed


@dataclass
class Stores:
    """All stores over one database, with a running journal."""

    runs: RunStore
    threads: ThreadStore
    events: EventLog
    audit: AuditLog
    faults: FaultStore
    requests: SqlRequestStore | MemoryRequestStore
    incidents: SqlIncidentStore | MemoryIncidentStore
    journal: GroupCommit
    published: list[Event]
    states: list[bool]
    """What the journal said about the database: False it went away, True it came back."""
    questions: Questions = field(default_factory=Questions)

    async def ask(self, text: str = "Why?", **changes: Any) -> Run:
        """Store a question."""
        return await self.runs.create(self.questions.ask(text, **changes))

    async def claim(self, run: Run, owner: str = "worker", lease_seconds: float = 60.0) -> Run:
        """Claim a run that is certainly free."""
        claimed = await self.runs.claim(run.run_id, owner=owner, lease_seconds=lease_seconds, at=at(50))
        assert claimed
        return claimed

    async def answer(self, run: Run, ending: RunEnding | None = None) -> Run:
        """Claim the run, stream a little, end it."""
        log = self.journal.open(await self.claim(run))
        log.append(EventType.STATUS, {"phase": "started"})
        await log.finish(ending or completed())
        return await self.runs.get(run.run_id)

    async def converse(self, new: NewRun, answer: str) -> Run:
        """Store a question and its answer."""
        return await self.answer(await self.runs.create(new), completed(answer))


def sql_stores_over(engine: Engine, clock: Clock) -> Stores:
    """Give the stores over a database; their journal is entered by the caller."""
    published: list[Event] = []
    states: list[bool] = []
    return Stores(
        runs=SqlRunStore(engine),
        threads=SqlThreadStore(engine),
        events=SqlEventLog(engine),
        audit=SqlAuditLog(engine),
        faults=SqlFaultStore(engine),
        requests=SqlRequestStore(engine),
        incidents=SqlIncidentStore(engine),
        journal=Journal(engine=engine, clock=clock, publish=published.extend, on_state=states.append),
        published=published,
        states=states,
    )


def memory_stores(clock: Clock) -> Stores:
    """Give the stores in memory; their journal is entered by the caller."""
    published: list[Event] = []
    data = MemoryData(clock)
    return Stores(
        runs=MemoryRunStore(data),
        threads=MemoryThreadStore(data),
        events=MemoryEventLog(data),
        audit=MemoryAuditLog(data),
        faults=MemoryFaultStore(data),
        requests=MemoryRequestStore(),
        incidents=MemoryIncidentStore(),
        journal=memory_journal(data, clock=clock, publish=published.extend),
        published=published,
        states=[],
    )
