"""What a run knows. Plain data only, since it is checkpointed and revived without any class."""

from operator import add
from typing import Annotated, Any, TypedDict

from sentinel.domain.attempts import Attempt
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Target
from sentinel.resilience.ledger import Ledger

BROKEN_STREAM = "broken_stream"
"""Given as `give_up` when a route surfaces a broken stream instead of recovering from it."""


class RunState(TypedDict, total=False):
    """The state of one run, from its question to its answer.

    `turns`: what was said in this run (answers with tool calls, tool results); the conversation before it is in the
    context. `attempts`: the ledger, as `Attempt.to_state` gives it; `tool_calls`: wire shapes of finished tool calls.
    `call_start`: how many attempts belonged to earlier model calls. `text`: the answer so far. `next_target`, the
    `delay_seconds` before it is called, `is_panic` if that is through its open circuit, `give_up`: the planner's word.
    `serving`: the target of the newest answer. `pending`: tool calls to be made. `steps`: model calls answered so far.
    `partial`: what the model call under way has sent before it broke; `partial_calls_tools`: it was calling tools;
    `is_taken_up`: it was not a target that broke off, but the process, and nobody has gone on with it yet.
    """

    turns: Annotated[list[Turn], add]
    attempts: Annotated[list[dict[str, Any]], add]
    tool_calls: Annotated[list[dict[str, Any]], add]
    call_start: int
    text: str
    steps: int
    next_target: str | None
    delay_seconds: float
    is_panic: bool
    give_up: str | None
    serving: str | None
    pending: list[dict[str, Any]]
    finish_reason: str | None
    partial: str
    partial_calls_tools: bool
    is_taken_up: bool


def initial_state() -> RunState:
    """Give the state of a run that has not begun."""
    return RunState(
        turns=[],
        attempts=[],
        tool_calls=[],
        call_start=0,
        text="",
        steps=0,
        next_target=None,
        delay_seconds=0.0,
        is_panic=False,
        give_up=None,
        serving=None,
        pending=[],
        finish_reason=None,
        partial="",
        partial_calls_tools=False,
        is_taken_up=False,
    )


def ledger_of(state: RunState) -> Ledger:
    """Read the whole ledger."""
    return Ledger.of([Attempt.from_dict(row) for row in state["attempts"]])


def current_call(state: RunState) -> list[Attempt]:
    """Give the attempts of the model call that is under way."""
    return [Attempt.from_dict(row) for row in state["attempts"][state["call_start"] :]]


def target_of(text: str | None) -> Target | None:
    """Read a target from the state."""
    return Target.parse(text) if text else None
