"""Requests to the gateway, as they are kept: what was asked of whom, and what it took to answer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from sentinel.api.schemas import AttemptView, UsageView, View
from sentinel.api.services import Use
from sentinel.domain.requests import RequestOutcome, RequestRecord

router = APIRouter(prefix="/api/requests", tags=["gateway"])


class GatewayRequestView(View):
    """A request to `/v1` that is over, with its receipt."""

    request_id: str
    """The answer's `X-Sentinel-Request-Id`."""
    trace_id: str
    """The answer's `X-Request-ID`, which callers may choose."""
    endpoint: str
    route: str
    requested_model: str
    is_stream: bool
    outcome: RequestOutcome
    status_code: int | None
    """What the caller was answered; null if it left first."""
    error_code: str | None
    provider: str | None
    model: str | None
    usage: UsageView
    """All tokens that were spent, failed attempts included."""
    cost_usd: float | None
    """What they cost; null unless every target that spent some has a price."""
    ttft_ms: float | None
    latency_ms: float
    failover_occurred: bool
    failover_chain: list[str]
    attempts: list[AttemptView]
    skipped_frames: int
    """Garbled frames that were left out of the answer because no other target could be asked."""
    started_at: datetime
    ended_at: datetime


class GatewayRequestPage(View):
    """Requests, newest first."""

    items: list[GatewayRequestView]
    next_cursor: str | None


@router.get("")
async def list_requests(
    *,
    services: Use,
    outcome: RequestOutcome | None = None,
    trace_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> GatewayRequestPage:
    """List requests to the gateway that are over, newest first; `trace_id` finds those with that `X-Request-ID`."""
    page = await services.requests.list(outcome=outcome, trace_id=trace_id, limit=limit, cursor=cursor)
    return GatewayRequestPage(items=[_view(record) for record in page.items], next_cursor=page.next_cursor)


@router.get("/{request_id}")
async def get_request(request_id: str, services: Use) -> GatewayRequestView:
    """Show a request to the gateway with its receipt."""
    return _view(await services.requests.get(request_id))


def _view(record: RequestRecord) -> GatewayRequestView:
    return GatewayRequestView.model_validate(record.to_dict())
