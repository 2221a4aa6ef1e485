"""One call to one target, as the ledger keeps it: the receipt of an answer is a list of these."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from sentinel.domain.money import nanos_of, usd
from sentinel.domain.routes import Target
from sentinel.errors import Outcome


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a call has spent; `estimated` when the provider did not say and we counted ourselves."""

    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.estimated or other.estimated,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape, with the total."""
        return asdict(self) | {"total_tokens": self.total_tokens}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the wire shape."""
        return cls(data["input_tokens"], data["output_tokens"], data.get("estimated", False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A finished attempt, or a target that was passed over (`skipped`) because it might not be called.

    Times are UTC; `*_ms` are milliseconds; `splice_offset` is how much of the answer's text, in characters, stood
    before the seam when this attempt was asked to go on with it; `final` means that no other target may be asked after
    this outcome; `hedge` that it was sent while the attempt before it was silent. `retry_after_seconds` (what the
    target asked for) and `may_repeat` (false: it said that it must not be asked again) matter only to what comes next:
    they are kept in the state of a run, and are not in a receipt. `cost_nanos` is what its usage cost in nanodollars at
    the price of that day, None where no price was known; `skipped_frames` counts garbled frames that were left out of
    its answer.
    """

    number: int
    target: Target
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    duration_ms: float
    cause: str | None = None
    detail: str | None = None
    skipped: bool = False
    status_code: int | None = None
    ttft_ms: float | None = None
    usage: Usage | None = None
    breaker_state: str | None = None
    splice_offset: int | None = None
    final: bool = False
    cost_nanos: int | None = None
    skipped_frames: int = 0
    hedge: bool = False
    retry_after_seconds: float | None = None
    may_repeat: bool = True

    @classmethod
    def passed_over(cls, target: Target, cause: str, *, number: int, at: datetime, hedge: bool = False) -> Self:
        """Note a target that was not called, and why."""
        return cls(
            number=number,
            target=target,
            outcome=Outcome.NEUTRAL,
            cause=str(cause),  # rows are plain data, and whoever refuses a call names the cause by an enumeration
            skipped=True,
            started_at=at,
            ended_at=at,
            duration_ms=0.0,
            breaker_state="open" if cause == "circuit_open" else None,
            hedge=hedge,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape (see CONTRACT: attempts in run views and terminal events)."""
        return {
            "attempt": self.number,
            "provider": self.target.provider,
            "model": self.target.model,
            "class": self.outcome.value,
            "cause": self.cause,
            "detail": self.detail,
            "skipped": self.skipped,
            "status_code": self.status_code,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "ttft_ms": self.ttft_ms,
            "duration_ms": self.duration_ms,
            "usage": self.usage.to_dict() if self.usage else None,
            "cost_usd": usd(self.cost_nanos),
            "skipped_frames": self.skipped_frames,
            "breaker_state": self.breaker_state,
            "splice_offset": self.splice_offset,
            "final": self.final,
            "hedge": self.hedge,
        }

    def to_state(self) -> dict[str, Any]:
        """Give the wire shape with what the planner has to know besides."""
        return self.to_dict() | {"retry_after_seconds": self.retry_after_seconds, "may_repeat": self.may_repeat}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the wire shape, or that of a run's state."""
        return cls(
            number=data["attempt"],
            target=Target(data["provider"], data["model"]),
            outcome=Outcome(data["class"]),
            cause=data["cause"],
            detail=data["detail"],
            skipped=data["skipped"],
            status_code=data["status_code"],
            started_at=datetime.fromisoformat(data["started_at"]),
            ended_at=datetime.fromisoformat(data["ended_at"]),
            ttft_ms=data["ttft_ms"],
            duration_ms=data["duration_ms"],
            usage=Usage.from_dict(data["usage"]) if data["usage"] else None,
            cost_nanos=nanos_of(data.get("cost_usd")),  # checkpoints of earlier versions have neither
            skipped_frames=data.get("skipped_frames", 0),
            breaker_state=data["breaker_state"],
            splice_offset=data["splice_offset"],
            final=data["final"],
            retry_after_seconds=data.get("retry_after_seconds"),
            may_repeat=data.get("may_repeat", True),
            hedge=data.get("hedge", False),
        )


def total_cost(attempts: Iterable[Attempt]) -> int | None:
    """Add up costs in nanodollars; None if something was spent that has no price: half a bill is none."""
    spent = [attempt for attempt in attempts if attempt.usage is not None]
    costs = [attempt.cost_nanos for attempt in spent if attempt.cost_nanos is not None]
    return sum(costs) if costs and len(costs) == len(spent) else None
