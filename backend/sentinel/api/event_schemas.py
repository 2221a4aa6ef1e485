"""The payloads of the four event types, for the OpenAPI document: clients generate their types from it."""

from datetime import datetime
from typing import Any

from fastapi import FastAPI
from pydantic import ConfigDict
from pydantic.json_schema import models_json_schema

from sentinel.api.schemas import AttemptView, ProblemView, ToolCallView, UsageView, View
from sentinel.domain.events import Phase

_REFERENCE = "#/components/schemas/{model}"


class EventPayload(View):
    """What every event carries. `seq` starts at 1 and has no gaps."""

    run_id: str
    seq: int
    at: datetime


class StatusEvent(EventPayload):
    """A step of the run; what else it carries depends on the phase (`docs/events.md`)."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    phase: Phase


class TokenEvent(EventPayload):
    """More text. All texts since the last `restarted` together are the completion's text."""

    text: str
    message_id: str


class CompletionEvent(EventPayload):
    """The run has ended with an answer, or was cancelled (`finish_reason`)."""

    message_id: str
    text: str
    provider: str | None
    model: str | None
    finish_reason: str | None
    usage: UsageView
    cost_usd: float | None
    ttft_ms: float | None
    latency_ms: float
    failover_occurred: bool
    failover_chain: list[str]
    degraded: bool
    attempts: list[AttemptView]
    tool_calls: list[ToolCallView]


class ErrorEvent(ProblemView, EventPayload):
    """The run has ended without an answer; the body of a problem document."""

    partial_text: str
    cost_usd: float | None
    attempts: list[AttemptView]


def add_event_schemas(app: FastAPI) -> None:
    """Put the event payloads into the app's OpenAPI document."""
    generate = app.openapi

    def with_events() -> dict[str, Any]:
        document = generate()
        models = [(model, "serialization") for model in (StatusEvent, TokenEvent, CompletionEvent, ErrorEvent)]
        _, definitions = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]  # a literal
        document["components"]["schemas"].update(definitions["$defs"])
        return document

    app.openapi = with_events  # type: ignore[method-assign]  # the way FastAPI documents for extending the schema
