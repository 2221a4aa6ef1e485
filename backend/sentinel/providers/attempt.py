"""One attempt on one target through the pipeline: permit, timers, exchange, classification, record.

Nobody else calls a provider: agent runs and the gateway bring an `Exchange`, which knows its wire, and get back a
finished `Attempt` for the ledger. The caller's cancellation passes through, closes the connection and counts nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.money import Price
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import (
    DeadlineExceededError,
    LoopLagError,
    Outcome,
    ProviderError,
    ProviderTimeoutError,
    ResilienceError,
)
from sentinel.providers.timers import StreamTimers
from sentinel.redaction import SHAPES_ONLY, Redactor
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.protection import Passage, Protection

logger = logging.getLogger(__name__)

UNREADABLE = "unreadable"
"""The cause of an exception that no table knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec:
    """Whom to ask, as which attempt of the request, and how long it may take.

    `is_retry`: the request has asked this target before, so that the retry budget has to allow it. `is_panic`: the
    planner lets it through an open circuit. `is_stream`: the answer comes in pieces, so that the first of them tells
    how fast the target begins. `is_hedge`: an earlier attempt is under way.
    """

    number: int
    target: Target
    deadlines: Deadlines
    deadline: Deadline
    is_retry: bool = False
    is_panic: bool = False
    is_stream: bool = True
    is_hedge: bool = False


class Exchange(Protocol):
    """One request and its answer on one wire."""

    @property
    def usage(self) -> Usage | None:
        """Tokens spent so far, if anything is known about them."""
        ...

    @property
    def asked_characters(self) -> int:
        """How much text the request has."""
        ...

    async def perform(self, meter: "Meter") -> None:
        """Send the request and read the answer to its end; tells `meter` of each piece of content.

        Raises:
            ProviderError: there was no complete answer. Whatever else is raised is given to `map_error`.
        """
        ...

    def map_error(self, error: Exception) -> "Failure":
        """Translate what the wire's libraries raise."""
        ...


@dataclass(frozen=True, slots=True)
class Meter:
    """What an exchange tells the pipeline while it reads."""

    _watch: "_Stopwatch"
    _timers: StreamTimers
    _claim: Callable[[], None] | None = None

    def content(self) -> None:
        """Note a piece of content: text, or a part of a tool call; not comments, pings or lifecycle frames."""
        if self._claim is not None:
            self._claim()
        self._watch.content()
        self._timers.content_arrived()

    def paused(self) -> AbstractContextManager[None]:
        """Stop the clock while the caller is slow to take what has arrived."""
        if self._claim is not None:
            self._claim()
        return self._timers.paused()

    def skipped_frame(self) -> None:
        """Note a garbled frame that is left out of the answer."""
        self._watch.skipped_frames += 1

    def claimed_by(self, claim: Callable[[], None]) -> "Meter":
        """Give a meter that calls `claim` before content counts and before anything goes to the caller.

        What it raises ends the exchange.
        """
        return replace(self, _claim=claim)


Failure = ProviderError | ResilienceError


@dataclass(slots=True)
class _Stopwatch:
    """When the attempt began, how long until the first content, and how many frames were left out."""

    clock: Clock
    started_at: datetime
    started: float
    first_content_ms: float | None = None
    skipped_frames: int = 0

    def elapsed_ms(self) -> float:
        return (self.clock.monotonic() - self.started) * 1000

    def content(self) -> None:
        if self.first_content_ms is None:
            self.first_content_ms = self.elapsed_ms()


def never_late(_: float) -> bool:
    """The event loop of a process that nobody watches."""
    return False


@dataclass(frozen=True, kw_only=True)
class AttemptPipeline:
    """Runs single attempts.

    `observe` is told of every finished attempt when the circuits have learned from it (health figures read there),
    `observe_streams` of those whose answer comes in pieces; `was_late` tells whether our own event loop stood still
    since a monotonic time: then a limit that passed is not the target's fault. `prices` are those of the targets that
    have one; `redactor` masks what a target says of its failure.
    """

    protection: Protection
    clock: Clock
    observe: Sequence[Callable[[Attempt], None]] = field(default=())
    observe_streams: Sequence[Callable[[Attempt], None]] = field(default=())
    was_late: Callable[[float], bool] = never_late
    prices: Mapping[Target, Price] = field(default_factory=dict)
    redactor: Redactor = SHAPES_ONLY

    async def run(self, spec: AttemptSpec, exchange: Exchange) -> Attempt:
        """Make one attempt. Never raises for what the target does."""
        watch = _Stopwatch(self.clock, self.clock.now(), self.clock.monotonic())
        try:
            passage = self.protection.enter(spec.target, is_retry=spec.is_retry, is_panic=spec.is_panic)
        except ResilienceError as refused:
            return Attempt.passed_over(
                spec.target, refused.code, number=spec.number, at=watch.started_at, hedge=spec.is_hedge
            )
        with passage, self._slowness_told(spec, watch, passage):
            error = self._excused(await _perform(spec, exchange, watch), watch)
            attempt = self._record(spec, watch, error, usage=exchange.usage, breaker_state=passage.breaker_state.value)
            passage.settle(attempt, is_stream=spec.is_stream, first_token_seconds=spec.deadlines.first_token_seconds)
        for observer in (*self.observe, *(self.observe_streams if spec.is_stream else ())):
            observer(attempt)
        return attempt

    @contextmanager
    def _slowness_told(self, spec: AttemptSpec, watch: _Stopwatch, passage: Passage) -> Iterator[None]:
        """Tell the circuits of a stream that is late to begin while it is, and not only when it ends."""
        if not spec.is_stream:
            yield
            return
        slow_after = self.protection.slow_after_seconds(spec.deadlines.first_token_seconds)
        alarm = asyncio.get_running_loop().call_later(slow_after, self._mark_slow, watch, passage)
        try:
            yield
        finally:
            alarm.cancel()

    def _mark_slow(self, watch: _Stopwatch, passage: Passage) -> None:
        if watch.first_content_ms is None and not self.was_late(watch.started):
            passage.mark_slow()

    def booked(self, attempt: Attempt) -> Attempt:
        """Give the attempt with what it cost at today's price, however it ended."""
        price, usage = self.prices.get(attempt.target), attempt.usage
        if price is None or usage is None:
            return attempt
        cost = price.of(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        return replace(attempt, cost_nanos=cost)

    def _excused(self, error: Failure | None, watch: _Stopwatch) -> Failure | None:
        """Take a limit that passed because we stood still for our own fault; a 408 is an answer, and stays."""
        if isinstance(error, ProviderTimeoutError) and error.status_code is None and self.was_late(watch.started):
            return LoopLagError(f"our own process stood still meanwhile: {error.message}")
        return error

    def _record(
        self, spec: AttemptSpec, watch: _Stopwatch, error: Failure | None, *, usage: Usage | None, breaker_state: str
    ) -> Attempt:
        attempt = Attempt(
            number=spec.number,
            target=spec.target,
            outcome=error.outcome if error else Outcome.SUCCESS,
            started_at=watch.started_at,
            ended_at=self.clock.now(),
            duration_ms=round(watch.elapsed_ms(), 3),
            cause=getattr(error, "cause", error.code) if error else None,
            detail=self.redactor.text(error.message) if error else None,
            status_code=getattr(error, "status_code", None),
            ttft_ms=round(watch.first_content_ms, 3) if watch.first_content_ms is not None else None,
            usage=usage,
            skipped_frames=watch.skipped_frames,
            breaker_state=breaker_state,
            retry_after_seconds=getattr(error, "retry_after", None),
            may_repeat=getattr(error, "may_repeat", True),
            final=isinstance(error, DeadlineExceededError) or not getattr(error, "allow_failover", True),
            hedge=spec.is_hedge,
        )
        return self.booked(attempt)


async def _perform(spec: AttemptSpec, exchange: Exchange, watch: _Stopwatch) -> Failure | None:
    try:
        async with StreamTimers(spec.deadlines, spec.deadline) as timers:
            await exchange.perform(Meter(watch, timers))
    except DeadlineExceededError as error:
        return error
    except Exception as error:  # SDKs leak anything; this is the one place that translates it
        mapped = exchange.map_error(error)
        is_unknown = isinstance(mapped, ProviderError) and mapped.cause == UNREADABLE
        if is_unknown and not isinstance(error, ProviderError):
            # Nobody knows this error: it may be a bug of ours, which must be seen.
            logger.warning("an attempt on %s ended with an unknown error", spec.target, exc_info=error)
        return mapped
    return None
