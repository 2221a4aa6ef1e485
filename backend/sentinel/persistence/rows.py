"""Between rows and the domain's values, both ways. Pure; the stores beside it hold the statements."""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.events import Event, EventType
from sentinel.domain.incidents import Incident, IncidentType, Severity
from sentinel.domain.messages import Message, Role, Thread
from sentinel.domain.queues import QueuedRun
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Target
from sentinel.domain.runs import Priority, Run, RunMode, RunOptions, RunStatus, ToolCall
from sentinel.domain.tools import ToolCallRecord
from sentinel.errors import Outcome


def folded(text: str) -> str:
    """Give the text as a search compares it: no case, no look-alike code points; the same on every engine."""
    return unicodedata.normalize("NFKC", text).casefold()


def thread_from(row: Row[Any]) -> Thread:
    """Read a thread, joined with the id of its active run."""
    return Thread(
        thread_id=row.thread_id,
        title=row.title,
        archived=row.archived,
        created_at=row.created_at,
        updated_at=row.updated_at,
        active_run_id=row.active_run_id,
    )


def message_from(row: Row[Any]) -> Message:
    """Read a message."""
    return Message(
        message_id=row.message_id,
        thread_id=row.thread_id,
        parent_message_id=row.parent_message_id,
        role=Role(row.role),
        text=row.text,
        run_id=row.run_id,
        created_at=row.created_at,
    )


def event_row(event: Event) -> dict[str, Any]:
    """Write an event."""
    return {
        "run_id": event.run_id,
        "seq": event.seq,
        "type": event.type.value,
        "at": event.at,
        "data": event.data,
    }


def event_from(row: Row[Any]) -> Event:
    """Read an event."""
    return Event(row.run_id, row.seq, row.at, EventType(row.type), row.data)


def run_from(row: Row[Any], attempts: Iterable[Attempt] = (), tool_calls: Iterable[ToolCall] = ()) -> Run:
    """Read a run with what belongs to it."""
    return Run(
        run_id=row.run_id,
        thread_id=row.thread_id,
        input_message_id=row.input_message_id,
        message_id=row.message_id,
        status=RunStatus(row.status),
        options=_options_from(row.options),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        fence=row.fence,
        last_seq=row.last_seq,
        recovered=row.recovered,
        taken_over_from=row.taken_over_from,
        cancel_requested=row.cancel_requested,
        provider=row.provider,
        model=row.model,
        finish_reason=row.finish_reason,
        usage=_usage_from(row),
        ttft_ms=row.ttft_ms,
        latency_ms=row.latency_ms,
        failover_occurred=row.failover_occurred,
        failover_chain=tuple(row.failover_chain),
        error=row.error,
        attempts=tuple(attempts),
        tool_calls=tuple(tool_calls),
    )


def _options_from(stored: dict[str, Any]) -> RunOptions:
    """Read what the caller chose, also as written before there were priorities."""
    words = {"mode": RunMode(stored["mode"]), "priority": Priority(stored.get("priority", Priority.INTERACTIVE))}
    return RunOptions(**{**stored, **words})


def queued_from(row: Row[Any, Any, Any]) -> QueuedRun:
    """Read a run that waits for a worker."""
    return QueuedRun(row.run_id, row.thread_id, _options_from(row.options).priority)


def options_column(options: RunOptions) -> dict[str, Any]:
    """Write what the caller chose."""
    return asdict(options)


def usage_columns(usage: Usage | None) -> dict[str, Any]:
    """Write the tokens of a run or an attempt."""
    return {
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "usage_estimated": usage.estimated if usage else None,
    }


def attempt_rows(
    attempts: Iterable[Attempt], *, run_id: str | None = None, request_id: str | None = None
) -> list[dict[str, Any]]:
    """Write the attempts of a run or of a request, in their order."""
    owner = {"run_id": run_id, "request_id": request_id}
    return [{**owner, "position": position, **_attempt_row(attempt)} for position, attempt in enumerate(attempts, 1)]


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "provider": attempt.target.provider,
        "model": attempt.target.model,
        "outcome": attempt.outcome.value,
        "cause": attempt.cause,
        "detail": attempt.detail,
        "skipped": attempt.skipped,
        "final": attempt.final,
        "hedge": attempt.hedge,
        "status_code": attempt.status_code,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "duration_ms": attempt.duration_ms,
        "ttft_ms": attempt.ttft_ms,
        **usage_columns(attempt.usage),
        "cost_nanos": attempt.cost_nanos,
        "skipped_frames": attempt.skipped_frames,
        "breaker_state": attempt.breaker_state,
        "splice_offset": attempt.splice_offset,
    }


def attempt_from(row: Row[Any]) -> Attempt:
    """Read an attempt."""
    return Attempt(
        number=row.number,
        target=Target(row.provider, row.model),
        outcome=Outcome(row.outcome),
        cause=row.cause,
        detail=row.detail,
        skipped=row.skipped,
        final=row.final,
        hedge=row.hedge,
        status_code=row.status_code,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        ttft_ms=row.ttft_ms,
        usage=_usage_from(row),
        cost_nanos=row.cost_nanos,
        skipped_frames=row.skipped_frames,
        breaker_state=row.breaker_state,
        splice_offset=row.splice_offset,
    )


def request_row(record: RequestRecord) -> dict[str, Any]:
    """Write a request to the gateway, without its attempts."""
    return {
        "request_id": record.request_id,
        "trace_id": record.trace_id,
        "endpoint": record.endpoint,
        "route": record.route,
        "requested_model": record.requested_model,
        "is_stream": record.is_stream,
        "outcome": record.outcome.value,
        "status_code": record.status_code,
        "error_code": record.error_code,
        "provider": record.serving.provider if record.serving else None,
        "model": record.serving.model if record.serving else None,
        **usage_columns(record.usage),
        "ttft_ms": record.ttft_ms,
        "latency_ms": record.latency_ms,
        "failover_chain": list(record.failover_chain),
        "skipped_frames": record.skipped_frames,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
    }


def request_from(row: Row[Any], attempts: Iterable[Attempt]) -> RequestRecord:
    """Read a request to the gateway with its attempts."""
    return RequestRecord(
        request_id=row.request_id,
        trace_id=row.trace_id,
        endpoint=row.endpoint,
        route=row.route,
        requested_model=row.requested_model,
        is_stream=row.is_stream,
        outcome=RequestOutcome(row.outcome),
        status_code=row.status_code,
        error_code=row.error_code,
        serving=Target(row.provider, row.model) if row.provider is not None else None,
        usage=_usage_from(row) or Usage(),
        ttft_ms=row.ttft_ms,
        latency_ms=row.latency_ms,
        failover_chain=tuple(row.failover_chain),
        attempts=tuple(attempts),
        started_at=row.started_at,
        ended_at=row.ended_at,
        skipped_frames=row.skipped_frames,
    )


def run_tool_call_row(run_id: str, position: int, call: ToolCall) -> dict[str, Any]:
    """Write a tool call of a run."""
    owner = {"call_id": f"{run_id}/{position}", "run_id": run_id, "caller": None, "position": position}
    return owner | _tool_call_columns(call)


def outside_tool_call_row(record: ToolCallRecord) -> dict[str, Any]:
    """Write a tool call of an agent outside."""
    owner = {"call_id": record.call_id, "run_id": None, "caller": record.caller, "position": None}
    return owner | _tool_call_columns(record.call)


def _tool_call_columns(call: ToolCall) -> dict[str, Any]:
    return {
        "tool_call_id": call.tool_call_id,
        "server": call.server,
        "tool": call.tool,
        "arguments": call.arguments,
        "result": call.result,
        "is_error": call.is_error,
        "cause": call.cause,
        "duration_ms": call.duration_ms,
        "capability": call.capability,
        "effect": call.effect,
        "executed": call.executed,
        "attempts": list(call.attempts),
        "started_at": call.started_at,
        "ended_at": call.ended_at,
    }


def tool_call_from(row: Row[Any]) -> ToolCall:
    """Read a tool call."""
    return ToolCall(
        tool_call_id=row.tool_call_id,
        server=row.server,
        tool=row.tool,
        arguments=row.arguments,
        result=row.result,
        is_error=row.is_error,
        cause=row.cause,
        duration_ms=row.duration_ms,
        capability=row.capability,
        effect=row.effect,
        executed=row.executed,
        attempts=tuple(row.attempts or ()),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def tool_call_record_from(row: Row[Any]) -> ToolCallRecord:
    """Read a tool call with its owner, from a row that also says how long its result is, and of which thread it is."""
    return ToolCallRecord(
        call_id=row.call_id,
        run_id=row.run_id,
        caller=row.caller,
        call=tool_call_from(row),
        thread_id=row.thread_id,
        result_chars=row.result_chars if row.result_chars != len(row.result or "") else None,
    )


def _usage_from(row: Row[Any]) -> Usage | None:
    if row.input_tokens is None:
        return None
    return Usage(row.input_tokens, row.output_tokens, row.usage_estimated)


def incident_row(incident: Incident) -> dict[str, Any]:
    """Write an incident."""
    columns = {name: getattr(incident, name) for name in incident.__slots__}
    return columns | {"type": incident.type.value, "severity": incident.severity.value}


def incident_from(row: Row[Any]) -> Incident:
    """Read an incident."""
    columns = dict(row._mapping) | {"type": IncidentType(row.type), "severity": Severity(row.severity)}
    return Incident(**columns)
