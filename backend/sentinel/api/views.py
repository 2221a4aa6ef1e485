"""From the domain's values to the API's views."""

from collections.abc import Iterable, Sequence

from sentinel.api.problems import problem
from sentinel.api.schemas import (
    ChatAnswer,
    MessageView,
    ProblemView,
    RunAccepted,
    RunView,
    ThreadView,
)
from sentinel.domain.attempts import total_cost
from sentinel.domain.messages import Message, Role, Thread
from sentinel.domain.money import usd
from sentinel.domain.runs import Run


def events_url(run_id: str) -> str:
    """Give the address of a run's event stream."""
    return f"/api/runs/{run_id}/events"


def run_accepted(run: Run) -> RunAccepted:
    """Show a run that was just stored."""
    return RunAccepted(
        run_id=run.run_id,
        thread_id=run.thread_id,
        status=run.status,
        events_url=events_url(run.run_id),
        message_id=run.message_id,
        input_message_id=run.input_message_id,
    )


def run_view(run: Run) -> RunView:
    """Show a run with its receipt."""
    return RunView.model_validate(
        {
            "run_id": run.run_id,
            "thread_id": run.thread_id,
            "status": run.status,
            "route": run.options.route,
            "mode": run.options.mode,
            "provider": run.provider,
            "model": run.model,
            "finish_reason": run.finish_reason,
            "usage": run.usage.to_dict() if run.usage else None,
            "cost_usd": usd(total_cost(run.attempts)),
            "ttft_ms": run.ttft_ms,
            "latency_ms": run.latency_ms,
            "failover_occurred": run.failover_occurred,
            "failover_chain": list(run.failover_chain),
            "attempts": [attempt.to_dict() for attempt in run.attempts],
            "tool_calls": [call.to_dict() for call in run.tool_calls],
            "error": run_problem(run),
            "input_message_id": run.input_message_id,
            "message_id": run.message_id,
            "recovered": run.recovered,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "events_url": events_url(run.run_id),
        }
    )


def run_problem(run: Run) -> ProblemView | None:
    """Show why a run failed; the run's id is what its log lines carry."""
    if run.error is None:
        return None
    return ProblemView(**problem(trace_id=run.run_id, **run.error))


def chat_answer(run: Run, text: str, trace_id: str) -> ChatAnswer:
    """Show a finished run in one response."""
    return ChatAnswer(
        trace_id=trace_id,
        run_id=run.run_id,
        thread_id=run.thread_id,
        provider_used=run.provider,
        model=run.model,
        response_text=text,
        latency_ms=run.latency_ms,
        status=run.status,
        failover_occurred=run.failover_occurred,
        failover_chain=list(run.failover_chain),
        tokens_used=run.usage.total_tokens if run.usage else 0,
    )


def thread_view(thread: Thread) -> ThreadView:
    """Show a thread."""
    return ThreadView(
        thread_id=thread.thread_id,
        title=thread.title,
        archived=thread.archived,
        created_at=thread.created_at,
        updated_at=thread.updated_at,
        active_run_id=thread.active_run_id,
    )


def message_views(messages: Iterable[Message], runs: Sequence[Run]) -> list[MessageView]:
    """Show a thread's messages; each answer with its run."""
    by_id = {run.run_id: run for run in runs}
    return [_message_view(message, by_id.get(message.run_id or "")) for message in messages]


def _message_view(message: Message, run: Run | None) -> MessageView:
    return MessageView(
        message_id=message.message_id,
        thread_id=message.thread_id,
        parent_message_id=message.parent_message_id,
        role=message.role,
        text=message.text,
        run_id=message.run_id,
        created_at=message.created_at,
        run=run_view(run) if run and message.role is Role.ASSISTANT else None,
    )
