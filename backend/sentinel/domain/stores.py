"""What the layers above need from storage. `persistence` implements these over SQL; tests have twins in memory.

Every method is one transaction. A method raises `StoreUnavailableError` when the database cannot be reached or written.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sentinel.domain.events import Event, EventType
from sentinel.domain.incidents import Incident, IncidentQuery
from sentinel.domain.messages import Message, Page, Thread, Turn
from sentinel.domain.queues import QueuedRun
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.runs import NewRun, Run, RunEnding, RunStatus


class RunStore(Protocol):
    """Runs as rows."""

    async def create(self, new: NewRun) -> Run:
        """Store the thread (if new), the question, the run and its `queued` event.

        Raises:
            ThreadNotFoundError, MessageNotFoundError: the thread or the parent does not exist.
            ThreadBusyError: the thread has an active run; `extra["active_run_id"]` names it.
            IdempotencyConflictError: the key was used for another request.
        """
        ...

    async def get(self, run_id: str) -> Run:
        """Give the run with its attempts and tool calls; raises RunNotFoundError."""
        ...

    async def list(
        self, *, status: RunStatus | None, thread_id: str | None, limit: int, cursor: str | None
    ) -> Page[Run]:
        """Give runs, newest first; raises RequestError for a cursor that no listing gave out."""
        ...

    async def claim(
        self,
        run_id: str,
        *,
        owner: str,
        lease_seconds: float,
        at: datetime,
        may_take_over: bool = True,
        goes_on: bool = False,
    ) -> Run | None:
        """Take the run for `owner` until the lease ends: status running, fence + 1.

        That succeeds for a run that is queued, was released, or is `owner`'s already; and for one whose lease has
        lapsed, which counts as `recovered` and sets `taken_over_from`, if `may_take_over`. Else None: it has ended, is
        gone, or somebody holds it. `goes_on`: `owner` has not let go of it, so that its lapsed lease does not count.
        Leases are timed by the database's clock, so the clocks of processes may differ.
        """
        ...

    async def renew(self, run_ids: Collection[str], *, owner: str, lease_seconds: float) -> Collection[str]:
        """Let `owner`'s leases of these runs begin anew, also lapsed ones; gives those that were still `owner`'s."""
        ...

    async def release(self, owner: str, run_id: str | None = None) -> None:
        """Give up `owner`'s lease of the run, or all of `owner`'s: anybody may claim at once, which does not count."""
        ...

    async def lapse(self) -> None:
        """Let all leases lapse now. Only for who knows that nobody else lives, as the owner of a SQLite file does."""
        ...

    async def idle(self, *, limit: int, skip: int = 0) -> Sequence[QueuedRun]:
        """Give runs that nobody works on: those released or lapsed, then those queued, each oldest first.

        `skip` leaves out so many of the first; what comes after them may have moved since they were asked for.
        """
        ...

    async def cancelled(self, owner: str) -> Collection[str]:
        """Give the ids of the runs that `owner` works on and that shall stop."""
        ...

    async def request_cancel(self, run_id: str) -> Run:
        """Note that the run shall stop; give it back as it now is. Raises RunNotFoundError."""
        ...

    async def conversation(self, run_id: str) -> Sequence[Turn]:
        """Give the turns that lead to and include the run's question: the path from the root, without empty answers."""
        ...


class ThreadStore(Protocol):
    """Threads and their messages."""

    async def create(self, thread_id: str, title: str, at: datetime) -> Thread:
        """Store an empty thread."""
        ...

    async def get(self, thread_id: str) -> Thread:
        """Give the thread; raises ThreadNotFoundError."""
        ...

    async def list(self, *, query: str | None, archived: bool, limit: int, cursor: str | None) -> Page[Thread]:
        """Give threads, last used first; `query` finds words in titles and messages, in any case.

        Raises RequestError for a cursor that no listing gave out.
        """
        ...

    async def update(self, thread_id: str, *, title: str | None, archived: bool | None) -> Thread:
        """Change what is not None, which leaves its place in the list; raises ThreadNotFoundError."""
        ...

    async def delete(self, thread_id: str) -> None:
        """Remove the thread with all that hangs on it; raises ThreadNotFoundError, ThreadBusyError."""
        ...

    async def messages(self, thread_id: str) -> Sequence[Message]:
        """Give all messages in the order of creation; raises ThreadNotFoundError."""
        ...

    async def runs(self, thread_id: str) -> Sequence[Run]:
        """Give all runs of the thread with their attempts and tool calls (two more queries, not two per run)."""
        ...


class RequestStore(Protocol):
    """What is kept of requests to the gateway, for those who look."""

    async def get(self, request_id: str) -> RequestRecord:
        """Give the request with its attempts; raises RequestNotFoundError."""
        ...

    async def list(
        self, *, outcome: RequestOutcome | None, trace_id: str | None, limit: int, cursor: str | None
    ) -> Page[RequestRecord]:
        """Give requests, newest first; raises RequestError for a cursor that no listing gave out."""
        ...


class IncidentStore(Protocol):
    """All incidents, for those who look."""

    async def list(self, query: IncidentQuery) -> Page[Incident]:
        """Give the incidents that are wanted, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far a run's log reaches, and whether nothing will follow."""

    last_seq: int
    ended: bool


class EventLog(Protocol):
    """The log of every run, for readers."""

    async def read(self, run_id: str, *, after: int, limit: int = 1000) -> Sequence[Event]:
        """Give committed events with seq > `after`, in order."""
        ...

    async def heads(self, run_ids: Collection[str]) -> Mapping[str, LogHead]:
        """Give the committed end of each log in one look; unknown runs are left out."""
        ...


class RunLog(Protocol):
    """The only writer of one run's log, while it holds the fence."""

    @property
    def last_seq(self) -> int:
        """The highest number given out so far."""
        ...

    def append(self, type_: EventType, data: dict[str, Any]) -> None:
        """Put an event into the next group commit; adjacent tokens that wait together become one event.

        Raises:
            FenceLostError: another owner has claimed the run.
            StoreUnavailableError: the database has been away for so long that the buffer is full.
        """
        ...

    async def flush(self) -> None:
        """Wait until everything appended is committed."""
        ...

    async def finish(self, ending: RunEnding) -> None:
        """Commit what waits, the terminal event, the answer, the ledger and the run's status, in one transaction."""
        ...


class Journal(Protocol):
    """Gives out the writers of runs' logs and commits what all of them append in groups."""

    def open(self, run: Run) -> RunLog:
        """Give the writer for a run just claimed (`run.fence`, `run.last_seq`)."""
        ...


class LiveEvents(Protocol):
    """Follows a run's log as it grows."""

    async def head(self, run_id: str) -> LogHead | None:
        """Give the committed end of the run's log; None for an unknown run."""
        ...

    def follow(
        self, run_id: str, *, after: int, most_seconds: float | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Give committed events with seq > `after`, then wait for more; ends after the terminal event.

        It also ends when the process stops, and after `most_seconds`: the reader comes back.
        Entering it raises StoreUnavailableError when the log cannot be read; once it is entered, the reader
        stays through an absence of the database.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act of an operator."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)


class AuditLog(Protocol):
    """Who did what."""

    async def record(self, entry: AuditEntry) -> None:
        """Store the act."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchRecord:
    """A kill switch that an operator has thrown, so that a restart does not release it."""

    target: str
    actor: str
    created_at: datetime
    reason: str | None = None
    expires_at: datetime | None = None


class FaultStore(Protocol):
    """What operators have broken on purpose. For now: kill switches."""

    async def save_kill_switch(self, record: KillSwitchRecord) -> None:
        """Store the switch as thrown, in place of an earlier one of the same target."""
        ...

    async def remove_kill_switch(self, target: str) -> None:
        """Forget the switch; nothing happens when there is none."""
        ...

    async def kill_switches(self) -> Sequence[KillSwitchRecord]:
        """Give all stored switches, expired ones included, oldest first."""
        ...
