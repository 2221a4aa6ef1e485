"""The hedge of a model call: planned before the first attempt; readers hear when it is sent, and who is given up."""

from dataclasses import replace

from sentinel.domain.attempts import Attempt
from sentinel.domain.events import Phase
from sentinel.graph.context import RunContext
from sentinel.graph.emissions import Emit, Status
from sentinel.graph.planning import failure_fields
from sentinel.graph.state import RunState, current_call
from sentinel.providers.chat import ChatHedge, ChatRequest


def hedge_for(state: RunState, request: ChatRequest, *, context: RunContext, emit: Emit) -> ChatHedge | None:
    """Plan who is asked besides, if `request` is slow to begin; None if nobody."""
    hedges, route = context.parts.hedges, context.route
    hedge = hedges.plan(
        route,
        request.target,
        has_tools=bool(request.tools),
        called=sum(not attempt.skipped for attempt in current_call(state)),
        remaining_seconds=context.deadline.remaining(),
    )
    if hedge is None:
        return None
    second = replace(request, number=request.number + 1, target=hedge.target, is_hedge=True, is_panic=False)

    def may_send() -> bool:
        if not hedges.fire(route, request.target, hedge):
            return False
        emit(Status(Phase.ATTEMPT_STARTED, started_fields(second)))
        return True

    def on_left(attempt: Attempt) -> None:
        emit(Status(Phase.ATTEMPT_FAILED, failure_fields(attempt)))

    return ChatHedge(request=second, after_seconds=hedge.after_seconds, may_send=may_send, on_left=on_left)


def started_fields(request: ChatRequest) -> dict[str, str | int]:
    """Give what `attempt_started` carries."""
    return target_fields(request) | {"hedge": request.is_hedge}


def target_fields(request: ChatRequest) -> dict[str, str | int]:
    """Give who is asked, as which attempt."""
    return {"attempt": request.number, "provider": request.target.provider, "model": request.target.model}
