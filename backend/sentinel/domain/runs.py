"""A run: one question on its way to one answer, with its legal states and what it leaves behind."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.events import EventType
from sentinel.domain.messages import Role
from sentinel.domain.routes import Target


class RunStatus(StrEnum):
    """queued → running → completed | failed | cancelled; a queued run may be cancelled at once."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_active(self) -> bool:
        """Tell whether the run has not ended."""
        return self in ACTIVE_STATUSES


ACTIVE_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING)


class RunMode(StrEnum):
    """Which graph answers."""

    AUTO = "auto"
    DIRECT = "direct"
    TEAM = "team"


class Priority(StrEnum):
    """Who is served first when not all can be: somebody who waits for the answer, or a program that has time."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the caller chose for this run; None leaves it to the provider."""

    route: str = "default"
    mode: RunMode = RunMode.AUTO
    temperature: float | None = None
    max_tokens: int | None = None
    priority: Priority = Priority.INTERACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call to a tool or a capability, as stored and shown.

    `server` and `tool` are those that answered last; `attempts` has every try, `executed` whether anything was done.
    """

    tool_call_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    started_at: datetime
    ended_at: datetime | None = None
    result: str | None = None
    is_error: bool = False
    cause: str | None = None
    duration_ms: float | None = None
    capability: str | None = None
    effect: str | None = None
    executed: str | None = None
    attempts: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "tool_call_id": self.tool_call_id,
            "server": self.server,
            "tool": self.tool,
            "arguments": self.arguments,
            "result": self.result,
            "is_error": self.is_error,
            "cause": self.cause,
            "duration_ms": self.duration_ms,
            "capability": self.capability,
            "effect": self.effect,
            "executed": self.executed,
            "attempts": list(self.attempts),
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "ToolCall":
        """Read the wire shape, also as written before a call had an effect and attempts."""
        return cls(
            **{key: data[key] for key in data if key not in {"started_at", "ended_at", "attempts"}},
            attempts=tuple(data.get("attempts", ())),
            started_at=datetime.fromisoformat(data["started_at"]),
            ended_at=datetime.fromisoformat(data["ended_at"]) if data["ended_at"] else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the store knows it. `fence` grows with every claim: only its newest holder may write.

    `taken_over_from` names who had the lease before, if that lapsed: a claim of a queued or released run has none.
    `recovered` counts such takeovers; a handover is none.
    """

    run_id: str
    thread_id: str
    input_message_id: str
    message_id: str
    status: RunStatus
    options: RunOptions
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fence: int = 0
    last_seq: int = 0
    recovered: int = 0
    taken_over_from: str | None = None
    cancel_requested: bool = False
    provider: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    ttft_ms: float | None = None
    latency_ms: float | None = None
    failover_occurred: bool = False
    failover_chain: tuple[str, ...] = ()
    error: dict[str, Any] | None = None
    attempts: tuple[Attempt, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message that was said before the thread was opened here."""

    message_id: str
    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """Everything that one accepted question writes, in one transaction.

    `thread_id` None opens a new thread titled `title`. `parent_message_id` is only looked at when `parent_given`:
    else the question follows the newest message of the thread. `history` seeds a new thread with earlier messages,
    oldest first. A repeated `idempotency_key` with the same `request_hash` gives the first run again.
    """

    run_id: str
    message_id: str
    input_message_id: str
    new_thread_id: str
    thread_id: str | None
    title: str
    text: str
    options: RunOptions
    at: datetime
    parent_given: bool = False
    parent_message_id: str | None = None
    history: tuple[EarlierMessage, ...] = ()
    idempotency_key: str | None = None
    request_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnding:
    """How a run ends: its status and everything that is committed together with the terminal event."""

    status: RunStatus
    event: EventType
    text: str
    finish_reason: str | None
    ended_at: datetime
    provider: str | None = None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    ttft_ms: float | None = None
    latency_ms: float | None = None
    failover_occurred: bool = False
    failover_chain: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    error: dict[str, Any] | None = None
    data: dict[str, Any] = field(default_factory=dict)
    """The terminal event's payload."""

    @property
    def serving(self) -> Target | None:
        """Who gave the answer, or was asked last for it."""
        return Target(self.provider, self.model) if self.provider and self.model else None
