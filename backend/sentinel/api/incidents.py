"""Incidents, for those who look: what happened to the system, newest first."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from sentinel.api.schemas import View
from sentinel.api.services import Use
from sentinel.domain.incidents import IncidentQuery, IncidentType, Severity

router = APIRouter(prefix="/api/incidents", tags=["operations"])


class IncidentView(View):
    """Something that an operator should know of; several alike that followed each other are one with a `count`."""

    incident_id: str
    type: IncidentType
    severity: Severity
    at: datetime
    last_at: datetime
    """When the last of them happened."""
    count: int
    key: str
    """What it is about: `provider:NAME`, `model:NAME/MODEL`, `tool:SERVER/TOOL`, `route:NAME`, `run:ID`, or the target
    of a kill switch."""
    title: str
    detail: str | None
    actor: str | None
    """The operator, if it was one."""
    reason: str | None
    run_id: str | None
    request_id: str | None
    data: dict[str, Any]


class IncidentPage(View):
    """Incidents, newest first."""

    items: list[IncidentView]
    next_cursor: str | None


@router.get("")
async def list_incidents(
    *,
    services: Use,
    incident_type: Annotated[IncidentType | None, Query(alias="type")] = None,
    since: Annotated[AwareDatetime | None, Query(description="RFC 3339, with its zone")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> IncidentPage:
    """List incidents, newest first."""
    query = IncidentQuery(limit=limit, type=incident_type, since=since, cursor=cursor)
    page = await services.incidents.list(query)
    items = [IncidentView.model_validate(incident.to_dict()) for incident in page.items]
    return IncidentPage(items=items, next_cursor=page.next_cursor)
