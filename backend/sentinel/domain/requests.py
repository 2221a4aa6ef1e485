"""A request to the gateway, as it is kept when it is over: one row, with its attempts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sentinel.domain.attempts import Attempt, Usage, total_cost
from sentinel.domain.money import usd
from sentinel.domain.routes import Target


class RequestOutcome(StrEnum):
    """How a request ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """The caller left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request that is over.

    `request_id` is ours and unique; `trace_id` is the caller's own `X-Request-ID` if it sent one. `serving` gave the
    answer. `skipped_frames` counts garbled frames that were left out because nobody else could be asked.
    """

    request_id: str
    trace_id: str
    endpoint: str
    route: str
    requested_model: str
    is_stream: bool
    outcome: RequestOutcome
    status_code: int | None
    error_code: str | None
    serving: Target | None
    usage: Usage
    ttft_ms: float | None
    latency_ms: float
    failover_chain: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    started_at: datetime
    ended_at: datetime
    skipped_frames: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "request_id": self.request_id,
            "trace_id": self.trace_id,
            "endpoint": self.endpoint,
            "route": self.route,
            "requested_model": self.requested_model,
            "is_stream": self.is_stream,
            "outcome": self.outcome.value,
            "status_code": self.status_code,
            "error_code": self.error_code,
            "provider": self.serving.provider if self.serving else None,
            "model": self.serving.model if self.serving else None,
            "usage": self.usage.to_dict(),
            "cost_usd": usd(total_cost(self.attempts)),
            "ttft_ms": self.ttft_ms,
            "latency_ms": self.latency_ms,
            "failover_occurred": len(self.failover_chain) > 1,
            "failover_chain": list(self.failover_chain),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "skipped_frames": self.skipped_frames,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
        }
