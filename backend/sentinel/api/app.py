"""The HTTP application: routes, problems, middleware. Its services come from the composition root."""

from collections.abc import Collection
from pathlib import Path

from fastapi import FastAPI

from sentinel.api import chat, health, incidents, metrics, operations, requests, runs, threads, tools
from sentinel.api.console import add_console
from sentinel.api.event_schemas import add_event_schemas
from sentinel.api.gateway_schemas import add_gateway_schemas
from sentinel.api.middleware import BodyLimitMiddleware, GatewayMiddleware, GuardMiddleware, RequestIdMiddleware
from sentinel.api.problems import GATEWAY, MCP, PROBLEM_RESPONSE, add_problem_handlers

_DESCRIPTION = "The resilience layer between an application and the models and tools it depends on."


def create_app(*, version: str, console: Path, allowed_hosts: Collection[str], max_body_bytes: int) -> FastAPI:
    """Make the app; whoever serves it sets `app.state.services`, `app.state.gateway` and `app.state.mcp`.

    `console` is the folder of the built console.
    """
    app = FastAPI(
        title="Sentinel",
        version=version,
        description=_DESCRIPTION,
        responses={"default": dict(PROBLEM_RESPONSE)},
    )
    for part in (runs, chat, threads, requests, incidents, metrics, health, operations, tools):
        app.include_router(part.router)
    add_event_schemas(app)
    add_gateway_schemas(app)
    add_console(app, console)
    add_problem_handlers(app)
    # The last one is the outermost. The gateways limit bodies themselves, in their own words.
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_body_bytes)
    app.add_middleware(GatewayMiddleware, prefix=GATEWAY, name="gateway")
    app.add_middleware(GatewayMiddleware, prefix=MCP, name="mcp")
    app.add_middleware(GuardMiddleware, allowed_hosts=allowed_hosts)
    app.add_middleware(RequestIdMiddleware)
    return app


def create_worker_app(*, version: str, allowed_hosts: Collection[str]) -> FastAPI:
    """Make the app of a process that only works on runs; whoever serves it sets `app.state.services`."""
    app = FastAPI(title="Sentinel worker", version=version, openapi_url=None)
    for part in (health, metrics):
        app.include_router(part.router)
    add_problem_handlers(app)
    app.add_middleware(GuardMiddleware, allowed_hosts=allowed_hosts)
    app.add_middleware(RequestIdMiddleware)
    return app
