"""All tools of all servers: opened at start, called by public name, shown to operators.

Entered once by the composition root. A server that is dead, slow or lying costs the start at most a fixed wait, and its
own tools, nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from sentinel.clock import Clock
from sentinel.domain.tools import GuardedCall, ToolPinStore
from sentinel.errors import UnknownToolError
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tasks import ended
from sentinel.tools.call import NOBODY, CallContext
from sentinel.tools.catalogue.pinning import PinBoard
from sentinel.tools.catalogue.spec import LeftOut, Listing, ToolSpec, tool_specs, tools_part
from sentinel.tools.config import ServerConfig, ToolsConfig
from sentinel.tools.guard.guard import ToolGuard
from sentinel.tools.guard.parts import CallObserver, GuardParts, KillSwitch, RefusalObserver
from sentinel.tools.guard.record import ToolRecord
from sentinel.tools.guard.result_check import ResultChecker
from sentinel.tools.outcome import Cause, ToolOutcome, unmade
from sentinel.tools.routing.transports import Transports
from sentinel.tools.session.connection import Connection
from sentinel.tools.session.server_status import ServerState, ServerStatus
from sentinel.tools.session.starting import StartLine
from sentinel.tools.session.supervisor import ServerSupervisor
from sentinel.tools.transport.server_transport import ServerTransport
from sentinel.tools.waiting import DetachedTasks, happened_within

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_DRAIN_SECONDS: Final = 1.0
_CHECKING_THREADS: Final = 2
_NOT_LISTED: Final = "The tool's server does not offer it any more. Nothing was done."


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
        pins: ToolPinStore | None = None,
    ) -> None:
        """Start nothing yet.

        `environment` is the process's own, of which servers get a small part; `kill_switch` is asked before every
        call; `on_change` hears of every change of a server's state or tools; `pins` keeps which tools are trusted.
        """
        self._config = config
        self._clock = clock
        self._transports = Transports(config, environment=environment, clock=clock)
        self._on_change = on_change
        self.pins = PinBoard(clock=clock, store=pins)
        self.version = 0
        """Grows whenever a server's tools are not what they were."""
        self._listeners: list[Callable[[], None]] = []
        self._call_listeners: list[CallObserver] = []
        self._refusal_listeners: list[RefusalObserver] = []
        self._offered: frozenset[tuple[str, str]] = frozenset()
        self._specs: dict[str, tuple[ToolSpec, ...]] = {}
        self._left_out: dict[str, tuple[LeftOut, ...]] = {}
        self._by_name: dict[str, ToolSpec] = {}
        self._guards: dict[str, ToolGuard] = {}
        self._targets: dict[str, set[str]] = {name: set() for name in config.servers}
        self._detached = DetachedTasks()
        self._checking = ThreadPoolExecutor(_CHECKING_THREADS, thread_name_prefix="tool-results")
        self._parts = GuardParts(
            board=board,
            clock=clock,
            kill_switch=kill_switch,
            detached=self._detached,
            supervision=config.supervision,
            observe=self._call_over,
            forbidden=self._tool_forbidden,
        )
        self._start_line = StartLine(
            config.supervision.simultaneous_starts, seconds=config.supervision.start_turn_seconds, clock=clock
        )
        self._settling: asyncio.Task[None] | None = None
        self._supervisors = {name: self._supervisor(name, server, rng) for name, server in config.servers.items()}

    async def __aenter__(self) -> Self:
        """Start all servers, which are waited for by `settled`; raises StoreUnavailableError."""
        await self.pins.load()
        for supervisor in self._supervisors.values():
            supervisor.start()
        self._settling = asyncio.create_task(self._settle(), name="tools:settling")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all servers at once; calls still in flight fail."""
        await ended(self._settling)
        await asyncio.gather(*(each.stop() for each in self._supervisors.values()))
        await self._detached.drain(seconds=_DRAIN_SECONDS, clock=self._clock)
        await self.pins.close()
        self._checking.shutdown(wait=False, cancel_futures=True)

    async def settled(self) -> None:
        """Wait, just after the start, a little for the servers that are quick; from then on, return at once."""
        if self._settling is not None:
            await asyncio.wait([self._settling])

    async def catch_up(self) -> None:
        """Hold all tools against what other processes trust by now; to be called every `LOOK_SECONDS`."""
        if not await self.pins.catch_up():
            return
        for name, specs in list(self._specs.items()):
            now = self.pins.marked(self._config.servers[name], specs)
            if now != specs:
                self._take_marked(name, now)

    async def _settle(self) -> None:
        first_results = asyncio.gather(*(each.wait_until(_has_been_tried) for each in self._supervisors.values()))
        await happened_within(first_results, seconds=self._config.supervision.start_wait_seconds, clock=self._clock)

    # What there is ----------------------------------------------------------------------------------------------------

    def tools(self) -> list[ToolSpec]:
        """Return the tools of all servers that are READY, but for those that wait for an approval."""
        ready = (name for name, each in self._supervisors.items() if each.state is ServerState.READY)
        listed = [spec for name in ready for spec in self._specs.get(name, ()) if not spec.is_quarantined]
        return [spec for spec in listed if self._by_name.get(spec.name) is spec]

    def listed(self, server: str) -> tuple[ToolSpec, ...]:
        """Return all tools of a server as last listed, those that wait for an approval included."""
        return self._specs.get(server, ())

    def left_out(self, server: str) -> tuple[LeftOut, ...]:
        """Return what of a server's list is not used."""
        return self._left_out.get(server, ())

    def is_listed(self, server: str) -> bool:
        """Whether the server's tools are known."""
        return server in self._specs

    def find(self, name: str) -> ToolSpec | None:
        """Return the tool of this public name, also while its server is down."""
        return self._by_name.get(name)

    def find_tool(self, server: str, tool: str) -> ToolSpec | None:
        """Return a tool by its server and its own name."""
        return next((spec for spec in self._specs.get(server, ()) if spec.tool == tool), None)

    def server_of(self, name: str) -> str | None:
        """Return the server that a tool of this public name would be of, known or not; None for no server's."""
        fitting = [server for server in self._supervisors if tools_part(name, server) is not None]
        return max(fitting, key=len, default=None)  # `a..b` and `a` are both servers that `a__b__c` begins with

    def status(self) -> list[ServerStatus]:
        """Return every server as it is now, in the order of the configuration."""
        return [each.status() for each in self._supervisors.values()]

    def record(self, spec: ToolSpec) -> ToolRecord:
        """Return what is remembered of a tool."""
        return self._guard(spec).record

    def obstacle(self, spec: ToolSpec) -> Cause | None:
        """Say what would keep a call from a tool now; see `ToolGuard.obstacle`."""
        return self._guard(spec).obstacle()

    def is_switched_off(self, spec: ToolSpec) -> bool:
        """Tell whether an operator has switched a tool off."""
        return self._parts.kill_switch(spec.target)

    def supervisor(self, server: str) -> ServerSupervisor:
        """Return the supervisor of a server, to wait for its states.

        Raises:
            UnknownToolError: there is no such server.
        """
        if server not in self._supervisors:
            message = f"there is no tool server {server!r}"
            raise UnknownToolError(message)
        return self._supervisors[server]

    # Calls ------------------------------------------------------------------------------------------------------------

    async def call_tool(
        self,
        spec: ToolSpec,
        arguments: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        context: CallContext = NOBODY,
    ) -> ToolOutcome:
        """Call a tool, as its server lists it now, once, and return what became of it; see `ToolGuard.call`."""
        if self.find_tool(spec.server, spec.tool) is None:
            outcome = unmade(Cause.INVALID_ARGUMENTS, server=spec.server, tool=spec.tool, effect=spec.effect)
            return replace(outcome, text=_NOT_LISTED)
        return await self._guard(spec).call(arguments, timeout_seconds=timeout_seconds, context=context)

    async def await_server_of(self, name: str) -> None:
        """Give a server that has just been started the time to say whether it has a tool of this name."""
        server = self.server_of(name)
        if server is not None and name not in self._by_name and self._supervisors[server].is_coming_back:
            await self.comes_back(server)

    async def comes_back(self, server: str) -> bool:
        """Wait for a session that may be expected soon, and return whether there is one that is alive."""
        supervisor = self._supervisors[server]
        if supervisor.connection is not None and await supervisor.check(supervisor.connection):
            return True
        if supervisor.connection is None and supervisor.is_coming_back:
            await supervisor.ready_within(self._config.supervision.reopen_seconds)
        elif supervisor.connection is None:
            await supervisor.knock()
        return supervisor.connection is not None

    # Operators --------------------------------------------------------------------------------------------------------

    def reconnect(self, server: str) -> None:
        """Open a new session with a server now, and forget the pauses of its tools.

        Raises:
            UnknownToolError: there is no such server.
        """
        self.supervisor(server).reconnect()
        for spec in self.listed(server):
            self.record(spec).cooling.end()

    def approve(self, server: str, tool: str, *, digest: str | None, actor: str) -> ToolSpec:
        """Trust a tool as it is now, and give it as it is then.

        Raises:
            UnknownToolError: there is no such server, or it has no such tool.
            ToolChangedError: the tool is not what the operator has seen, if `digest` says what that was.
        """
        self.supervisor(server)
        spec = self.find_tool(server, tool)
        if spec is None:
            message = f"tool server {server!r} lists no tool {tool!r}"
            raise UnknownToolError(message)
        self.pins.approve(spec, digest=digest, actor=actor)
        approved = replace(spec, is_quarantined=False)
        self._take_marked(server, tuple(approved if each is spec else each for each in self._specs[server]))
        return approved

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call back whenever other tools are offered than before."""
        self._listeners.append(listener)

    def watch_calls(self, listener: CallObserver) -> None:
        """Call back, from now on, whenever a call of a tool is over."""
        self._call_listeners.append(listener)

    def watch_refusals(self, listener: RefusalObserver) -> None:
        """Call back, from now on, when our credential may not use a tool of a server that accepts it, and why."""
        self._refusal_listeners.append(listener)

    def new_transport(self, server: str) -> ServerTransport:
        """Give a transport, not yet open, for the next session with a server: as it is configured."""
        return self._transports.make(server)

    # Putting together -----------------------------------------------------------------------------------------------

    def _supervisor(self, name: str, server: ServerConfig, rng: Callable[[], float]) -> ServerSupervisor:
        return ServerSupervisor(
            name,
            open_transport=partial(self.new_transport, name),
            clock=self._clock,
            rng=rng,
            config=self._config.supervision,
            on_change=self._changed,
            turn=nullcontext if server.url else self._start_line.turn,  # an address costs us nothing to start
        )

    def _guard(self, spec: ToolSpec) -> ToolGuard:
        """Give the guard of a tool, which knows it as its server lists it now, whatever the caller has seen of it."""
        if spec.target not in self._guards:
            self._guards[spec.target] = self._new_guard(self.find_tool(spec.server, spec.tool) or spec)
        return self._guards[spec.target]

    def _new_guard(self, spec: ToolSpec) -> ToolGuard:
        return ToolGuard(
            spec,
            supervisor=self._supervisors[spec.server],
            limits=self._config.limits_of(spec.server, spec.tool),
            override=self._config.override_of(spec.server, spec.tool),
            checker=self._checker(spec),
            parts=self._parts,
        )

    def _renew_guard(self, spec: ToolSpec) -> None:
        """Tell a tool's guard how it is listed now: perhaps with another schema or effect, or quarantined."""
        guard = self._guards.get(spec.target)
        if guard is not None and guard.spec is not spec:
            guard.checker = guard.checker if guard.spec.output_schema == spec.output_schema else self._checker(spec)
            guard.spec = spec

    def _checker(self, spec: ToolSpec) -> ResultChecker | None:
        return None if spec.output_schema is None else ResultChecker(spec.output_schema, executor=self._checking)

    def _changed(self, supervisor: ServerSupervisor) -> None:
        connection, name = supervisor.connection, supervisor.name
        if connection is not None:  # those of a server that is down stay known, so that a call can say what is wrong
            listing = self._listing(name, connection)
            self._left_out[name] = listing.left_out
            before = self._specs.get(name)
            now = self.pins.examine(name, self._config.servers[name], listing.specs)
            self._take(name, before if before == now else now)
        self._tell_listeners()
        self._on_change(supervisor.status())

    def _take_marked(self, server: str, specs: tuple[ToolSpec, ...]) -> None:
        """Take the same tools, of which others are trusted than before."""
        self._take(server, specs)
        self._on_change(self._supervisors[server].status())

    def _listing(self, name: str, connection: Connection) -> Listing:
        return tool_specs(
            name,
            connection.tools,
            config=self._config.servers[name],
            overrides=self._config.overrides,
            reserved=self._config.capabilities.keys(),
        )

    def _take(self, server: str, specs: tuple[ToolSpec, ...]) -> None:
        if self._specs.get(server) is specs:
            return
        self._specs[server] = specs
        latest_first = [self._specs.get(name, ()) for name in reversed(self._supervisors)]
        self._by_name = {spec.name: spec for each in latest_first for spec in each}  # the first that is configured wins
        self.version += 1
        self._targets[server] |= {spec.target for spec in specs}
        self._forget_unlisted(server)
        for spec in specs:
            self._parts.board.get(spec.target)  # an operator may trip it before anybody has called it
            self._renew_guard(spec)
        self._tell_listeners()

    def _forget_unlisted(self, server: str) -> None:
        """Drop what is kept of tools that a server lists no more, but not what is known of their calls."""
        for target in self._targets[server] - {spec.target for spec in self._specs[server]}:
            guard = self._guards.get(target)
            if (guard is None or guard.record.calls == 0) and self._parts.board.drop(target):
                self._guards.pop(target, None)
                self._targets[server].discard(target)

    def _tool_forbidden(self, spec: ToolSpec, why: str) -> None:
        for listener in self._refusal_listeners:
            listener(spec, why)

    def _call_over(self, call: GuardedCall) -> None:
        for listener in self._call_listeners:
            listener(call)

    def _tell_listeners(self) -> None:
        offered = frozenset((spec.name, spec.digest) for spec in self.tools())
        if offered == self._offered:
            return
        self._offered = offered
        for listener in self._listeners:
            listener()


def _has_been_tried(supervisor: ServerSupervisor) -> bool:
    return supervisor.state is not ServerState.CONNECTING
