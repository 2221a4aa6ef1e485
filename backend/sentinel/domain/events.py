"""Everything that can happen in a run. A run appends these to its log, and HTTP only reads that log.

Exactly four types; a `status` has a phase. `docs/events.md` describes each phase, and a test compares the two.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The four types; the last two end a run."""

    STATUS = "status"
    TOKEN = "token"  # noqa: S105 - a word of the protocol, not a secret
    COMPLETION = "completion"
    ERROR = "error"

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing may follow."""
        return self in (EventType.COMPLETION, EventType.ERROR)


class Phase(StrEnum):
    """What a `status` event reports."""

    QUEUED = "queued"
    STARTED = "started"
    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_FAILED = "attempt_failed"
    RETRYING = "retrying"
    FAILOVER = "failover"
    RESTARTED = "restarted"
    CONTINUED = "continued"
    BREAKER_OPENED = "breaker_opened"
    BREAKER_HALF_OPEN = "breaker_half_open"
    BREAKER_CLOSED = "breaker_closed"
    TOOL_STARTED = "tool_started"
    TOOL_FINISHED = "tool_finished"
    TOOL_FAILED = "tool_failed"
    TOOL_FALLBACK = "tool_fallback"
    TOOL_UNAVAILABLE = "tool_unavailable"
    VERIFYING = "verifying"
    PLAN = "plan"
    STEP_STARTED = "step_started"
    STEP_FINISHED = "step_finished"
    RECOVERED = "recovered"
    DRAINING = "draining"
    HEARTBEAT = "heartbeat"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a run's log. `seq` starts at 1 and has no gaps; `data` holds what the type needs besides.

    Of a log that was pruned a `snapshot` stands for all lines up to its own number.
    """

    run_id: str
    seq: int
    at: datetime
    type: EventType
    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give the payload of the SSE frame."""
        return {"run_id": self.run_id, "seq": self.seq, "at": self.at.isoformat(), **self.data}
