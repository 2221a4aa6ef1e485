"""What an operator sees of the tools, and what he may do: open a session anew, approve a tool that has changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.stores import AuditEntry, AuditLog
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import ToolsConfig
from sentinel.tools.operators.views import ToolFacts, capability_view, server_view, tool_view
from sentinel.tools.routing.offer import withheld_from_models
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.routing.router import CapabilityRouter
from sentinel.tools.session.server_status import ServerStatus


@dataclass(frozen=True, kw_only=True)
class ToolDesk:
    """Servers, tools and capabilities as they stand; every act is written to the audit log.

    `process` names the one whose sessions these are, if others may have theirs; `tell_reconnect` lets them open new
    sessions with a server, too, and must neither wait nor raise.
    """

    config: ToolsConfig
    registry: ToolRegistry
    router: CapabilityRouter
    board: BreakerBoard
    audit: AuditLog
    clock: Clock
    process: str | None = None
    tell_reconnect: Callable[[str], None] = lambda server: None

    def view(self) -> dict[str, Any]:
        """Give everything, in the shape of `GET /api/tools`."""
        withheld = self._withheld()
        return {
            "process": self.process,
            "servers": [self._server(status, withheld) for status in self.registry.status()],
            "capabilities": [
                capability_view(each, obstacle=self.registry.obstacle) for each in self.router.capabilities()
            ],
        }

    def server(self, name: str) -> dict[str, Any]:
        """Give one server; raises UnknownToolError."""
        return self._server(self.registry.supervisor(name).status(), self._withheld())

    async def reconnect(self, server: str, *, actor: str) -> dict[str, Any]:
        """Open a new session with a server now, here and in other processes, and give the server as it is here then.

        Raises:
            UnknownToolError: there is no such server.
        """
        self.registry.reconnect(server)
        self.tell_reconnect(server)
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
        return self._tool(spec, self._withheld())

    async def _record(self, action: str, target: str, *, actor: str, **detail: Any) -> None:
        entry = AuditEntry(at=self.clock.now(), actor=actor, action=action, target=target, detail=detail)
        await self.audit.record(entry)

    def _server(self, status: ServerStatus, withheld: frozenset[str]) -> dict[str, Any]:
        name = status.name
        tools = [self._tool(spec, withheld) for spec in self.registry.listed(name)]
        return server_view(status, self.config.servers[name], tools=tools, left_out=self.registry.left_out(name))

    def _withheld(self) -> frozenset[str]:
        return withheld_from_models(self.router.tools())

    def _tool(self, spec: ToolSpec, withheld: frozenset[str]) -> dict[str, Any]:
        facts = ToolFacts(
            record=self.registry.record(spec),
            circuit=self.board.get(spec.target).snapshot(),
            obstacle=self.registry.obstacle(spec),
            is_switched_off=self.registry.is_switched_off(spec),
            is_withheld=spec.name in withheld,
            pin=self.registry.pins.find(spec.server, spec.tool),
            changes=self.registry.pins.changes(spec) if spec.is_quarantined else None,
            capabilities=[
                each.name for each in self.router.capabilities() if any(m.spec is spec for m in each.members)
            ],
        )
        return tool_view(spec, facts)
