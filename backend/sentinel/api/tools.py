"""Tools: what there is, how it does, and what an operator may do about it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from sentinel.api.operations import OPERATOR
from sentinel.api.services import Use
from sentinel.api.tool_schemas import (
    ApprovalRequest,
    ToolCallPage,
    ToolCallRecordView,
    ToolServerView,
    ToolsView,
    ToolView,
)
from sentinel.domain.tools import CallOrigin, ToolCallQuery

router = APIRouter(prefix="/api/tools", tags=["tools"])


@router.get("", response_model=ToolsView)
async def tools(services: Use) -> dict[str, Any]:
    """Show all tool servers, their tools, and the capabilities that are made of them."""
    return services.tools.view()


@router.get("/calls")
async def list_calls(
    *,
    services: Use,
    server: str | None = None,
    tool: str | None = None,
    run_id: str | None = None,
    origin: CallOrigin | None = None,
    is_error: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> ToolCallPage:
    """List tool calls, newest first, those of a run when it has ended; by a tool that was asked, not only answered."""
    query = ToolCallQuery(
        server=server, tool=tool, run_id=run_id, origin=origin, is_error=is_error, limit=limit, cursor=cursor
    )
    page = await services.tool_calls.list(query)
    items = [ToolCallRecordView.model_validate(record.to_dict()) for record in page.items]
    return ToolCallPage(items=items, next_cursor=page.next_cursor)


@router.post("/{server}/reconnect", response_model=ToolServerView)
async def reconnect(server: str, services: Use) -> dict[str, Any]:
    """Open a new session with a tool server now, in every process; calls in flight on the old ones fail."""
    return await services.tools.reconnect(server, actor=OPERATOR)


@router.post("/{server}/{tool:path}/approve", response_model=ToolView)
async def approve(server: str, tool: str, *, services: Use, body: ApprovalRequest | None = None) -> dict[str, Any]:
    """Trust a tool as it is now: one that has changed, or that its server has added."""
    digest = body.digest if body else None
    return await services.tools.approve(server, tool, digest=digest, actor=OPERATOR)
