"""What the handlers may use, put together by the composition root and found in the app's state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from sentinel.chaos.controls import OperatorControls
from sentinel.clock import Clock
from sentinel.domain.routes import Route
from sentinel.domain.stores import RequestStore, ThreadStore
from sentinel.domain.tools import ToolCallStore
from sentinel.health.checks import HealthService
from sentinel.health.incidents import IncidentHistory
from sentinel.health.providers import ProviderMonitor
from sentinel.ids import IdSource
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.explain import RouteExplainer
from sentinel.runs.service import RunService
from sentinel.telemetry.exposition import Exposition
from sentinel.tools.operators.desk import ToolDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases behind the API, and the facts that `GET /api/info` tells."""

    runs: RunService
    threads: ThreadStore
    requests: RequestStore
    incidents: IncidentHistory
    controls: OperatorControls
    board: BreakerBoard
    providers: ProviderMonitor
    health: HealthService
    metrics: Exposition
    tools: ToolDesk
    tool_calls: ToolCallStore
    clock: Clock
    ids: IdSource
    routes: Mapping[str, Route]
    explainer: RouteExplainer
    info: dict[str, Any]


async def services_of(request: Request) -> Services:
    """Give the services of the app that serves this request; a coroutine, or FastAPI would use a thread for it."""
    services: Services = request.app.state.services
    return services


Use = Annotated[Services, Depends(services_of)]
