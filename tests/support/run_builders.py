"""Questions, attempts and endings for tests that store runs; every value can be overridden."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.events import EventType
from sentinel.domain.incidents import Incident, IncidentType, Severity
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Target
from sentinel.domain.runs import NewRun, Run, RunEnding, RunOptions, RunStatus, ToolCall
from sentinel.domain.tools import ToolCallRecord
from sentinel.errors import Outcome

START = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment after the start of the test's day."""
    return START + timedelta(seconds=seconds)


class Questions:
    """Makes questions with ids `run-1`, `question-1`, `answer-1`, `thread-1`, `run-2` …, one second apart."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def ask(self, text: str = "What is a circuit breaker?", **changes: Any) -> NewRun:
        """A question that opens a new thread, unless `thread_id` is given."""
        number = next(self._numbers)
        return NewRun(
            **{
                "run_id": f"run-{number}",
                "message_id": f"answer-{number}",
                "input_message_id": f"question-{number}",
                "new_thread_id": f"thread-{number}",
                "thread_id": None,
                "title": text,
                "text": text,
                "options": RunOptions(),
                "at": at(number),
                **changes,
            }
        )


def failed_attempt(**changes: Any) -> Attempt:
    """The first attempt of a failover: refused."""
    return Attempt(
        **{
            "number": 1,
            "target": Target("primary", "large/v2"),
            "outcome": Outcome.FAILURE,
            "cause": "connection_refused",
            "detail": "nobody listens",
            "started_at": at(100),
            "ended_at": at(100.5),
            "duration_ms": 500.25,
            "breaker_state": "closed",
            **changes,
        }
    )


def served_attempt(**changes: Any) -> Attempt:
    """The attempt that gave the answer."""
    return Attempt(
        **{
            "number": 2,
            "target": Target("fallback", "small"),
            "outcome": Outcome.SUCCESS,
            "status_code": 200,
            "started_at": at(101),
            "ended_at": at(102),
            "duration_ms": 1000.0,
            "ttft_ms": 12.5,
            "usage": Usage(10, 20, estimated=True),
            "cost_nanos": 13_500,
            "skipped_frames": 2,
            "splice_offset": 7,
            **changes,
        }
    )


def tool_call(**changes: Any) -> ToolCall:
    """A call to the calculator."""
    return ToolCall(
        **{
            "tool_call_id": "call_0",
            "server": "calculator",
            "tool": "evaluate",
            "arguments": {"expression": "6*7", "digits": [1, 2]},
            "result": "42",
            "started_at": at(101),
            "ended_at": at(101.25),
            "duration_ms": 250.0,
            **changes,
        }
    )


def outside_call(number: int = 1, *, caller: str = "agent", **changes: Any) -> ToolCallRecord:
    """A call of an agent outside, at second `number`."""
    call = tool_call(**{"started_at": at(number), "ended_at": at(number + 1), **changes})
    return ToolCallRecord(call_id=f"0199b000-0000-7000-8000-{number:012}", run_id=None, caller=caller, call=call)


def claimed_run(**changes: Any) -> Run:
    """A run as its runner knows it."""
    return Run(
        **{
            "run_id": "run-1",
            "thread_id": "thread-1",
            "input_message_id": "question-1",
            "message_id": "answer-1",
            "status": RunStatus.RUNNING,
            "options": RunOptions(),
            "created_at": at(1),
            **changes,
        }
    )


def incident(number: int = 1, **changes: Any) -> Incident:
    """The opening of a circuit, at second 1."""
    return Incident(
        **{
            "incident_id": f"0199a000-0000-7000-8000-{number:012}",
            "type": IncidentType.BREAKER_OPENED,
            "severity": Severity.WARNING,
            "at": at(number),
            "last_at": at(number),
            "key": "provider:primary",
            "title": "The circuit of primary opened",
            "detail": "too many calls failed in a row",
            "data": {"failures": 5, "rate": 0.75},
            **changes,
        }
    )


def request_record(number: int = 1, **changes: Any) -> RequestRecord:
    """A request to the gateway, `request-1` at second 1, whose fallback answered."""
    return RequestRecord(
        **{
            "request_id": f"request-{number}",
            "trace_id": f"trace-{number}",
            "endpoint": "/chat/completions",
            "route": "default",
            "requested_model": "gpt-4o-mini",
            "is_stream": True,
            "outcome": RequestOutcome.COMPLETED,
            "status_code": 200,
            "error_code": None,
            "serving": Target("fallback", "small"),
            "usage": Usage(10, 20, estimated=True),
            "ttft_ms": 12.5,
            "latency_ms": 1500.25,
            "failover_chain": ("primary/large/v2", "fallback/small"),
            "attempts": (failed_attempt(), served_attempt()),
            "started_at": at(number),
            "ended_at": at(number + 2),
            **changes,
        }
    )


def completed(text: str = "An answer.", **changes: Any) -> RunEnding:
    """The ending of a run whose fallback answered."""
    return RunEnding(
        **{
            "status": RunStatus.COMPLETED,
            "event": EventType.COMPLETION,
            "text": text,
            "finish_reason": "stop",
            "ended_at": at(200),
            "data": {"text": text},
            **changes,
        }
    )
