"""Hedged runs: whose words readers get, what they are told, what the receipt says; in virtual time."""

import asyncio
from typing import Any

import pytest

from sentinel.domain.attempts import Usage
from sentinel.domain.routes import HedgePolicy
from sentinel.errors import ProviderRejectedError, ProviderUnavailableError
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time
from tests.unit.graph.conftest import FALLBACK, PRIMARY, Emitted, Rig

ON = HedgePolicy(enabled=True, share=1.0)
GREETING = ["Good ", "day"]
DOWN = ProviderUnavailableError("down", cause="server_error")


def hedged(one: list[Behaviour], two: list[Behaviour], **more: Any) -> tuple[Rig, Emitted]:
    """Make a run on a route that hedges after 2 seconds."""

    options: dict[str, Any] = {"hedge": ON, "paces": {PRIMARY: 2.0}} | more

    async def run() -> tuple[Rig, Emitted]:
        rig = Rig(
            clock=LoopClock(asyncio.get_running_loop()),  # type: ignore[arg-type]  # any clock will do
            one=ScriptedProvider("one", one),
            two=ScriptedProvider("two", two),
            **options,
        )
        return rig, await rig.run()

    return run_in_virtual_time(run())


def receipt(emitted: Emitted) -> list[tuple[int, str, str | None, bool]]:
    """Number, provider, cause and whether it was a hedge, in the order in which they were sent."""
    rows = sorted(emitted.ending.attempts, key=lambda attempt: attempt.number)
    return [(row.number, row.target.provider, row.cause, row.hedge) for row in rows]


def test_a_run_whose_first_target_is_silent_is_answered_by_the_hedge() -> None:
    rig, emitted = hedged([Behaviour(hangs=True)], [Behaviour(words=GREETING)])
    assert emitted.text == "Good day"
    assert receipt(emitted) == [(1, "one", "hedge_lost", False), (2, "two", None, True)]
    ending = emitted.ending
    assert (ending.provider, ending.model, ending.text) == ("two", "small", "Good day")
    assert (ending.failover_occurred, ending.failover_chain) == (False, ("two/small",))
    assert (rig.one.closed, rig.two.closed) == (1, 1)


def test_readers_hear_of_the_hedge_and_of_its_outcome_before_the_first_word() -> None:
    _, emitted = hedged([Behaviour(hangs=True)], [Behaviour(words=GREETING)])
    assert emitted.phases == ["attempt_started", "attempt_started", "attempt_failed"]
    kinds = [type(item).__name__ for item in emitted.items]
    assert kinds == ["Status", "Status", "Status", "Token", "Token", "RunEnding"]
    first, second, lost = (item.data for item in emitted.items[:3])
    assert first["hedge"] is False
    assert second == {"attempt": 2, "provider": "two", "model": "small", "hedge": True}
    assert (lost["attempt"], lost["cause"], lost["class"]) == (1, "hedge_lost", "neutral")


def test_the_question_that_the_slower_one_read_is_booked() -> None:
    _, emitted = hedged([Behaviour(hangs=True)], [Behaviour(words=GREETING, usage=Usage(7, 2))])
    lost = next(row for row in emitted.ending.attempts if row.cause == "hedge_lost")
    assert lost.usage is not None
    assert lost.usage.estimated
    assert lost.usage.input_tokens > 0
    assert emitted.ending.usage == lost.usage + Usage(7, 2)


def test_a_first_target_that_speaks_before_its_hedge_answers_alone() -> None:
    rig, emitted = hedged(
        [Behaviour(silent_seconds=3.0, words=["Hello"])], [Behaviour(silent_seconds=5.0, words=GREETING)]
    )
    assert emitted.text == "Hello"
    assert receipt(emitted) == [(1, "one", None, False), (2, "two", "hedge_lost", True)]
    assert (emitted.ending.failover_occurred, emitted.ending.failover_chain) == (False, ("one/large",))
    assert rig.two.closed == 1


def test_a_first_target_that_speaks_in_time_is_asked_alone() -> None:
    rig, emitted = hedged([Behaviour(silent_seconds=1.9, words=["Hello"])], [Behaviour(words=GREETING)])
    assert receipt(emitted) == [(1, "one", None, False)]
    assert rig.two.calls == []


def test_a_first_target_that_fails_in_time_is_followed_by_an_ordinary_failover() -> None:
    _, emitted = hedged([Behaviour(silent_seconds=1.0, error=DOWN)], [Behaviour(words=GREETING)])
    assert receipt(emitted) == [(1, "one", "server_error", False), (2, "two", None, False)]
    assert emitted.phases == ["attempt_started", "attempt_failed", "failover", "attempt_started"]


def test_a_first_target_that_fails_later_leaves_the_answer_to_its_hedge() -> None:
    _, emitted = hedged([Behaviour(silent_seconds=3.0, error=DOWN)], [Behaviour(silent_seconds=5.0, words=GREETING)])
    assert emitted.text == "Good day"
    assert receipt(emitted) == [(1, "one", "server_error", False), (2, "two", None, True)]
    assert emitted.ending.failover_chain == ("one/large", "two/small")
    assert emitted.phases == ["attempt_started", "attempt_started", "attempt_failed"]


def test_a_hedge_that_fails_leaves_the_answer_to_the_first_target() -> None:
    _, emitted = hedged([Behaviour(silent_seconds=9.0, words=["Hello"])], [Behaviour(error=DOWN)])
    assert emitted.text == "Hello"
    assert receipt(emitted) == [(1, "one", None, False), (2, "two", "server_error", True)]
    assert (emitted.ending.failover_occurred, emitted.ending.provider) == (False, "one")


def test_when_both_fail_the_planner_goes_on_with_what_is_left_of_the_attempts() -> None:
    once_more = RecoveryPlanner(same_target=1)
    down = Behaviour(silent_seconds=3.0, error=DOWN)
    _, emitted = hedged([down, Behaviour(words=["Hello"])], [down], planner=once_more)
    assert emitted.text == "Hello"
    assert receipt(emitted) == [
        (1, "one", "server_error", False),
        (2, "two", "server_error", True),
        (3, "one", None, False),
    ]
    spent = RecoveryPlanner(same_target=1, max_attempts=2)
    rig, emitted = hedged([down], [down], planner=spent)
    assert emitted.ending.error is not None
    assert emitted.ending.error["code"] == "all_providers_failed"
    assert len(rig.one.calls) + len(rig.two.calls) == 2


def test_the_one_that_lost_may_go_on_with_the_text_of_one_that_breaks_off() -> None:
    reference = ["The moon ", "is made ", "of rock, ", "and of ", "very old ", "dust on ", "top of it."]
    rig, emitted = hedged(
        [Behaviour(silent_seconds=3.0, words=reference[:5], error=DOWN)],
        [Behaviour(hangs=True), Behaviour(words=reference)],
    )
    assert emitted.text == "".join(reference)
    assert receipt(emitted) == [
        (1, "one", "server_error", False),
        (2, "two", "hedge_lost", True),
        (3, "two", None, False),
    ]
    assert len(rig.two.calls) == 2


def test_a_request_that_its_first_target_refuses_is_not_answered_by_the_hedge() -> None:
    refused = ProviderRejectedError("no", cause="content_filter")
    _, emitted = hedged([Behaviour(silent_seconds=3.0, error=refused)], [Behaviour(silent_seconds=5.0, words=GREETING)])
    assert emitted.text == ""
    assert emitted.ending.error is not None
    assert emitted.ending.error["code"] == "request_rejected"
    assert receipt(emitted) == [(1, "one", "content_filter", False), (2, "two", "hedge_lost", True)]


def test_the_deadline_ends_both() -> None:
    rig, emitted = hedged([Behaviour(hangs=True)], [Behaviour(hangs=True)], deadline_seconds=5.0)
    assert emitted.ending.error is not None
    assert emitted.ending.error["code"] == "deadline_exceeded"
    assert (rig.one.closed, rig.two.closed) == (1, 1)
    assert len(emitted.ending.attempts) == 2


SLOW = [Behaviour(silent_seconds=5.0, words=["Hello"])]


@pytest.mark.parametrize(
    "more",
    [
        {"hedge": HedgePolicy()},
        {"paces": {}},
        {"paces": {PRIMARY: 9.0}},
        {"planner": RecoveryPlanner(max_attempts=1)},
        {"hedge": HedgePolicy(enabled=True)},
    ],
    ids=["off", "pace unknown", "usually as slow", "one attempt", "share spent"],
)
def test_a_slow_run_without_the_right_to_a_hedge_waits(more: dict[str, Any]) -> None:
    rig, emitted = hedged(SLOW, [Behaviour(words=GREETING)], **more)
    assert emitted.text == "Hello"
    assert rig.two.calls == []


def test_a_run_with_tools_is_not_hedged() -> None:
    toolbox = FakeToolbox({"calculator__evaluate": lambda _: "4"})
    rig, emitted = hedged(SLOW, [Behaviour(words=GREETING)], toolbox=toolbox)
    assert emitted.text == "Hello"
    assert rig.two.calls == []


def test_a_run_that_was_left_by_its_first_target_is_not_hedged_any_more() -> None:
    rig, emitted = hedged([Behaviour(error=DOWN)], SLOW, paces={PRIMARY: 2.0, FALLBACK: 2.0})
    assert emitted.text == "Hello"
    assert len(rig.one.calls) == 1


def test_a_circuit_that_a_hedge_opens_is_told() -> None:
    async def run() -> Emitted:
        rig = Rig(
            clock=LoopClock(asyncio.get_running_loop()),  # type: ignore[arg-type]  # any clock will do
            one=ScriptedProvider("one", SLOW),
            two=ScriptedProvider("two", [Behaviour(error=DOWN)]),
            hedge=ON,
            paces={PRIMARY: 2.0},
        )
        for _ in range(4):
            rig.board.acquire(FALLBACK.breaker_keys).failure("server_error")
        return await rig.run()

    opened = [item for item in run_in_virtual_time(run()).items if getattr(item, "phase", None) == "breaker_opened"]
    assert {item.data["key"] for item in opened} == {"provider:two", "model:two/small"}
    assert all(item.data["provider"] == "two" for item in opened)
