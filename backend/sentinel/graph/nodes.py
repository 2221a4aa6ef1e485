"""The nodes. What they know is in the state, what they can do is in the context, and each does one thing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from langgraph.runtime import Runtime

from sentinel.domain.events import Phase
from sentinel.domain.messages import Role, Turn
from sentinel.domain.routes import Target
from sentinel.graph.context import RunContext
from sentinel.graph.continuing import (
    begin_again,
    continuation_for,
    is_left_broken,
    is_said,
    is_surfaced,
    nobody_goes_on,
    restarts,
    said,
    taken_up,
    tell_seam,
)
from sentinel.graph.emissions import Emit, Status, Token, committed
from sentinel.graph.endings import ending
from sentinel.graph.hedging import hedge_for, started_fields, target_fields
from sentinel.graph.planning import failure_fields, next_number, pause, plan, plan_again, plan_anew
from sentinel.graph.state import BROKEN_STREAM, RunState, current_call
from sentinel.graph.tool_calls import call_tools
from sentinel.providers.base import ToolSchema
from sentinel.providers.chat import ChatRequest, ChatResult
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.ledger import Ledger
from sentinel.tools.routing.offer import told_to_models

Update = dict[str, Any]

_BREAKER_PHASES = MappingProxyType(
    {
        BreakerState.OPEN: Phase.BREAKER_OPENED,
        BreakerState.HALF_OPEN: Phase.BREAKER_HALF_OPEN,
        BreakerState.CLOSED: Phase.BREAKER_CLOSED,
    }
)


async def route(state: RunState, runtime: Runtime[RunContext]) -> Update:
    """Choose the first target of a model call: primary unless its kill switch or its circuit says no."""
    context = runtime.context
    update = plan(state, [], context=context, emit=runtime.stream_writer)
    return update | {"call_start": len(state["attempts"])}


async def attempt(state: RunState, runtime: Runtime[RunContext]) -> Update:
    """Make one attempt on the chosen target and, if it failed, ask the planner what is next.

    The graph has this node twice, as `primary` and as `fallback`, so that its drawing shows the failover.
    """
    context, emit = runtime.context, runtime.stream_writer
    state = taken_up(state, context)
    if is_left_broken(state, context):
        return {"next_target": None, "give_up": BROKEN_STREAM} | said(state)
    await context.parts.tools.settled()
    request = _request(state, context)
    refused = await pause(state, request.target, context)
    if refused is not None:
        return plan_again(state, refused, context=context, emit=emit) | said(state)
    await context.may_act()
    hedge = hedge_for(state, request, context=context, emit=emit)
    emit(Status(Phase.ATTEMPT_STARTED, started_fields(request)))
    asked = [request, hedge.request] if hedge else [request]
    circuits = [context.parts.gate.states(each.target) for each in asked]
    result = await context.parts.models.run(
        request,
        lambda text: emit(Token(text)),
        on_seam=tell_seam(state, request, context=context, emit=emit),
        hedge=hedge,
        on_broken_off=context.on_broken_off,
    )
    for each, before in zip(asked, circuits, strict=True):
        _tell_circuits(each, before, context=context, emit=emit)
    if result.succeeded:
        return {"attempts": _rows(result)} | _answered(state, result)
    emit(Status(Phase.ATTEMPT_FAILED, failure_fields(result.attempt)))
    update = _after_failure(state, result, runtime)
    await committed(emit)  # the checkpoint that follows must not know of steps that the log has not
    return update


async def tools(state: RunState, runtime: Runtime[RunContext]) -> Update:
    """Make the tool calls that the model asked for; failures are told to the model, not raised."""
    await runtime.context.parts.tools.settled()
    calls, turns = await call_tools(state, runtime.context, runtime.stream_writer)
    separator = "\n\n" if state["text"] and not state["text"].endswith("\n") else ""
    if separator and not is_said(separator, state, runtime.context):
        runtime.stream_writer(Token(separator))
    await committed(runtime.stream_writer)
    return {"tool_calls": calls, "turns": turns, "pending": [], "text": state["text"] + separator}


async def log(state: RunState, runtime: Runtime[RunContext]) -> Update:
    """End the run: the answer, the attempts and the usage go to the log together with the terminal event."""
    runtime.stream_writer(ending(state, runtime.context))
    return {}


def _request(state: RunState, context: RunContext) -> ChatRequest:
    target = Target.parse(state["next_target"] or "")
    system = Turn(role=Role.SYSTEM, content=context.parts.system_prompt)
    return ChatRequest(
        number=next_number(state, context),
        target=target,
        turns=[system, *context.conversation, *state["turns"]],
        tools=[
            ToolSchema(t.name, t.description, dict(t.input_schema)) for t in told_to_models(context.parts.tools.tools())
        ],
        deadlines=context.route.deadlines,
        deadline=context.deadline,
        continuation=continuation_for(state, target, context),
        said_before=len(state["text"]) - len(state["partial"]),
        is_retry=Ledger.of(current_call(state)).has_asked(target),
        is_panic=state.get("is_panic", False),
        temperature=context.options.temperature,
        max_tokens=context.options.max_tokens,
    )


def _tell_circuits(
    request: ChatRequest, before: Mapping[str, BreakerState], *, context: RunContext, emit: Emit
) -> None:
    for key, now in context.parts.gate.states(request.target).items():
        if now is not before[key]:
            emit(Status(_BREAKER_PHASES[now], {"key": key, **target_fields(request)}))


def _rows(result: ChatResult) -> list[dict[str, Any]]:
    return [attempt.to_state() for attempt in (*result.beside, result.attempt)]


def _answered(state: RunState, result: ChatResult) -> Update:
    pending = [{"id": r.id, "name": r.name, "arguments": r.arguments} for r in result.tool_requests]
    turn = Turn(role=Role.ASSISTANT.value, content=state["partial"] + result.text, tool_calls=pending)
    return {
        "turns": [turn],
        "text": state["text"] + result.text,
        "steps": state["steps"] + 1,
        "serving": str(result.attempt.target),
        "next_target": None,
        "pending": pending,
        "finish_reason": result.finish_reason,
        "partial": "",
        "partial_calls_tools": False,
        "is_taken_up": False,
    }


def _after_failure(state: RunState, result: ChatResult, runtime: Runtime[RunContext]) -> Update:
    """Keep what was sent of the broken answer, to be gone on with, unless the route restarts; then ask the planner."""
    context, emit = runtime.context, runtime.stream_writer
    tried = [*current_call(state), *result.beside, result.attempt]
    known: RunState = {**state, "attempts": [*state["attempts"], *_rows(result)]}
    if is_surfaced(result, context):
        update: Update = {"attempts": [], "next_target": None, "give_up": BROKEN_STREAM}
    else:
        update = plan(known, tried, context=context, emit=emit)
    update["attempts"] = [*_rows(result), *update["attempts"]]
    if update["next_target"] and restarts(state, result, context):
        return update | begin_again(state, emit)
    if update["next_target"] is None and nobody_goes_on(state, tried):
        return plan_anew(state, update["attempts"], context=context, emit=emit) | begin_again(state, emit)
    return update | {
        "text": state["text"] + result.text,
        "partial": state["partial"] + result.text,
        "partial_calls_tools": state["partial_calls_tools"] or result.has_tool_parts,
        "is_taken_up": state.get("is_taken_up", False) and not result.text,
    }
