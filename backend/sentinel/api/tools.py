"""Tools: what there is, how it does, and what an operator may do about it."""

from typing import Any

from fastapi import APIRouter

from sentinel.api.operations import OPERATOR
from sentinel.api.services import Use
from sentinel.api.tool_schemas import ApprovalRequest, ToolServerView, ToolsView, ToolView

router = APIRouter(prefix="/api/tools", tags=["tools"])


@router.get("", response_model=ToolsView)
async def tools(services: Use) -> dict[str, Any]:
    """Show all tool servers, their tools, and the capabilities that are made of them."""
    return services.tools.view()


@router.post("/{server}/reconnect", response_model=ToolServerView)
async def reconnect(server: str, services: Use) -> dict[str, Any]:
    """Open a new session with a tool server now; calls in flight on the old one fail."""
    return await services.tools.reconnect(server, actor=OPERATOR)


@router.post("/{server}/{tool:path}/approve", response_model=ToolView)
async def approve(server: str, tool: str, *, services: Use, body: ApprovalRequest | None = None) -> dict[str, Any]:
    """Trust a tool as it is now: one that has changed, or that its server has added."""
    digest = body.digest if body else None
    return await services.tools.approve(server, tool, digest=digest, actor=OPERATOR)
