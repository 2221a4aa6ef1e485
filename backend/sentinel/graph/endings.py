"""How a run ends: one completion, or one honest error that names everything that was tried."""

from typing import Any

from sentinel.domain.attempts import Attempt
from sentinel.domain.events import EventType
from sentinel.domain.runs import RunEnding, RunStatus, ToolCall
from sentinel.errors import (
    AllProvidersFailedError,
    DeadlineExceededError,
    RecursionLimitError,
    RequestRejectedError,
    SentinelError,
    StreamBrokenError,
)
from sentinel.graph.context import RunContext
from sentinel.graph.state import BROKEN_STREAM, RunState, ledger_of
from sentinel.resilience.ledger import Ledger
from sentinel.resilience.planner import GiveUp


def ending(state: RunState, context: RunContext) -> RunEnding:
    """Read the run's ending from its final state; the runner adds the latency, which only the log knows."""
    ledger = ledger_of(state)
    error = _error(state, ledger, context)
    serving = ledger.serving
    return RunEnding(
        status=RunStatus.FAILED if error else RunStatus.COMPLETED,
        event=EventType.ERROR if error else EventType.COMPLETION,
        text=state["text"],
        finish_reason=None if error else state["finish_reason"],
        ended_at=context.parts.clock.now(),
        provider=serving.provider if serving else None,
        model=serving.model if serving else None,
        usage=ledger.usage,
        failover_occurred=ledger.failover_occurred,
        failover_chain=ledger.chain,
        attempts=ledger.attempts,
        tool_calls=tuple(ToolCall.from_dict(row) for row in state["tool_calls"]),
        error={"code": error.code, "detail": error.message, **error.extra} if error else None,
    )


def _error(state: RunState, ledger: Ledger, context: RunContext) -> SentinelError | None:
    if state["give_up"] is None:
        return _endless(context) if state["pending"] else None
    last = ledger.called[-1] if ledger.called else None
    if last is not None and state["give_up"] == GiveUp.FINAL and not _is_about_the_break(last):
        return RequestRejectedError(f"{last.target} refused the request: {last.detail}")
    if state["give_up"] == GiveUp.DEADLINE or (last is not None and last.cause == DeadlineExceededError.code):
        seconds = context.route.deadlines.total_seconds
        return DeadlineExceededError(f"no complete answer within {seconds:g} s")
    if state["give_up"] == BROKEN_STREAM and last is not None:
        return StreamBrokenError(f"{last.target} broke off in mid-answer: {last.detail}")
    if state["partial"]:
        text = f"the answer broke off, and the text so far is all there is ({_tried(ledger)})"
        return StreamBrokenError(text, **_retry_hint(context))
    text = f"no target of the route could answer ({_tried(ledger)})"
    return AllProvidersFailedError(text, **_retry_hint(context))


def _is_about_the_break(last: Attempt) -> bool:
    """Whether a final outcome says nothing of the caller's request: time was up, or what was refused is to go on."""
    return last.cause == DeadlineExceededError.code or last.splice_offset is not None


def _endless(context: RunContext) -> RecursionLimitError:
    return RecursionLimitError(f"the model still called tools after {context.parts.max_steps} steps")


def _tried(ledger: Ledger) -> str:
    return "; ".join(f"{a.target}: {_words(a)}" for a in ledger.attempts if a.cause)


def _words(attempt: Attempt) -> str:
    return (attempt.cause or "").replace("_", " ")


def _retry_hint(context: RunContext) -> dict[str, Any]:
    refusals = [context.parts.gate.refusal(context.route, target) for target in context.route.targets]
    waits = [refusal.retry_after for refusal in refusals if refusal and refusal.retry_after is not None]
    return {"retry_after_seconds": round(min(waits), 1)} if waits and len(waits) == len(refusals) else {}
