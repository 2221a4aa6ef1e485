"""Figures: Prometheus' text for machines, a summary for people."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from sentinel.api.schemas import View
from sentinel.api.services import Use
from sentinel.telemetry.exposition import wants_json

router = APIRouter(tags=["operations"])


class PercentilesView(View):
    """Milliseconds; null while nothing was answered."""

    p50: float | None
    p95: float | None
    p99: float | None


class CountsView(View):
    """What there was, by status, outcome, class, type or state."""

    runs: dict[str, int]
    gateway_requests: dict[str, int]
    attempts: dict[str, int]
    incidents: dict[str, int]
    circuits: dict[str, int]
    """How many are in each state now."""
    tool_calls: dict[str, int]
    tool_servers: dict[str, int]
    """How many are in each state now."""


class MetricsView(View):
    """The figures since the start of the process. Requests are runs and requests to the gateway that are over."""

    uptime_seconds: float
    total_requests: int
    total_successes: int
    total_failures: int
    total_cancelled: int
    total_failovers: int
    total_retries: int
    total_tool_calls: int
    """Those of runs and those through `/mcp`."""
    total_tool_fallbacks: int
    avg_latency_ms: float | None
    latency_ms: PercentilesView
    ttft_ms: PercentilesView
    tool_call_ms: PercentilesView
    latencies_of_last: int
    """Average and percentiles are those of the last so many answers."""
    active_provider: str | None
    """Who would be asked now on the default route; null if nobody can be."""
    counts: CountsView
    cache_hit_rate: float | None
    """Null: this version has no cache."""
    security_events: int | None
    """Null: this version counts none."""


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/api/metrics", response_model=MetricsView)
async def metrics_summary(services: Use) -> dict[str, Any]:
    """Sum up what was done since the start."""
    return services.metrics.summary()


@router.get("/metrics", response_class=Response, responses=_TEXT)
async def metrics(services: Use, accept: Annotated[str, Header()] = "") -> Response:
    """Give every metric in Prometheus' text format, or the summary to who accepts JSON."""
    if wants_json(accept):
        return JSONResponse(services.metrics.summary())
    body, media_type = services.metrics.text(accept)
    return Response(body, headers={"Content-Type": media_type})
