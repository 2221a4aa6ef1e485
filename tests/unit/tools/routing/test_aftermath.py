"""What may follow a failed call: the whole table."""

from dataclasses import replace
from typing import get_args

import pytest

from sentinel.errors import Outcome
from sentinel.tools.config import Effect
from sentinel.tools.outcome import VERDICTS, Cause, Executed, Failure, ToolOutcome
from sentinel.tools.routing.aftermath import AFTERMATH, Knowledge, aftermath_of


def outcome(cause: Cause | None, effect: Effect, executed: Executed | None = None) -> ToolOutcome:
    return ToolOutcome(
        text="words",
        is_error=cause is not None,
        cause=cause,
        server="s",
        tool="t",
        duration_ms=1.0,
        outcome=Outcome.NEUTRAL,
        executed=executed or (VERDICTS[cause].executed if cause else "yes"),
        effect=effect,
    )


def test_every_pair_has_a_row() -> None:
    """Nothing is left to chance."""
    assert set(AFTERMATH) == {(known, effect) for known in get_args(Knowledge) for effect in Effect}


@pytest.mark.parametrize("cause", [*Cause])
def test_a_call_that_may_have_changed_something_is_never_made_again(cause: Cause) -> None:
    """Whatever was observed: only what was surely not done may follow."""
    after = aftermath_of(outcome(cause, Effect.MUTATING))
    if VERDICTS[cause].executed != "no":
        assert not after.retry
        assert not after.fallback


@pytest.mark.parametrize("effect", [*Effect])
def test_what_was_surely_not_sent_may_go_elsewhere(effect: Effect) -> None:
    """Whatever the tool does."""
    assert aftermath_of(outcome(Cause.CONNECT, effect)).fallback
    assert aftermath_of(outcome(Cause.CIRCUIT_OPEN, effect)).fallback


@pytest.mark.parametrize(
    ("effect", "sends", "may_go_on"),
    [
        (Effect.MUTATING, 1, False),
        (Effect.MUTATING, 0, True),
        (Effect.IDEMPOTENT, 1, True),
        (Effect.READ_ONLY, 1, True),
    ],
)
def test_a_server_that_refuses_arguments_may_have_acted(effect: Effect, sends: int, may_go_on: bool) -> None:
    """Its word is enough for the model, not for another call that changes something."""
    refused = replace(outcome(Cause.INVALID_ARGUMENTS, effect), sends=sends)
    assert aftermath_of(refused).fallback is may_go_on


def test_a_result_has_no_aftermath() -> None:
    """Nor has the end of the caller's own time."""
    assert not aftermath_of(outcome(None, Effect.READ_ONLY)).fallback
    assert not aftermath_of(outcome(Cause.DEADLINE_EXCEEDED, Effect.READ_ONLY)).fallback


@pytest.mark.parametrize(
    ("cause", "effect", "executed", "failure"),
    [
        (Cause.TIMEOUT, Effect.MUTATING, None, Failure.OUTCOME_UNKNOWN),
        (Cause.TIMEOUT, Effect.READ_ONLY, None, Failure.TOOL_UNAVAILABLE),
        (Cause.CONNECT, Effect.MUTATING, None, Failure.TOOL_UNAVAILABLE),
        (Cause.OVERSIZE, Effect.MUTATING, "yes", Failure.RESULT_UNUSABLE),
        (Cause.TOOL_ERROR, Effect.MUTATING, None, Failure.TOOL_FAILED),
        (Cause.INVALID_ARGUMENTS, Effect.READ_ONLY, None, Failure.INVALID_CALL),
    ],
)
def test_a_failure_comes_down_to_one_word(
    cause: Cause, effect: Effect, executed: Executed | None, failure: Failure
) -> None:
    """The model gets it with what is known; a tool's own words come as they are."""
    given = outcome(cause, effect, executed)
    assert given.failure is failure
    if cause is Cause.TOOL_ERROR:
        assert given.for_model() == "words"
    else:
        assert f'"error": "{failure.value}"' in given.for_model()
