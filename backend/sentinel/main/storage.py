"""Everything that is kept: the database, its stores, and the journals that write to it behind the back of the work.

With it goes what is shared with other processes, for who follows a log hears of both.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sentinel.clock import Clock
from sentinel.coordination.live_events import LiveEvents
from sentinel.coordination.shared import Shared
from sentinel.domain.incidents import Incident
from sentinel.domain.requests import RequestRecord
from sentinel.domain.tools import ToolCallRecord
from sentinel.main.audit import LoggedAudit
from sentinel.main.migrate import bring_up_to_date
from sentinel.main.upkeep import Upkeep, open_upkeep
from sentinel.persistence.audit_log import SqlAuditLog
from sentinel.persistence.database_url import is_sqlite
from sentinel.persistence.engine import Engine, create_engine
from sentinel.persistence.event_log import SqlEventLog
from sentinel.persistence.fault_store import SqlFaultStore
from sentinel.persistence.incident_store import SqlIncidentStore
from sentinel.persistence.journal import Journal
from sentinel.persistence.request_store import SqlRequestStore
from sentinel.persistence.run_store import SqlRunStore
from sentinel.persistence.thread_store import SqlThreadStore
from sentinel.persistence.tool_call_store import SqlToolCallStore
from sentinel.persistence.tool_pin_store import SqlToolPinStore
from sentinel.persistence.write_behind import WriteBehind
from sentinel.settings import Settings
from sentinel.telemetry.logging import get_logger

T = TypeVar("T")

logger = get_logger(__name__)

_OWN_POLL_SECONDS = 2.0
"""Where every event is committed by this process, which tells its readers itself."""
_POLL_SECONDS = 0.25
"""Where workers elsewhere commit events: how late readers here hear of them."""


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Everything that is kept."""

    engine: Engine
    runs: SqlRunStore
    threads: SqlThreadStore
    events: SqlEventLog
    audit: LoggedAudit
    faults: SqlFaultStore
    requests: SqlRequestStore
    tool_pins: SqlToolPinStore
    shared: Shared
    live: LiveEvents
    journal: Journal
    journal_state: "JournalState"
    request_journal: WriteBehind[RequestRecord]
    incidents: SqlIncidentStore
    incident_journal: WriteBehind[Incident]
    tool_calls: SqlToolCallStore
    tool_call_journal: WriteBehind[ToolCallRecord]
    upkeep: Upkeep


async def open_storage(settings: Settings, clock: Clock, stack: AsyncExitStack, *, shared: Shared) -> Storage:
    """Bring the database up to date and open everything on it; it is closed with `stack`, when all is written.

    Raises:
        ConfigurationError, StoreUnavailableError: the database cannot be used.
    """
    url = settings.database_url.get_secret_value()
    await bring_up_to_date(url)
    engine = create_engine(url, connections=settings.database.connections, clock=clock)
    stack.push_async_callback(engine.dispose)
    events = SqlEventLog(engine)
    live = LiveEvents(
        log=events,
        clock=clock,
        fan_out=shared.fan_out,
        poll_interval_seconds=_OWN_POLL_SECONDS if is_sqlite(engine.url) else _POLL_SECONDS,
    )
    journal_state = JournalState()
    journal = await stack.enter_async_context(
        Journal(engine=engine, clock=clock, publish=live.publish, on_state=journal_state)
    )
    requests, incidents, tool_calls = SqlRequestStore(engine), SqlIncidentStore(engine), SqlToolCallStore(engine)
    return Storage(
        engine=engine,
        runs=SqlRunStore(engine),
        threads=SqlThreadStore(engine),
        events=events,
        audit=LoggedAudit(SqlAuditLog(engine)),
        faults=SqlFaultStore(engine),
        requests=requests,
        tool_pins=SqlToolPinStore(engine),
        shared=shared,
        live=live,
        journal=journal,
        journal_state=journal_state,
        request_journal=await stack.enter_async_context(
            _behind("requests", requests.add, key=lambda record: record.request_id, clock=clock)
        ),
        incidents=incidents,
        incident_journal=await stack.enter_async_context(
            _behind("incidents", incidents.add, key=lambda incident: incident.incident_id, clock=clock)
        ),
        tool_calls=tool_calls,
        tool_call_journal=await stack.enter_async_context(
            _behind("tool_calls", tool_calls.add, key=lambda record: record.call_id, clock=clock)
        ),
        upkeep=await open_upkeep(settings.retention, engine, clock=clock, stack=stack),
    )


def _behind(
    name: str, add: Callable[[Sequence[T]], Awaitable[None]], *, key: Callable[[T], str], clock: Clock
) -> WriteBehind[T]:
    return WriteBehind(name=name, add=add, key=key, clock=clock, on_loss=partial(_log_loss, name))


def _log_loss(of: str, is_losing: bool, lost: int) -> None:
    if is_losing:
        logger.error(
            "records_lost", of=of, lost=lost, detail="there is no more room for them, or they cannot be written"
        )
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
            logger.info("database_back", detail="everything that was waiting has been written")
        else:
            logger.error("database_away", detail="events wait in memory and readers stay connected; writing is retried")
