"""All tools of all servers: opened at start, called by public name, shown to operators.

Entered once by the composition root. A server that is dead, slow or lying costs the start at most a fixed wait, and its
own tools, nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from sentinel.clock import Clock
from sentinel.errors import RequestError
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.config import ServerConfig, ToolsConfig
from sentinel.tools.connection import NOBODY, CallContext, ServerTransport
from sentinel.tools.guard import GuardParts, KillSwitch, ToolGuard
from sentinel.tools.http_transport import HttpTransport, TlsContext
from sentinel.tools.outcome import VERDICTS, Cause, ToolOutcome
from sentinel.tools.result_check import ResultChecker
from sentinel.tools.spec import ToolSpec, tool_specs
from sentinel.tools.stdio_transport import StdioTransport
from sentinel.tools.supervisor import ServerState, ServerStatus, ServerSupervisor
from sentinel.tools.waiting import DetachedTasks, happened_within

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_DRAIN_SECONDS: Final = 1.0
_MAX_LISTED: Final = 50
# A result comes twice, as text and structured, and each may need escapes; plus the envelope.
_LINE_FACTOR, _LINE_ENVELOPE = 4, 65_536
_CHECKING_THREADS: Final = 2


def _nothing_is_off(_target: str) -> bool:
    return False


def _ignore(_status: ServerStatus) -> None:
    pass


class ToolRegistry:
    """The tools of the configured servers; an async context manager that owns the servers' sessions."""

    def __init__(
        self,
        config: ToolsConfig,
        *,
        clock: Clock,
        rng: Callable[[], float],
        board: BreakerBoard,
        environment: Mapping[str, str] = _NOTHING,
        kill_switch: KillSwitch = _nothing_is_off,
        on_change: Callable[[ServerStatus], None] = _ignore,
    ) -> None:
        """Start nothing yet.

        `environment` is the process's own, of which servers get a small part; `kill_switch` is asked before every
        call; `on_change` hears of every change of a server's state.
        """
        self._config = config
        self._clock = clock
        self._environment = environment
        self._on_change = on_change
        self._listeners: list[Callable[[], None]] = []
        self._offered: frozenset[tuple[str, str]] = frozenset()
        self._specs: dict[str, tuple[ToolSpec, ...]] = {}
        self._by_name: dict[str, ToolSpec] = {}
        self._guards: dict[str, ToolGuard] = {}
        self._detached = DetachedTasks()
        self._checking = ThreadPoolExecutor(_CHECKING_THREADS, thread_name_prefix="tool-results")
        self._parts = GuardParts(
            board=board,
            clock=clock,
            kill_switch=kill_switch,
            detached=self._detached,
            supervision=config.supervision,
        )
        self._tls = TlsContext()
        self._supervisors = {name: self._supervisor(name, server, rng) for name, server in config.servers.items()}

    async def __aenter__(self) -> Self:
        """Start all servers at once and wait a little for those that are quick."""
        for supervisor in self._supervisors.values():
            supervisor.start()
        first_results = asyncio.gather(*(each.wait_until(_has_been_tried) for each in self._supervisors.values()))
        await happened_within(first_results, seconds=self._config.supervision.start_wait_seconds, clock=self._clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all servers at once; calls still in flight fail."""
        await asyncio.gather(*(each.stop() for each in self._supervisors.values()))
        await self._detached.drain(seconds=_DRAIN_SECONDS, clock=self._clock)
        self._checking.shutdown(wait=False, cancel_futures=True)

    def tools(self) -> list[ToolSpec]:
        """Return the tools of all servers that are READY."""
        ready = (name for name, each in self._supervisors.items() if each.state is ServerState.READY)
        return [spec for name in ready for spec in self._specs.get(name, ())]

    def find(self, name: str) -> ToolSpec | None:
        """Return the tool of this public name, also while its server is down."""
        return self._by_name.get(name)

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        context: CallContext = NOBODY,
    ) -> ToolOutcome:
        """Call a tool by its public name and return what became of it; see `ToolGuard.call`."""
        spec = self._by_name.get(name)
        if spec is None:
            return self._unknown(name)
        return await self._guard(spec).call(arguments, timeout_seconds=timeout_seconds, context=context)

    def status(self) -> list[ServerStatus]:
        """Return every server as it is now, in the order of the configuration."""
        return [each.status() for each in self._supervisors.values()]

    def reconnect(self, server: str) -> None:
        """Open a new session with a server now.

        Raises:
            RequestError: there is no such server.
        """
        self.supervisor(server).reconnect()

    def supervisor(self, server: str) -> ServerSupervisor:
        """Return the supervisor of a server, to wait for its states.

        Raises:
            RequestError: there is no such server.
        """
        if server not in self._supervisors:
            message = f"there is no tool server {server!r}"
            raise RequestError(message)
        return self._supervisors[server]

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call back whenever other tools are offered than before."""
        self._listeners.append(listener)

    # Putting together -----------------------------------------------------------------------------------------------

    def _supervisor(self, name: str, server: ServerConfig, rng: Callable[[], float]) -> ServerSupervisor:
        return ServerSupervisor(
            name,
            open_transport=partial(self._open_transport, name, server),
            clock=self._clock,
            rng=rng,
            config=self._config.supervision,
            on_change=self._changed,
        )

    def _open_transport(self, name: str, server: ServerConfig) -> ServerTransport:
        cap = _LINE_FACTOR * self._config.largest_result_bytes(name) + _LINE_ENVELOPE
        if server.url:
            return HttpTransport(
                server, tls=self._tls, max_event_bytes=cap, clock=self._clock, environment=self._environment
            )
        return StdioTransport(server, environment=self._environment, clock=self._clock, line_cap=cap)

    def _guard(self, spec: ToolSpec) -> ToolGuard:
        guard = self._guards.get(spec.target)
        if guard is None:
            guard = self._guards[spec.target] = ToolGuard(
                spec,
                supervisor=self._supervisors[spec.server],
                limits=self._config.limits_of(spec.server, spec.tool),
                override=self._config.override_of(spec.server, spec.tool),
                checker=self._checker(spec),
                parts=self._parts,
            )
        elif guard.spec is not spec:  # listed anew: perhaps with another schema, or another effect
            guard.checker = guard.checker if guard.spec.output_schema == spec.output_schema else self._checker(spec)
            guard.spec = spec
        return guard

    def _checker(self, spec: ToolSpec) -> ResultChecker | None:
        return None if spec.output_schema is None else ResultChecker(spec.output_schema, executor=self._checking)

    def _changed(self, supervisor: ServerSupervisor) -> None:
        connection = supervisor.connection
        if (
            connection is not None
        ):  # the tools of a server that is down stay known, so that a call can say what is wrong
            name = supervisor.name
            self._specs[name] = tool_specs(
                name, connection.tools, config=self._config.servers[name], overrides=self._config.overrides
            )
            self._by_name = {spec.name: spec for specs in self._specs.values() for spec in specs}
        self._tell_listeners()
        self._on_change(supervisor.status())

    def _tell_listeners(self) -> None:
        offered = frozenset((spec.name, spec.description) for spec in self.tools())
        if offered == self._offered:
            return
        self._offered = offered
        for listener in self._listeners:
            listener()

    def _unknown(self, name: str) -> ToolOutcome:
        verdict = VERDICTS[Cause.UNKNOWN_TOOL]
        names = [spec.name for spec in self.tools()[:_MAX_LISTED]]
        return ToolOutcome(
            text=f"There is no tool {name[:100]!r}. There are: {', '.join(names) or 'none'}.",
            is_error=True,
            cause=Cause.UNKNOWN_TOOL,
            server="",
            tool=name,
            duration_ms=0.0,
            outcome=verdict.outcome,
            executed=verdict.executed,
        )


def _has_been_tried(supervisor: ServerSupervisor) -> bool:
    return supervisor.state is not ServerState.CONNECTING
