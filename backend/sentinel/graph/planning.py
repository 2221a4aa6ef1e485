"""The one place of the graph where the recovery planner is asked: who is next, when, and what was passed over."""

from typing import Any

from sentinel.domain.attempts import Attempt
from sentinel.domain.events import Phase
from sentinel.domain.routes import Target
from sentinel.graph.context import RunContext
from sentinel.graph.emissions import Emit, Status
from sentinel.graph.state import RunState, current_call, target_of
from sentinel.resilience.planner import AttemptKind, Decision


def plan(state: RunState, tried: list[Attempt], *, context: RunContext, emit: Emit) -> dict[str, Any]:
    """Choose the next target of the current model call.

    `tried` are the attempts of this call. Gives the state update: the planner's word, and a ledger row for every
    target that was passed over.
    """
    parts, route = context.parts, context.route
    decision = parts.planner.decide(
        route,
        tried,
        gate=lambda target: parts.gate.refusal(route, target),
        remaining_seconds=context.deadline.remaining(),
        prefer=target_of(state["serving"]),
    )
    rows = _passed_over_rows(decision, context, first_number=next_number(state, context))
    _narrate(tried, rows, decision, emit=emit)
    return {
        "attempts": [row.to_state() for row in rows],
        "next_target": str(decision.target) if decision.target else None,
        "delay_seconds": decision.delay_seconds,
        "is_panic": decision.is_panic,
        "give_up": decision.give_up.value if decision.give_up else None,
    }


async def pause(state: RunState, target: Target, context: RunContext) -> Attempt | None:
    """Wait as the planner said; gives the ledger's row if something refuses `target` when the wait is over."""
    seconds = state.get("delay_seconds", 0.0)
    if seconds <= 0:
        return None
    await context.parts.clock.sleep(seconds)
    refusal = context.parts.gate.refusal(context.route, target)
    if refusal is None:
        return None
    number = next_number(state, context)
    return Attempt.passed_over(target, refusal.cause, number=number, at=context.parts.clock.now())


def plan_again(state: RunState, refused: Attempt, *, context: RunContext, emit: Emit) -> dict[str, Any]:
    """Choose anew after the chosen target was refused at the last moment."""
    known: RunState = {**state, "attempts": [*state["attempts"], refused.to_state()]}
    update = plan(known, [*current_call(state), refused], context=context, emit=emit)
    return update | {"attempts": [refused.to_state(), *update["attempts"]]}


def plan_anew(state: RunState, rows: list[dict[str, Any]], *, context: RunContext, emit: Emit) -> dict[str, Any]:
    """Choose as for a new model call; `rows` are the attempts that the state does not have yet."""
    known: RunState = {**state, "attempts": [*state["attempts"], *rows]}
    update = plan(known, [], context=context, emit=emit)
    return update | {"attempts": [*rows, *update["attempts"]], "call_start": len(known["attempts"])}


def _passed_over_rows(decision: Decision, context: RunContext, *, first_number: int) -> list[Attempt]:
    now = context.parts.clock.now()
    return [
        Attempt.passed_over(target, refusal.cause, number=number, at=now)
        for number, (target, refusal) in enumerate(decision.passed_over, start=first_number)
    ]


def _narrate(tried: list[Attempt], rows: list[Attempt], decision: Decision, *, emit: Emit) -> None:
    """Say for each target that is left behind where the run goes from there, and for one that is not, when."""
    stays = decision.kind is AttemptKind.RETRY and tried[-1].target == decision.target
    left_behind = rows if stays else [*tried[-1:], *rows]
    following = [*(row.target for row in left_behind[1:]), decision.target]
    for attempt, target in zip(left_behind, following, strict=False):  # nobody left behind: nothing to say
        if target is not None:
            emit(Status(Phase.FAILOVER, attempt_fields(attempt) | {"next": str(target)}))
    if decision.kind is AttemptKind.RETRY:
        asked = next(attempt for attempt in reversed(tried) if attempt.target == decision.target)
        emit(Status(Phase.RETRYING, attempt_fields(asked) | {"delay_ms": round(decision.delay_seconds * 1000, 1)}))


def next_number(state: RunState, context: RunContext) -> int:
    """Give the number of the next attempt or passed-over target of the run."""
    return len(state["attempts"]) + context.interrupted_attempts + 1


def failure_fields(attempt: Attempt) -> dict[str, Any]:
    """Give what `attempt_failed` carries: besides, what a receipt needs if the run is broken off now."""
    row = attempt.to_dict()
    return attempt_fields(attempt) | {name: row[name] for name in ("detail", "usage", "cost_usd")}


def attempt_fields(attempt: Attempt) -> dict[str, Any]:
    """Give what the attempt phases carry."""
    return {
        "attempt": attempt.number,
        "provider": attempt.target.provider,
        "model": attempt.target.model,
        "cause": attempt.cause,
        "class": attempt.outcome.value,
    }
