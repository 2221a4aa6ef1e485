"""What an operator sees of the tools, and what he may do: open a session anew, approve a tool that has changed."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from sentinel.clock import Clock
from sentinel.domain.stores import AuditEntry, AuditLog
from sentinel.domain.tools import ToolPin
from sentinel.redaction import redact_text
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState
from sentinel.tools.capabilities import Capability
from sentinel.tools.config import ServerConfig, ToolsConfig
from sentinel.tools.record import LastFailure, ToolRecord
from sentinel.tools.registry import ToolRegistry
from sentinel.tools.router import CapabilityRouter
from sentinel.tools.spec import ToolSpec
from sentinel.tools.supervisor import ServerStatus


@dataclass(frozen=True, kw_only=True)
class ToolDesk:
    """Servers, tools and capabilities as they stand; every act is written to the audit log."""

    config: ToolsConfig
    registry: ToolRegistry
    router: CapabilityRouter
    board: BreakerBoard
    audit: AuditLog
    clock: Clock

    def view(self) -> dict[str, Any]:
        """Give everything, in the shape of `GET /api/tools`."""
        return {
            "servers": [self._server(status) for status in self.registry.status()],
            "capabilities": [_capability(each) for each in self.router.capabilities()],
        }

    def server(self, name: str) -> dict[str, Any]:
        """Give one server; raises UnknownToolError."""
        return self._server(self.registry.supervisor(name).status())

    async def reconnect(self, server: str, *, actor: str) -> dict[str, Any]:
        """Open a new session with a server now, and give the server as it is then.

        Raises:
            UnknownToolError: there is no such server.
        """
        self.registry.reconnect(server)
        await self._record("tool_server_reconnect", server, actor=actor)
        return self.server(server)

    async def approve(self, server: str, tool: str, *, digest: str | None, actor: str) -> dict[str, Any]:
        """Trust a tool as it is now, and give it.

        Raises:
            UnknownToolError: there is no such server, or it has no such tool.
            ToolChangedError: the tool is not what the operator has seen, if `digest` says what that was.
        """
        spec = self.registry.approve(server, tool, digest=digest, actor=actor)
        await self._record("tool_approve", f"{server}/{tool}", actor=actor, digest=spec.digest)
        return self._tool(spec)

    async def _record(self, action: str, target: str, *, actor: str, **detail: Any) -> None:
        entry = AuditEntry(at=self.clock.now(), actor=actor, action=action, target=target, detail=detail)
        await self.audit.record(entry)

    # Views ------------------------------------------------------------------------------------------------------------

    def _server(self, status: ServerStatus) -> dict[str, Any]:
        config = self.config.servers[status.name]
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
            "last_error": redact_text(status.last_error) if status.last_error else None,
            "tools": [self._tool(spec) for spec in self.registry.listed(status.name)],
        }

    def _tool(self, spec: ToolSpec) -> dict[str, Any]:
        record = self.registry.record(spec)
        circuit = self.board.find(spec.target)
        snapshot = circuit.snapshot() if circuit else None
        pin = self.registry.pins.find(spec.server, spec.tool)
        return {
            "name": spec.name,
            "tool": spec.tool,
            "key": spec.target,
            "description": spec.description,
            "effect": spec.effect.value,
            "is_quarantined": spec.is_quarantined,
            "digest": spec.digest,
            "pin": _pin(pin) if pin else None,
            "circuit": snapshot.to_dict() if snapshot else _closed(spec.target),
            "paused_seconds": round(record.cooling.remaining(), 1),
            **_figures(record),
            "capabilities": [
                each.name for each in self.router.capabilities() if any(m.spec is spec for m in each.members)
            ],
        }


def _figures(record: ToolRecord) -> dict[str, Any]:
    rate = None if record.calls == 0 else round(100.0 * (record.calls - record.failures) / record.calls, 1)
    last = record.last_failure
    return {
        "calls": record.calls,
        "failures": record.failures,
        "success_rate_pct": rate,
        "last_failure": _failure(last) if last else None,
    }


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


def _closed(key: str) -> dict[str, Any]:
    """Give the circuit of a tool that nobody has called yet."""
    nothing = {"failures": 0, "successes": 0, "consecutive_failures": 0}
    return {"key": key, "state": BreakerState.CLOSED.value, **nothing} | dict.fromkeys(
        ("opened_at", "retry_at", "override")
    )


def _capability(capability: Capability) -> dict[str, Any]:
    spec = capability.spec
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
            }
            for member in capability.members
        ],
    }


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
