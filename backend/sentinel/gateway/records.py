"""Watches one request to the gateway, and makes the record of it when it is over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

from sentinel.clock import Clock
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
    _first_sent: float | None = None
    _started_at: datetime | None = field(default=None)

    @property
    def is_completed(self) -> bool:
        """Whether the caller has a whole answer."""
        return self._outcome is RequestOutcome.COMPLETED

    def begun(self) -> None:
        """Note that the first frame of a stream goes to the caller."""
        self._first_sent = self.clock.monotonic()
        self.status_code = 200

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
            ttft_ms=self._ms_until(self._first_sent) if self._first_sent is not None else None,
            latency_ms=self._ms_until(self.clock.monotonic()),
            failover_chain=ledger.chain,
            attempts=ledger.by_number,
            started_at=self._started_at or now,
            ended_at=now,
            skipped_frames=sum(attempt.skipped_frames for attempt in ledger.attempts),
        )

    def _ms_until(self, moment: float) -> float:
        return round((moment - self._started) * 1000, 3)
