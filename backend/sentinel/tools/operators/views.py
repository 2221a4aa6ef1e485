"""Servers, tools and capabilities as an operator sees them: the shapes of `GET /api/tools`, without anything secret."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from sentinel.domain.tools import ToolPin
from sentinel.redaction import redact_text
from sentinel.resilience.breaker_view import BreakerSnapshot
from sentinel.tools.catalogue.definition import Change
from sentinel.tools.catalogue.spec import LeftOut, ToolSpec
from sentinel.tools.config import ServerConfig
from sentinel.tools.guard.record import LastFailure, ToolRecord
from sentinel.tools.outcome import Cause
from sentinel.tools.routing.capabilities import Capability, Member
from sentinel.tools.session.server_status import ServerStatus

_MAX_ARGUMENTS: Final = 50
_MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFacts:
    """What is known of a tool beside its definition; `obstacle` is what would keep a call from it now."""

    record: ToolRecord
    circuit: BreakerSnapshot
    obstacle: Cause | None
    is_switched_off: bool
    is_withheld: bool
    pin: ToolPin | None
    changes: Sequence[Change] | None
    capabilities: Sequence[str]


def server_view(
    status: ServerStatus, config: ServerConfig, *, tools: list[dict[str, Any]], left_out: Sequence[LeftOut]
) -> dict[str, Any]:
    """Show a server with its tools."""
    return {
        "name": status.name,
        "state": status.state.value,
        "since": status.since.isoformat(),
        "kind": "http" if config.url else "stdio",
        "address": _address(config),
        "pid": status.pid,
        "era": _era(status.protocol_version),
        "protocol_version": status.protocol_version,
        "trusted": config.trusted,
        "pinned": config.pinned,
        "is_refused": status.is_refused,
        "sessions": status.sessions,
        "restarts": max(0, status.sessions - 1),
        "last_error": redact_text(status.last_error) if status.last_error else None,
        "last_cause": status.last_cause,
        "last_error_at": status.last_error_at.isoformat() if status.last_error_at else None,
        "retry_at": status.retry_at.isoformat() if status.retry_at else None,
        "tools": tools,
        "left_out": [asdict(each) for each in left_out],
    }


def tool_view(spec: ToolSpec, facts: ToolFacts) -> dict[str, Any]:
    """Show a tool."""
    return {
        "name": spec.name,
        "tool": spec.tool,
        "key": spec.target,
        "description": spec.description,
        "arguments": _arguments(spec),
        "effect": spec.effect.value,
        "effect_source": spec.effect_source.value,
        "is_quarantined": spec.is_quarantined,
        "is_withheld": facts.is_withheld,
        "digest": spec.digest,
        "pin": _pin(facts.pin) if facts.pin else None,
        "changes": None if facts.changes is None else [change.to_dict() for change in facts.changes],
        "circuit": facts.circuit.to_dict(),
        "kill_switch": facts.is_switched_off,
        "obstacle": facts.obstacle,
        "paused_seconds": round(facts.record.cooling.remaining(), 1),
        **_figures(facts.record),
        "capabilities": list(facts.capabilities),
    }


def capability_view(capability: Capability, *, obstacle: Callable[[ToolSpec], Cause | None]) -> dict[str, Any]:
    """Show a capability; `answers` is the member that a call would go to first now."""
    spec = capability.spec
    obstacles = [_obstacle(member, obstacle) for member in capability.members]
    could = [member.is_usable and kept is None for member, kept in zip(capability.members, obstacles, strict=True)]
    first = could.index(True) if spec is not None and True in could else None
    return {
        "name": capability.name,
        "description": spec.description if spec else capability.config.description,
        "effect": spec.effect.value if spec else None,
        "is_offered": spec is not None,
        "refusal": capability.refusal,
        "members": [
            {
                "server": member.config.server,
                "tool": member.config.tool,
                "is_usable": member.is_usable,
                "problem": member.problem,
                "obstacle": obstacles[place],
                "answers": place == first,
            }
            for place, member in enumerate(capability.members)
        ],
    }


def _obstacle(member: Member, obstacle: Callable[[ToolSpec], Cause | None]) -> Cause | None:
    """A server that has never listed its tools is simply not there yet."""
    if member.spec is None:
        return Cause.CONNECT if member.problem is None else None
    return obstacle(member.spec)


def _figures(record: ToolRecord) -> dict[str, Any]:
    rate, last = record.success_rate, record.last_failure
    return {
        "calls": record.calls,
        "failures": record.failures,
        "unsent": record.unsent,
        "caller_errors": record.caller_errors,
        "tool_errors": record.tool_errors,
        "success_rate_pct": None if rate is None else round(100.0 * rate, 1),
        "latency_p50_ms": _rounded(record.latency_ms(0.5)),
        "latency_p95_ms": _rounded(record.latency_ms(0.95)),
        "last_failure": _failure(last) if last else None,
    }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)


def _failure(last: LastFailure) -> dict[str, Any]:
    return {
        "at": last.at.isoformat(),
        "cause": last.cause,
        "detail": redact_text(last.detail) if last.detail else None,
    }


def _pin(pin: ToolPin) -> dict[str, Any]:
    return {
        "digest": pin.digest or None,
        "first_seen_at": pin.first_seen_at.isoformat(),
        "changed_at": pin.changed_at.isoformat(),
        "approved_at": pin.approved_at.isoformat() if pin.approved_at else None,
        "approved_by": pin.approved_by,
    }


def _arguments(spec: ToolSpec) -> list[dict[str, Any]]:
    properties, required = spec.input_schema.get("properties"), spec.input_schema.get("required")
    if not isinstance(properties, dict):
        return []
    needed = required if isinstance(required, list) else []
    return [
        {"name": name[:_MAX_NAME], "type": _type_of(schema), "is_required": name in needed}
        for name, schema in list(properties.items())[:_MAX_ARGUMENTS]
    ]


def _type_of(schema: Any) -> str | None:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind[:_MAX_NAME] if isinstance(kind, str) else None


def _era(version: str | None) -> str | None:
    if version is None:
        return None
    return "modern" if version in MODERN_PROTOCOL_VERSIONS else "legacy"


def _address(config: ServerConfig) -> str:
    """Give where a server is, without what may be secret in it: arguments, names and passwords, queries."""
    if not config.url:
        return config.command or ""
    parts = urlsplit(config.url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
