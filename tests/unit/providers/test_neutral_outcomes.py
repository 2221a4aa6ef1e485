"""Outcomes that tell nothing about a target: after each of them, everything that protects it is as it was before."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import HedgeLostError, Outcome, ProviderError, ProviderTimeoutError, ProviderUnsupportedError
from sentinel.gateway.outgoing import CallerGoneError
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Meter
from sentinel.providers.classification import ERROR_OF_CAUSE, from_exception
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.failure_table import FAILURE_TABLE
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import open_protection
from tests.unit.resilience.making import finished

TARGET = Target("one", "large")
OWN_REFUSALS = {"bulkhead_full", "circuit_open", "kill_switch", "cooldown", "latched"}
"""Nothing was sent, so there is no passage that could count."""
SIGNALS: dict[str, BaseException] = {
    "cancelled": asyncio.CancelledError(),
    "gone": CallerGoneError(),
    "closed": GeneratorExit(),
}
ERRORS: dict[str, ProviderError | HedgeLostError] = (
    {cause: kind("no", cause=cause) for cause, kind in ERROR_OF_CAUSE.items() if kind.outcome is Outcome.NEUTRAL}
    | {cause: ProviderUnsupportedError("no", cause=cause) for cause in ("unsupported", "usage_refused")}
    | {"hedge_lost": HedgeLostError("no")}
)


@dataclass
class Exchange:
    """Hears two pieces of content, and then this happens."""

    ends: BaseException | None = None
    hangs: bool = False
    usage: Usage | None = None
    asked_characters: int = 0

    async def perform(self, meter: Meter) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        meter.content()
        if self.ends is not None:
            raise self.ends

    def map_error(self, error: Exception) -> ProviderError | HedgeLostError:
        return error if isinstance(error, ProviderError | HedgeLostError) else from_exception(error)


class Rig:
    """A pipeline, and all that it protects the target with."""

    def __init__(self, *, was_late: bool = False) -> None:
        self.clock = FakeClock()
        self.transitions: list[Transition] = []
        board = BreakerBoard(self.clock, rng=lambda: 0.0, listener=self.transitions.append)
        self.protection = open_protection(self.clock, board=board)
        self.pipeline = AttemptPipeline(protection=self.protection, clock=self.clock, was_late=lambda _: was_late)

    async def run(self, exchange: Exchange, *, seconds: float = 60.0, first_token: float = 20.0) -> Attempt:
        deadlines = Deadlines(first_token_seconds=first_token)
        deadline = Deadline(self.clock, seconds)
        spec = AttemptSpec(number=1, target=TARGET, deadlines=deadlines, deadline=deadline)
        return await self.pipeline.run(spec, exchange)

    def settle(self, *causes: str | None) -> None:
        """Let calls end in these ways."""
        for cause in causes:
            with self.protection.enter(TARGET) as passage:
                passage.settle(finished(TARGET, cause))

    def seen(self) -> dict[str, Any]:
        """Everything that an outcome could have changed."""
        protection = self.protection
        circuits = [
            (s.key, s.state, s.failures, s.successes, s.slow, s.consecutive_failures, s.epoch, s.reopens, s.retry_at)
            for s in protection.board.snapshot()
        ]
        return {
            "circuits": circuits,
            "transitions": len(self.transitions),
            "probes": [s.is_probe_in_flight for s in protection.board.snapshot()],
            "tokens": protection.budget.tokens("one"),
            "in_flight": protection.bulkheads.in_flight(TARGET),
            "limit": protection.bulkheads.limit(TARGET),
            "holds": protection.cooldowns.snapshot(),
            "streaks": repr(protection.quality._streaks),
            "accounts": repr(protection.budget._accounts),
        }


def in_trouble(rig: Rig) -> None:
    """One failure before it opens, one bad answer before that counts, a narrowed bulkhead, a budget half spent."""
    rig.settle(None, "first_token_timeout", "server_error", "server_error", "server_error")
    rig.settle("empty_answer", "empty_answer")


def half_open(rig: Rig) -> None:
    rig.settle(*["server_error"] * 5)
    rig.clock.advance(30)
    rig.settle(None)
    assert rig.protection.board.get("provider:one").state is BreakerState.HALF_OPEN


SITUATIONS = pytest.mark.parametrize("situation", [in_trouble, half_open])
Situation = Callable[[Rig], None]


def test_every_neutral_row_of_the_failure_table_is_among_those_tried_here() -> None:
    neutral = {cause for cause, rule in FAILURE_TABLE.items() if rule.outcome is Outcome.NEUTRAL}
    reread = {"prefill_refused"}  # a bad request, read again once its attempt is over
    elsewhere = {"loop_lag", "deadline_exceeded", *reread, *OWN_REFUSALS}
    assert neutral == {*ERRORS, *elsewhere}


@SITUATIONS
@pytest.mark.parametrize("cause", ERRORS)
async def test_a_refusal_for_what_was_asked_changes_nothing(situation: Situation, cause: str) -> None:
    rig = Rig()
    situation(rig)
    before = rig.seen()
    attempt = await rig.run(Exchange(ERRORS[cause]))
    assert (attempt.outcome, attempt.cause) == (Outcome.NEUTRAL, cause)
    assert rig.seen() == before


@SITUATIONS
@pytest.mark.parametrize("signal", SIGNALS)
async def test_a_caller_who_leaves_changes_nothing(situation: Situation, signal: str) -> None:
    rig = Rig()
    situation(rig)
    before = rig.seen()
    with pytest.raises(type(SIGNALS[signal])):
        await rig.run(Exchange(SIGNALS[signal]))
    assert rig.seen() == before


@SITUATIONS
async def test_a_callers_deadline_that_passes_changes_nothing(situation: Situation) -> None:
    rig = Rig()
    situation(rig)
    before = rig.seen()
    attempt = await rig.run(Exchange(hangs=True), seconds=0.01)
    assert (attempt.outcome, attempt.cause) == (Outcome.NEUTRAL, "deadline_exceeded")
    assert rig.seen() == before


@SITUATIONS
@pytest.mark.parametrize("ends", [None, ProviderTimeoutError("late", cause="read_timeout")])
async def test_a_limit_that_passes_while_our_own_loop_stands_still_changes_nothing(
    situation: Situation, ends: ProviderError | None
) -> None:
    rig = Rig(was_late=True)
    situation(rig)
    before = rig.seen()
    attempt = await rig.run(Exchange(ends, hangs=ends is None), first_token=0.01)
    assert (attempt.outcome, attempt.cause) == (Outcome.NEUTRAL, "loop_lag")
    assert rig.seen() == before


@pytest.mark.parametrize("cause", sorted(OWN_REFUSALS))
async def test_what_we_did_not_send_changes_nothing(cause: str) -> None:
    rig = Rig()
    in_trouble(rig)
    before = rig.seen()
    skipped = Attempt.passed_over(TARGET, cause, number=1, at=rig.clock.now())
    with rig.protection.enter(TARGET) as passage:
        passage.settle(skipped)
    assert rig.seen() == before


@SITUATIONS
@pytest.mark.parametrize("cause", [*ERRORS, "loop_lag", "deadline_exceeded", None])
def test_calls_that_were_found_slow_and_end_neutrally_change_nothing(situation: Situation, cause: str | None) -> None:
    """Nor does a call that is left without a word, however many there are."""
    rig = Rig()
    situation(rig)
    before = rig.seen()
    for _ in range(20):
        with rig.protection.enter(TARGET) as passage:
            passage.mark_slow()
            if cause is not None:
                passage.settle(finished(TARGET, cause))
    assert rig.seen() == before


async def test_what_is_refused_by_an_open_circuit_changes_nothing() -> None:
    rig = Rig()
    rig.settle(*["server_error"] * 5)
    before = rig.seen()
    attempt = await rig.run(Exchange())
    assert (attempt.skipped, attempt.cause, attempt.outcome) == (True, "circuit_open", Outcome.NEUTRAL)
    assert rig.seen() == before


async def test_a_failure_would_have_changed_it() -> None:
    """The situations are those in which one more word decides."""
    rig = Rig()
    in_trouble(rig)
    before = rig.seen()
    await rig.run(Exchange(ProviderTimeoutError("late", cause="read_timeout")))
    assert rig.protection.board.get("provider:one").state is BreakerState.OPEN
    changed = {key for key, value in rig.seen().items() if value != before[key]}
    assert changed >= {"circuits", "transitions", "tokens"}
