"""Listening: the socket, the lifespan, and an orderly end in which no run is lost."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import FrameType

import httpx2
import uvicorn
from fastapi import FastAPI
from sse_starlette.sse import AppStatus
from uvicorn.loops.auto import auto_loop_factory

from sentinel import __version__
from sentinel.api.app import create_app, create_worker_app
from sentinel.clock import SystemClock
from sentinel.domain.queues import RunQueue
from sentinel.errors import ConfigurationError
from sentinel.gateway.open_calls import OpenCalls
from sentinel.main.announcing import announce
from sentinel.main.database_lock import owned
from sentinel.main.services import Running, running_services
from sentinel.main.simulated import simulated_providers
from sentinel.persistence.database_url import is_sqlite, normalise, sqlite_file
from sentinel.settings import Settings, with_default_ollama, with_simulated
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import survived

logger = get_logger(__name__)

PROJECT = Path(__file__).parents[3]
CONSOLE = PROJECT / "frontend" / "out"

_TRACING_VARIABLES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
"""Any of these, set in a shell for other work, would make a library send conversations to a service of its maker."""

_CLOSE_SECONDS = 5
_GC_THRESHOLDS = (2_000, 5, 400)
_SWITCH_SECONDS = 0.0005
_OLLAMA_PROBE_SECONDS = 0.3


def build_app(settings: Settings) -> FastAPI:
    """Make the app without its services; enough to read its OpenAPI schema."""
    return create_app(
        version=__version__,
        console=CONSOLE,
        allowed_hosts=_own_hosts(settings),
        max_body_bytes=settings.limits.max_body_bytes,
    )


def build_worker_app(settings: Settings) -> FastAPI:
    """Make the app of a process that only works on runs, without its services."""
    return create_worker_app(version=__version__, allowed_hosts=_own_hosts(settings))


def _own_hosts(settings: Settings) -> frozenset[str]:
    return frozenset({"127.0.0.1", "localhost", "::1", settings.host}) | settings.allowed_hosts


def serve(settings: Settings, environment: Mapping[str, str]) -> None:
    """Listen until a signal; `environment` is the process's own.

    Raises:
        ConfigurationError, StoreUnavailableError: the port is taken, or something else cannot work.
    """
    with bind(settings.host, settings.port) as listening:
        _run(settings, environment, listening=listening, build=build_app)


def work(settings: Settings, environment: Mapping[str, str]) -> None:
    """Work on the runs of a PostgreSQL database until a signal, beside other workers and servers.

    Raises:
        ConfigurationError, StoreUnavailableError: the database is SQLite, or something else cannot work.
    """
    if is_sqlite(normalise(settings.database_url.get_secret_value())):
        message = "workers need PostgreSQL, and DATABASE_URL names SQLite; `sentinel serve` works on its runs itself"
        raise ConfigurationError(message)
    settings = settings.model_copy(update={"queue": settings.queue.model_copy(update={"embedded_worker": True})})
    with bind(settings.host, settings.worker_port, variable="WORKER_PORT") as listening:
        _run(settings, environment, listening=listening, build=build_worker_app)


def _run(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    listening: socket.socket,
    build: Callable[[Settings], FastAPI],
) -> None:
    os.environ.update(dict.fromkeys(_TRACING_VARIABLES, "false"))
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_serve(settings, environment, listening=listening, build=build))


async def _serve(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    listening: socket.socket,
    build: Callable[[Settings], FastAPI],
) -> None:
    async with AsyncExitStack() as stack:
        database = normalise(settings.database_url.get_secret_value())
        if is_sqlite(database):
            for file in (sqlite_file(database), settings.checkpoint_path):
                stack.enter_context(owned(file))
        complete = await _completed(settings, stack)
        announce(complete)
        running = await stack.enter_async_context(running_services(complete, environment))
        app = build(settings)
        app.state.services = running.services
        app.state.gateway = running.gateway
        app.state.mcp = running.mcp
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=_CLOSE_SECONDS
        )
        tune_interpreter()
        logger.info("listening", url=f"http://{settings.host}:{listening.getsockname()[1]}", pid=os.getpid())
        await DrainingServer(config, running, drain_seconds=settings.runs.drain_seconds).serve(sockets=[listening])
    logger.info("stopped")


def tune_interpreter() -> None:
    """Settle what profiles showed to cost a serving process the most."""
    # What start-up made lives to the end: looking through its hundreds of thousands of objects again and again stopped
    # every stream for a tenth of a second and more. What comes later is mostly freed without the collector. It looks at
    # the young often, and at few of them: a thousand readers who come and stay make hundreds of thousands of objects.
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()  # the command line has it off while it imports
    # The threads that read and write the database need the interpreter several times for each transaction, and wait
    # this long for it each time while the loop is busy.
    sys.setswitchinterval(_SWITCH_SECONDS)


async def _completed(settings: Settings, stack: AsyncExitStack) -> Settings:
    """Fill in what can only be known now: a local Ollama that answers, and where the simulated providers listen."""
    if settings.wants_ollama_probe:
        settings = with_default_ollama(settings, answers=await _ollama_answers())
    if settings.simulated_providers:
        pair = await stack.enter_async_context(simulated_providers(settings.simulated_words_per_second, SystemClock()))
        settings = with_simulated(settings, openai_base_url=pair.openai_base_url, ollama_base_url=pair.ollama_base_url)
    return settings


async def _ollama_answers() -> bool:
    try:
        async with httpx2.AsyncClient(timeout=_OLLAMA_PROBE_SECONDS) as client:
            response = await client.get("http://127.0.0.1:11434/api/version")
    except httpx2.HTTPError:
        return False
    return response.is_success


class DrainingServer(uvicorn.Server):
    """Drains the runs before it closes connections, so that readers see how they end or that they will go on."""

    def __init__(self, config: uvicorn.Config, running: Running, *, drain_seconds: float) -> None:
        super().__init__(config)
        # The library of event streams would end them all with the signal, even answers that we let finish.
        # The streams that have no end of their own are ended by `shutdown`, and uvicorn closes what then still is open.
        AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]
        self._running = running
        self._drain_seconds = drain_seconds

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM; unlike the original, without dying of the signal before all is closed."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; told so again, end at once, as if killed: what it leaves is taken over."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, end the readers, then close as usual."""
        logger.info("draining", runs=self._running.queue.active)
        draining: tuple[RunQueue | OpenCalls, ...] = (
            self._running.queue,
            self._running.gateway.open_calls,
            self._running.mcp.open_calls,
        )
        await asyncio.gather(*map(self._drain, draining))
        self._running.live.end()
        self._running.mcp.end()
        await super().shutdown(sockets)

    async def _drain(self, part: RunQueue | OpenCalls) -> None:
        with survived("drain"):  # whatever goes wrong, readers are ended and connections closed
            await part.drain(self._drain_seconds)


def bind(host: str, port: int, *, variable: str = "PORT") -> socket.socket:
    """Take the port, which `variable` sets.

    Raises:
        ConfigurationError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is, and a head and a body that
    # are written apart would wait 40 ms for each other.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        is_taken = error.errno == errno.EADDRINUSE
        reason = f"it is already in use; set {variable} to another one" if is_taken else error.strerror
        message = f"cannot listen on {host}:{port}: {reason}"
        raise ConfigurationError(message) from error
    return listening
