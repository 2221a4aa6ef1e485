"""All that protects the targets, entered and left as one: bulkhead, hold, circuits, retry budget.

The attempt pipeline takes one passage per attempt and tells it how the attempt ended; each part learns from that one
word what concerns it. The order is from what is dearest to take to what is cheapest to give back.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import BulkheadFullError, CircuitOpenError, Outcome
from sentinel.resilience.breaker_board import BreakerBoard, Permit
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadPermit
from sentinel.resilience.cooldowns import CooldownBoard, HoldPermit
from sentinel.resilience.failure_table import rule_of
from sentinel.resilience.panic import PanicProbes
from sentinel.resilience.quality import QualityStreaks
from sentinel.resilience.retry_budget import RetryBudget


@dataclass(frozen=True, slots=True)
class Passage:
    """The right to make one call to one target. A context: left without a word, the call counts for nothing."""

    _place: BulkheadPermit
    _hold: HoldPermit
    _permit: Permit
    _protection: "Protection"
    _taken: ExitStack

    @property
    def breaker_state(self) -> BreakerState:
        """The state of the circuits before the call: half-open if it is a probe, open if it is one in a panic."""
        return self._permit.state

    def mark_slow(self) -> None:
        """Say that the call is still without its first token when it should long have had it."""
        self._permit.mark_slow()

    def settle(self, attempt: Attempt, *, is_stream: bool = True, first_token_seconds: float = 0.0) -> None:
        """Say how the call ended. Only of a stream is it known how fast its target begins; its limit is given."""
        self._place.settle(attempt)
        self._hold.settle(attempt)
        self._protection.budget.observe(attempt)
        slow_after = self._protection.slow_after_seconds(first_token_seconds)
        self._tell_circuits(attempt, slow=is_stream and _is_slow(attempt, slow_after))

    def _tell_circuits(self, attempt: Attempt, *, slow: bool) -> None:
        seconds = attempt.duration_ms / 1000
        is_one_too_many = self._protection.quality.escalates(attempt)
        if attempt.outcome is Outcome.SUCCESS:
            self._permit.success(slow=slow, duration=seconds)
        elif attempt.outcome is Outcome.FAILURE:
            wait = attempt.retry_after_seconds
            self._permit.failure(attempt.cause, retry_after=wait, slow=slow, duration=seconds)
        elif is_one_too_many:
            self._permit.failure_of(attempt.target.breaker_keys[1], attempt.cause, duration=seconds)
        else:
            self._permit.neutral()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._taken.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What stands before every target.

    `panics`: the calls that are under way through open circuits. `quality`: bad answers in a row, of which too many are
    a failure of the model. `slow_first_token_seconds`: a first token later than this is a slow call, unless the call
    is allowed to take long (`slow_after_seconds`).
    """

    board: BreakerBoard
    cooldowns: CooldownBoard
    bulkheads: BulkheadBoard
    budget: RetryBudget
    panics: PanicProbes = field(default_factory=PanicProbes)
    quality: QualityStreaks = field(default_factory=QualityStreaks)
    slow_first_token_seconds: float = 10.0

    def slow_after_seconds(self, first_token_seconds: float) -> float:
        """Give when an attempt with this limit counts as slow: who is allowed to wait long is not slow early."""
        return max(self.slow_first_token_seconds, first_token_seconds / 2)

    def enter(self, target: Target, *, is_retry: bool = False, is_panic: bool = False) -> Passage:
        """Take a passage to `target`, or nothing of it; `is_panic` takes it past open circuits.

        Raises:
            ResilienceError: a part refuses; its code says which, and is the cause of the ledger's row.
        """
        with ExitStack() as taken:
            slot = self.budget.retry(target.provider) if is_retry else self.budget.call(target.provider)
            if slot is None:
                message = f"the retry budget of {target.provider!r} is spent"
                raise BulkheadFullError(message)
            taken.enter_context(slot)
            place = taken.enter_context(self.bulkheads.enter(target))
            hold = taken.enter_context(self.cooldowns.enter(target))
            if is_panic:
                self._enter_panic(target, taken)
            permit = taken.enter_context(self.board.acquire(target.breaker_keys, is_panic=is_panic))
            return Passage(place, hold, permit, self, taken.pop_all())

    def _enter_panic(self, target: Target, taken: ExitStack) -> None:
        """Be the one call to this provider that goes past open circuits, unless they admit it anyway by now."""
        opened = self.board.admits(target.breaker_keys)
        if opened is None:
            return
        slot = self.panics.take(target.provider)
        if slot is None:
            raise CircuitOpenError(opened.key, opened.retry_after)
        taken.enter_context(slot)


def _is_slow(attempt: Attempt, slow_after_seconds: float) -> bool:
    """Tell whether a streamed answer began too late, or not at all in its time."""
    began_late = attempt.ttft_ms is not None and attempt.ttft_ms >= slow_after_seconds * 1000
    return began_late or rule_of(attempt).is_slow
