"""Answers that broke off after some of their text was sent: whether and how the next target goes on with them."""

from collections.abc import Callable, Sequence
from typing import Any

from sentinel.domain.attempts import Attempt
from sentinel.domain.events import Phase
from sentinel.domain.routes import Capabilities, Midstream, Target
from sentinel.errors import SeamDivergedError
from sentinel.graph.context import RunContext
from sentinel.graph.emissions import Emit, Restart, Status
from sentinel.graph.state import RunState, current_call
from sentinel.providers.chat import ChatRequest, ChatResult
from sentinel.resilience.continuation import Continuation, continue_answer, may_prefill
from sentinel.resilience.seam import SeamMethod, SeamVerdict


def continuation_for(state: RunState, target: Target, context: RunContext) -> Continuation | None:
    """Say how `target` is asked to go on with what this model call has already sent; None if that is nothing.

    An answer that broke while it called tools is asked for anew: its text must come again before anything is used.
    """
    partial = state["partial"]
    if not partial:
        return None
    if state["partial_calls_tools"]:
        return Continuation(emitted=partial, method=SeamMethod.REPLAY, seam=context.route.seam, turns=())
    declared = context.parts.planner.capabilities.get(target, Capabilities())
    has_prefill = may_prefill(target, declared.prefill, current_call(state))
    return continue_answer(partial, has_prefill=has_prefill, seam=context.route.seam)


def taken_up(state: RunState, context: RunContext) -> RunState:
    """Give the state with what an earlier drive of the run had sent of this step, as if a target had broken off."""
    before = context.interruption
    if before is None or not before.is_of(state):
        return state
    text, partial = state["text"] + before.text, state["partial"] + before.text
    return {**state, "text": text, "partial": partial, "is_taken_up": True}


def said(state: RunState) -> dict[str, Any]:
    """Give what a step that sent nothing itself keeps of what it has taken up."""
    return {"text": state["text"], "partial": state["partial"], "is_taken_up": state.get("is_taken_up", False)}


def is_said(text: str, state: RunState, context: RunContext) -> bool:
    """Tell whether an earlier drive has sent this text in this step already."""
    return context.interruption is not None and context.interruption.is_of(state) and context.interruption.text == text


def is_left_broken(state: RunState, context: RunContext) -> bool:
    """Tell whether the route wants an answer that a crash broke off to be shown as it is."""
    return state.get("is_taken_up", False) and context.route.midstream is Midstream.ERROR


def nobody_goes_on(state: RunState, tried: Sequence[Attempt]) -> bool:
    """Tell whether an answer that a crash broke off has to begin again, since no target's words fit to it."""
    return state.get("is_taken_up", False) and any(attempt.cause == SeamDivergedError.code for attempt in tried)


def begin_again(state: RunState, emit: Emit) -> dict[str, Any]:
    """Void what the model call under way has sent."""
    kept = state["text"].removesuffix(state["partial"])
    emit(Restart(kept_text=kept))
    return {"text": kept, "partial": "", "partial_calls_tools": False, "is_taken_up": False}


def tell_seam(
    state: RunState, request: ChatRequest, *, context: RunContext, emit: Emit
) -> Callable[[SeamVerdict], None]:
    """Make what is called when the seam is verified: readers hear who goes on, where, and how that is known."""
    broken = _broken(state, context)

    def tell(verdict: SeamVerdict) -> None:
        fields = {
            "attempt": request.number,
            "provider": request.target.provider,
            "model": request.target.model,
            "from": str(broken) if broken else None,
            "method": verdict.value,
            "offset": len(state["text"]),
        }
        emit(Status(Phase.CONTINUED, fields))

    return tell


def _broken(state: RunState, context: RunContext) -> Target | None:
    """Give who broke off: the target that was heard last."""
    if state.get("is_taken_up") and context.interruption is not None:
        return context.interruption.target
    heard = (a for a in reversed(current_call(state)) if a.ttft_ms is not None and a.cause != SeamDivergedError.code)
    return next((attempt.target for attempt in heard), None)


def is_surfaced(result: ChatResult, context: RunContext) -> bool:
    """Tell whether the route wants a broken stream to be shown instead of mended."""
    return bool(result.text) and context.route.midstream is Midstream.ERROR


def restarts(state: RunState, result: ChatResult, context: RunContext) -> bool:
    """Tell whether the route wants text that was sent to be voided, and the answer to begin again."""
    return bool(result.text or state["partial"]) and context.route.midstream is Midstream.RESTART
