"""The stores in memory: what the domain's Protocols promise, without a database; one specification runs over both.

The journal is the real one (`GroupCommit`) over a commit that writes to these dictionaries.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sentinel.clock import Clock, SystemClock
from sentinel.domain.events import Event, EventType, Phase
from sentinel.domain.messages import Message, Page, Role, Thread, Turn
from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import NewRun, Run, RunEnding, RunStatus
from sentinel.domain.stores import AuditEntry, KillSwitchRecord
from sentinel.errors import (
    IdempotencyConflictError,
    MessageNotFoundError,
    RunNotFoundError,
    ThreadBusyError,
    ThreadNotFoundError,
)
from sentinel.persistence.cursors import read_cursor, write_cursor
from sentinel.persistence.group_commit import GroupCommit, Publish
from sentinel.persistence.rows import folded
from sentinel.persistence.run_log import LogPart

_RELEASED = "", 0.0  # who holds a run that nobody holds, and until when


@dataclass
class MemoryData:
    """What a database would hold, and its clock."""

    clock: Clock = field(default_factory=SystemClock)
    threads: dict[str, Thread] = field(default_factory=dict)
    messages: dict[str, list[Message]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    keys: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Idempotency key → run id and request hash."""
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Run → who holds it, and until when."""
    audit: list[AuditEntry] = field(default_factory=list)
    kill_switches: dict[str, KillSwitchRecord] = field(default_factory=dict)

    def thread(self, thread_id: str) -> Thread:
        """Give the thread with its active run; raises ThreadNotFoundError."""
        if thread_id not in self.threads:
            message = f"there is no thread {thread_id!r}"
            raise ThreadNotFoundError(message)
        active = (run.run_id for run in self.runs_of(thread_id) if run.status.is_active)
        return replace(self.threads[thread_id], active_run_id=next(active, None))

    def free_thread(self, thread_id: str) -> Thread:
        """Give the thread; raises ThreadNotFoundError, ThreadBusyError."""
        thread = self.thread(thread_id)
        if thread.active_run_id is not None:
            message = f"thread {thread_id!r} is busy with run {thread.active_run_id!r}"
            raise ThreadBusyError(message, active_run_id=thread.active_run_id)
        return thread

    def run(self, run_id: str) -> Run:
        """Give the run; raises RunNotFoundError."""
        if run_id not in self.runs:
            message = f"there is no run {run_id!r}"
            raise RunNotFoundError(message)
        return self.runs[run_id]

    def runs_of(self, thread_id: str) -> list[Run]:
        """Give the runs of a thread, oldest first."""
        of_thread = (run for run in self.runs.values() if run.thread_id == thread_id)
        return sorted(of_thread, key=lambda run: (run.created_at, run.run_id))


class MemoryRunStore:
    """Implements RunStore."""

    def __init__(self, data: MemoryData) -> None:
        """Keep runs in `data`."""
        self._data = data

    async def create(self, new: NewRun) -> Run:
        """Store the thread (if new), the question, the run and its `queued` event; raises as RunStore says."""
        if new.idempotency_key in self._data.keys:
            return self._earlier(new)
        said, thread = self._said(new)
        parent = _parent_of(new, said)
        run = Run(
            run_id=new.run_id,
            thread_id=thread.thread_id,
            input_message_id=new.input_message_id,
            message_id=new.message_id,
            status=RunStatus.QUEUED,
            options=new.options,
            created_at=new.at,
            last_seq=1,
        )
        question = _message(
            thread.thread_id, new.input_message_id, parent=parent, role=Role.USER, text=new.text, at=new.at
        )
        self._data.threads[thread.thread_id] = replace(thread, updated_at=new.at)
        self._data.messages[thread.thread_id] = [*said, question]
        self._data.runs[run.run_id] = run
        self._data.events[run.run_id] = [Event(run.run_id, 1, new.at, EventType.STATUS, {"phase": Phase.QUEUED.value})]
        if new.idempotency_key is not None:
            self._data.keys[new.idempotency_key] = (run.run_id, new.request_hash)
        return run

    async def get(self, run_id: str) -> Run:
        """Give the run; raises RunNotFoundError."""
        return self._data.run(run_id)

    async def list(
        self, *, status: RunStatus | None, thread_id: str | None, limit: int, cursor: str | None
    ) -> Page[Run]:
        """Give runs, newest first; raises RequestError for a cursor that no listing gave out."""
        last = read_cursor(cursor) if cursor is not None else None
        found = [
            run
            for run in sorted(self._data.runs.values(), key=_run_place, reverse=True)
            if (status is None or run.status is status)
            and (thread_id is None or run.thread_id == thread_id)
            and (last is None or _run_place(run) < last)
        ]
        return Page(found[:limit], write_cursor(*_run_place(found[limit - 1])) if len(found) > limit else None)

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
        """Take the run, as RunStore says."""
        run = self._data.runs.get(run_id)
        holder, until = self._data.leases.get(run_id, _RELEASED)
        is_lapsed, is_ours = until <= self._now(), holder == owner
        is_free = not holder or (is_ours and (goes_on or not is_lapsed))
        if run is None or not run.status.is_active or not (is_free or (is_lapsed and may_take_over)):
            return None
        self._data.leases[run_id] = owner, self._now() + lease_seconds
        self._data.runs[run_id] = claimed = replace(
            run,
            status=RunStatus.RUNNING,
            fence=run.fence + 1,
            started_at=run.started_at or at,
            recovered=run.recovered + (not is_free),
            taken_over_from=None if is_free else holder,
        )
        return claimed

    async def renew(self, run_ids: Collection[str], *, owner: str, lease_seconds: float) -> Collection[str]:
        """Let `owner`'s leases of these runs begin anew; gives those that were still `owner`'s."""
        ours = {run_id for run_id in run_ids if self._data.leases.get(run_id, _RELEASED)[0] == owner}
        self._data.leases |= dict.fromkeys(ours, (owner, self._now() + lease_seconds))
        return ours

    async def release(self, owner: str, run_id: str | None = None) -> None:
        """Give up `owner`'s lease of the run, or all of `owner`'s."""
        kept = {of: lease for of, lease in self._data.leases.items() if lease[0] != owner or run_id not in {None, of}}
        self._data.leases = kept

    async def lapse(self) -> None:
        """Let all leases lapse now."""
        self._data.leases = {of: (lease[0], 0.0) for of, lease in self._data.leases.items()}

    async def idle(self, *, limit: int, skip: int = 0) -> Sequence[QueuedRun]:
        """Give runs that nobody works on: what was begun, then what is queued, oldest first, after `skip` others."""
        found = [run for run in self._data.runs.values() if run.status.is_active and self._is_idle(run)]
        found.sort(key=lambda run: (run.status is RunStatus.QUEUED, _run_place(run)))
        return [QueuedRun.of(run) for run in found][skip : skip + limit]

    async def cancelled(self, owner: str) -> Collection[str]:
        """Give the ids of the runs that `owner` works on and that shall stop."""
        wanted = (run_id for run_id, run in self._data.runs.items() if run.cancel_requested)
        return {run_id for run_id in wanted if self._data.leases.get(run_id, _RELEASED)[0] == owner}

    def _now(self) -> float:
        return self._data.clock.now().timestamp()

    def _is_idle(self, run: Run) -> bool:
        return run.status is RunStatus.QUEUED or self._data.leases.get(run.run_id, _RELEASED)[1] <= self._now()

    async def request_cancel(self, run_id: str) -> Run:
        """Note that the run shall stop; raises RunNotFoundError."""
        run = self._data.run(run_id)
        if run.status.is_active:
            self._data.runs[run_id] = replace(run, cancel_requested=True)
        return self._data.runs[run_id]

    async def conversation(self, run_id: str) -> Sequence[Turn]:
        """Give the path from the root to the run's question, without empty answers; raises RunNotFoundError."""
        run = self._data.run(run_id)
        by_id = {message.message_id: message for message in self._data.messages[run.thread_id]}
        turns: list[Turn] = []
        message: Message | None = by_id[run.input_message_id]
        while message is not None:
            if message.role is not Role.ASSISTANT or message.text.strip():
                turns.append(Turn(role=message.role.value, content=message.text))
            message = by_id.get(message.parent_message_id or "")
        return turns[::-1]

    def _earlier(self, new: NewRun) -> Run:
        run_id, request_hash = self._data.keys[new.idempotency_key or ""]
        if request_hash != new.request_hash:
            message = f"the idempotency key {new.idempotency_key!r} was used before with another request"
            raise IdempotencyConflictError(message)
        return self._data.runs[run_id]

    def _said(self, new: NewRun) -> tuple[Sequence[Message], Thread]:
        if new.thread_id is not None:
            thread = self._data.free_thread(new.thread_id)
            return self._data.messages[new.thread_id], thread
        said: list[Message] = []
        for earlier in new.history:
            parent = said[-1].message_id if said else None
            said.append(
                _message(
                    new.new_thread_id,
                    earlier.message_id,
                    parent=parent,
                    role=earlier.role,
                    text=earlier.text,
                    at=new.at,
                )
            )
        thread_id = new.new_thread_id
        return said, Thread(thread_id=thread_id, title=new.title, archived=False, created_at=new.at, updated_at=new.at)


class MemoryThreadStore:
    """Implements ThreadStore."""

    def __init__(self, data: MemoryData) -> None:
        """Keep threads in `data`."""
        self._data = data

    async def create(self, thread_id: str, title: str, at: datetime) -> Thread:
        """Store an empty thread."""
        thread = Thread(thread_id=thread_id, title=title, archived=False, created_at=at, updated_at=at)
        self._data.threads[thread_id] = thread
        self._data.messages[thread_id] = []
        return thread

    async def get(self, thread_id: str) -> Thread:
        """Give the thread; raises ThreadNotFoundError."""
        return self._data.thread(thread_id)

    async def list(self, *, query: str | None, archived: bool, limit: int, cursor: str | None) -> Page[Thread]:
        """Give threads, last used first; raises RequestError for a cursor that no listing gave out."""
        last = read_cursor(cursor) if cursor is not None else None
        words = folded(query or "").split()
        found = [
            self._data.thread(thread.thread_id)
            for thread in sorted(self._data.threads.values(), key=_thread_place, reverse=True)
            if thread.archived is archived
            and (last is None or _thread_place(thread) < last)
            and all(self._mentions(thread, word) for word in words)
        ]
        return Page(found[:limit], write_cursor(*_thread_place(found[limit - 1])) if len(found) > limit else None)

    async def update(self, thread_id: str, *, title: str | None, archived: bool | None) -> Thread:
        """Change what is not None; raises ThreadNotFoundError."""
        thread = self._data.thread(thread_id)
        self._data.threads[thread_id] = replace(
            thread,
            title=thread.title if title is None else title,
            archived=thread.archived if archived is None else archived,
        )
        return self._data.thread(thread_id)

    async def delete(self, thread_id: str) -> None:
        """Remove the thread with all that hangs on it; raises ThreadNotFoundError, ThreadBusyError."""
        self._data.free_thread(thread_id)
        for run in self._data.runs_of(thread_id):
            del self._data.runs[run.run_id], self._data.events[run.run_id]
        self._data.keys = {key: kept for key, kept in self._data.keys.items() if kept[0] in self._data.runs}
        del self._data.messages[thread_id], self._data.threads[thread_id]

    async def messages(self, thread_id: str) -> Sequence[Message]:
        """Give all messages in the order of creation; raises ThreadNotFoundError."""
        self._data.thread(thread_id)
        return list(self._data.messages[thread_id])

    async def runs(self, thread_id: str) -> Sequence[Run]:
        """Give all runs of the thread, oldest first; raises ThreadNotFoundError."""
        self._data.thread(thread_id)
        return self._data.runs_of(thread_id)

    def _mentions(self, thread: Thread, word: str) -> bool:
        said = (message.text for message in self._data.messages[thread.thread_id])
        return any(word in folded(text) for text in (thread.title, *said))


def memory_journal(data: MemoryData, *, clock: Clock, publish: Publish) -> GroupCommit:
    """Give a journal that commits to `data`."""

    async def commit(parts: Sequence[LogPart]) -> Sequence[bool]:
        return [_commit_part(data, part) for part in parts]

    return GroupCommit(commit=commit, clock=clock, publish=publish)


def _commit_part(data: MemoryData, part: LogPart) -> bool:
    run = data.runs.get(part.run.run_id)
    if run is None or run.fence != part.run.fence:
        return False
    if run.status is not RunStatus.RUNNING or run.last_seq != part.first_seq - 1:
        return tuple(data.events[run.run_id][part.first_seq - 1 : part.last_seq]) == part.events
    data.events[run.run_id].extend(part.events)
    data.runs[run.run_id] = replace(run, last_seq=part.last_seq)
    if part.ending is not None:
        _end(data, data.runs[run.run_id], part.ending)
    return True


def _end(data: MemoryData, run: Run, ending: RunEnding) -> None:
    data.leases.pop(run.run_id, None)
    data.runs[run.run_id] = replace(
        run,
        status=ending.status,
        ended_at=ending.ended_at,
        provider=ending.provider,
        model=ending.model,
        finish_reason=ending.finish_reason,
        usage=ending.usage,
        ttft_ms=ending.ttft_ms,
        latency_ms=ending.latency_ms,
        failover_occurred=ending.failover_occurred,
        failover_chain=ending.failover_chain,
        error=ending.error,
        attempts=ending.attempts,
        tool_calls=ending.tool_calls,
    )
    answer = _message(
        run.thread_id,
        run.message_id,
        parent=run.input_message_id,
        role=Role.ASSISTANT,
        text=ending.text,
        at=ending.ended_at,
        run_id=run.run_id,
    )
    data.messages[run.thread_id].append(answer)
    data.threads[run.thread_id] = replace(data.threads[run.thread_id], updated_at=ending.ended_at)


def _parent_of(new: NewRun, said: Sequence[Message]) -> str | None:
    if not new.parent_given:
        return said[-1].message_id if said else None
    if new.parent_message_id is None or any(m.message_id == new.parent_message_id for m in said):
        return new.parent_message_id
    message = f"there is no message {new.parent_message_id!r} in the thread"
    raise MessageNotFoundError(message)


def _message(
    thread_id: str,
    message_id: str,
    *,
    parent: str | None,
    role: Role,
    text: str,
    at: datetime,
    run_id: str | None = None,
) -> Message:
    return Message(
        message_id=message_id,
        thread_id=thread_id,
        parent_message_id=parent,
        role=role,
        text=text,
        run_id=run_id,
        created_at=at,
    )


def _run_place(run: Run) -> tuple[datetime, str]:
    return run.created_at, run.run_id


def _thread_place(thread: Thread) -> tuple[datetime, str]:
    return thread.updated_at, thread.thread_id
