"""Health: for load balancers, some of which ask with HEAD, for those who start and stop processes, and for people."""

from typing import Any

from fastapi import APIRouter, Response

from sentinel.api.operation_schemas import HealthView, LiveView
from sentinel.api.services import Use

router = APIRouter(tags=["operations"])


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def live() -> LiveView:
    """Say that the process answers."""
    return LiveView()


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", response_model=HealthView)
async def ready(services: Use, response: Response) -> dict[str, Any]:
    """Say whether traffic may be sent here; 503 if not, also while the server is about to stop."""
    return _with_status(await services.health.readiness(), response)


@router.head("/health", include_in_schema=False)
@router.get("/health", response_model=HealthView)
async def health(services: Use, response: Response) -> dict[str, Any]:
    """Say how the whole and each dependency is; 503 if it cannot do its work."""
    return _with_status(await services.health.report(), response)


def _with_status(report: dict[str, Any], response: Response) -> dict[str, Any]:
    if report["status"] == "unhealthy":
        response.status_code = 503
    return report
