"""Everything that is kept: the database, its stores, and the journals that write to it behind the back of the work."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from sentinel.clock import Clock
from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.incidents import Incident
from sentinel.domain.requests import RequestRecord
from sentinel.persistence.audit_log import SqlAuditLog
from sentinel.persistence.engine import Engine, create_engine
from sentinel.persistence.event_log import SqlEventLog
from sentinel.persistence.fault_store import SqlFaultStore
from sentinel.persistence.incident_store import SqlIncidentStore
from sentinel.persistence.journal import Journal
from sentinel.persistence.migrations import upgrade
from sentinel.persistence.request_store import SqlRequestStore
from sentinel.persistence.retention import Retention, rules
from sentinel.persistence.run_store import SqlRunStore
from sentinel.persistence.thread_store import SqlThreadStore
from sentinel.persistence.tool_pin_store import SqlToolPinStore
from sentinel.persistence.write_behind import WriteBehind
from sentinel.settings import Settings
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Everything that is kept."""

    engine: Engine
    runs: SqlRunStore
    threads: SqlThreadStore
    events: SqlEventLog
    audit: SqlAuditLog
    faults: SqlFaultStore
    requests: SqlRequestStore
    tool_pins: SqlToolPinStore
    live: LiveEvents
    journal: Journal
    journal_state: "JournalState"
    request_journal: WriteBehind[RequestRecord]
    incidents: SqlIncidentStore
    incident_journal: WriteBehind[Incident]
    retention: Retention


async def open_storage(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Storage:
    """Bring the database up to date and open everything on it; it is closed with `stack`, when all is written.

    Raises:
        ConfigurationError, StoreUnavailableError: the database cannot be used.
    """
    url = settings.database_url.get_secret_value()
    await upgrade(url)
    engine = create_engine(url)
    stack.push_async_callback(engine.dispose)
    events = SqlEventLog(engine)
    live = LiveEvents(log=events)
    journal_state = JournalState()
    journal = await stack.enter_async_context(
        Journal(engine=engine, clock=clock, publish=live.publish, on_state=journal_state)
    )
    requests = SqlRequestStore(engine)
    request_journal = WriteBehind(
        name="requests",
        add=requests.add,
        key=lambda record: record.request_id,
        clock=clock,
        on_loss=partial(_log_loss, "requests"),
    )
    incidents = SqlIncidentStore(engine)
    incident_journal = WriteBehind(
        name="incidents",
        add=incidents.add,
        key=lambda incident: incident.incident_id,
        clock=clock,
        on_loss=partial(_log_loss, "incidents"),
    )
    return Storage(
        engine=engine,
        runs=SqlRunStore(engine),
        threads=SqlThreadStore(engine),
        events=events,
        audit=SqlAuditLog(engine),
        faults=SqlFaultStore(engine),
        requests=requests,
        tool_pins=SqlToolPinStore(engine),
        live=live,
        journal=journal,
        journal_state=journal_state,
        request_journal=await stack.enter_async_context(request_journal),
        incidents=incidents,
        incident_journal=await stack.enter_async_context(incident_journal),
        retention=await stack.enter_async_context(
            Retention(engine=engine, clock=clock, rules=rules(**settings.retention.model_dump()))
        ),
    )


def _log_loss(of: str, is_losing: bool, lost: int) -> None:
    if is_losing:
        logger.error("records_lost", of=of, lost=lost, detail="the database has not taken them for too long")
    else:
        logger.info("records_kept_again", of=of, lost=lost)


class JournalState:
    """Whether the journal can write: told by it, shown by `/health`, since a database that reads may not write."""

    def __init__(self) -> None:
        """Begin with a database that works, as opening it has just shown."""
        self.can_write = True

    def __call__(self, can_write: bool) -> None:
        """Take in a change and log it."""
        self.can_write = can_write
        if can_write:
            logger.info("database_back", detail="everything that waited is written")
        else:
            logger.error("database_away", detail="events wait in memory and readers stay; writing is tried again")
