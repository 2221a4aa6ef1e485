"""Tools and outcomes in the words of the protocol."""

from types import MappingProxyType
from typing import Any, Final

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect
from sentinel.tools.outcome import Executed, ToolOutcome

_EXECUTED: Final = MappingProxyType[Executed, dict[str, bool]](
    {"yes": {"executed": True}, "no": {"executed": False}, "unknown": {}}
)
"""The newer era's wire has no null, so what nobody knows is left out in both."""


def listed(spec: ToolSpec) -> Tool:
    """Describe a tool as `tools/list` does; what it does to the world is our word, not its server's."""
    schema = spec.output_schema
    return Tool(
        name=spec.name,
        description=spec.description or None,
        input_schema=dict(spec.input_schema),
        output_schema=dict(schema) if schema is not None and schema.get("type") == "object" else None,
        annotations=_annotations(spec.effect),
    )


def result_of(outcome: ToolOutcome) -> CallToolResult:
    """Give the result of a call; a failure is a result that says so, and in `_meta` what is known of it."""
    content = list(outcome.content) if outcome.cause is None else []
    structured = dict(outcome.structured) if outcome.cause is None and outcome.structured is not None else None
    return CallToolResult(
        content=content or [TextContent(type="text", text=outcome.for_model())],
        structured_content=structured,
        is_error=outcome.is_error,
        meta=_facts(outcome),
    )


def _annotations(effect: Effect) -> ToolAnnotations:
    reads = effect is Effect.READ_ONLY
    return ToolAnnotations(
        read_only_hint=reads,
        destructive_hint=effect is Effect.MUTATING,
        idempotent_hint=reads or effect is Effect.IDEMPOTENT,
    )


def _facts(outcome: ToolOutcome) -> dict[str, Any]:
    """Say who answered; of a failure also its kind, whether the tool acted, and when to come back, each if it is known.

    `retry_after_ms` is in milliseconds.
    """
    facts: dict[str, Any] = {"tool": f"{outcome.server}/{outcome.tool}", "fallback_used": outcome.fallback_used}
    if outcome.cause is None:
        return facts
    facts |= {"kind": outcome.cause.value, **_EXECUTED[outcome.executed]}
    wait = outcome.retry_after_seconds
    return facts if wait is None else facts | {"retry_after_ms": round(wait * 1000)}
