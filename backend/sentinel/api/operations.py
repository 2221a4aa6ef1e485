"""Operations: providers, circuits, kill switches."""

from typing import Any

from fastapi import APIRouter

from sentinel.api.operation_schemas import (
    BreakerList,
    BreakerRequest,
    BreakerView,
    ChaosView,
    InfoView,
    KillSwitchRequest,
    KillSwitchView,
    PlanView,
    ProviderStatusView,
)
from sentinel.api.services import Use
from sentinel.errors import UnknownRouteError

router = APIRouter(tags=["operations"])

OPERATOR = "operator"
"""The actor written to the audit log until callers have keys and names."""


@router.get("/api/info", response_model=InfoView)
async def info(services: Use) -> dict[str, Any]:
    """Say what this server is: its routes, its limits, whether its providers are simulated."""
    return services.info


@router.get("/api/providers/status", response_model=dict[str, ProviderStatusView])
async def provider_status(services: Use) -> dict[str, Any]:
    """Show how each provider does."""
    return services.providers.status()


@router.get("/api/routes/{name}/explain", response_model=PlanView)
async def explain_route(name: str, services: Use) -> dict[str, Any]:
    """Show the plan that a request on this route would follow now, without calling anybody."""
    route = services.routes.get(name)
    if route is None:
        message = f"no route is called {name!r}; known routes: {', '.join(sorted(services.routes))}"
        raise UnknownRouteError(message)
    return services.explainer.explain(route)


@router.get("/api/breakers", response_model=BreakerList)
async def list_breakers(services: Use) -> dict[str, Any]:
    """List all circuits."""
    return {"items": [snapshot.to_dict() for snapshot in services.board.snapshot()]}


@router.post("/api/breakers/trip", response_model=BreakerView)
async def trip_breaker(body: BreakerRequest, services: Use) -> dict[str, Any]:
    """Open a circuit by hand, for its usual time or for `ttl_seconds`."""
    snapshot = await services.controls.trip(body.key, actor=OPERATOR, reason=body.reason, ttl_seconds=body.ttl_seconds)
    return snapshot.to_dict()


@router.post("/api/breakers/reset", response_model=BreakerView)
async def reset_breaker(body: BreakerRequest, services: Use) -> dict[str, Any]:
    """Close a circuit by hand; that of a provider with those of its models."""
    snapshot = await services.controls.reset(body.key, actor=OPERATOR, reason=body.reason)
    return snapshot.to_dict()


@router.get("/api/chaos", response_model=ChaosView)
async def chaos(services: Use) -> dict[str, Any]:
    """Show what is armed."""
    return services.controls.view()


@router.put("/api/chaos/kill-switch/{target:path}", response_model=KillSwitchView)
async def set_kill_switch(target: str, body: KillSwitchRequest, services: Use) -> dict[str, Any]:
    """Switch a provider, a `provider/model`, a tool (`tool:server/tool`), a tier or `all` off, or on again."""
    switch = await services.controls.set_kill_switch(
        target, body.active, actor=OPERATOR, ttl_seconds=body.ttl_seconds, reason=body.reason
    )
    return switch.to_dict()
