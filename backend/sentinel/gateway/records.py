"""Watches one request to the gateway, and makes the record of it when it is over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.gateway.call import Call

Observe = Callable[[RequestRecord], None]
"""Is told of every request that is over; must neither wait nor raise."""


@dataclass(kw_only=True)
class Observed:
    """Makes the record of one request: a context around its work, told on the way how it went.

    Left without a word, by the caller's cancellation or by a bug, the request counts as cancelled.
    """

    request_id: str
    trace_id: str
    endpoint: str
    requested_model: str
    is_stream: bool
    call: Call
    clock: Clock
    observe: Observe
    status_code: int | None = None
    _outcome: RequestOutcome = RequestOutcome.CANCELLED
    _error_code: str | None = None
    _started: float = 0.0
    _started_at: datetime | None = field(default=None)

    @property
    def is_completed(self) -> bool:
        """Whether the caller has a whole answer."""
        return self._outcome is RequestOutcome.COMPLETED

    def succeeded(self) -> None:
        """Note that the caller has a whole answer."""
        self._outcome = RequestOutcome.COMPLETED
        self.status_code = self.status_code or 200

    def failed(self, error_code: str, *, status_code: int | None = None) -> None:
        """Note what the caller was told instead of an answer."""
        self._outcome = RequestOutcome.FAILED
        self._error_code = error_code
        self.status_code = status_code or self.status_code

    def __enter__(self) -> "Observed":
        self._started, self._started_at = self.clock.monotonic(), self.clock.now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.observe(self._record())

    def _record(self) -> RequestRecord:
        ledger = self.call.ledger
        now = self.clock.now()
        return RequestRecord(
            request_id=self.request_id,
            trace_id=self.trace_id,
            endpoint=self.endpoint,
            route=self.call.route.name,
            requested_model=self.requested_model,
            is_stream=self.is_stream,
            outcome=self._outcome,
            status_code=self.status_code,
            error_code=self._error_code,
            serving=self.call.current if self._outcome is RequestOutcome.COMPLETED else None,
            usage=ledger.usage,
            ttft_ms=_first_content_ms(self._started_at or now, ledger.attempts),
            latency_ms=round((self.clock.monotonic() - self._started) * 1000, 3),
            failover_chain=ledger.chain,
            attempts=ledger.by_number,
            started_at=self._started_at or now,
            ended_at=now,
            skipped_frames=sum(attempt.skipped_frames for attempt in ledger.attempts),
        )


def _first_content_ms(started_at: datetime, attempts: tuple[Attempt, ...]) -> float | None:
    first = next((attempt for attempt in attempts if attempt.ttft_ms is not None), None)
    if first is None or first.ttft_ms is None:
        return None
    return round((first.started_at - started_at).total_seconds() * 1000 + first.ttft_ms, 3)
