"""Keeps a session with one server: one task opens it, watches it, closes it and opens it again.

The SDK's client must be entered and left by the same task, and never reconnects by itself. Calls do not pass through
that task: whoever has the current `connection` sends over it directly.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import datetime
from functools import partial
from typing import Final

from sentinel.clock import Clock
from sentinel.tools.catalogue.reading import ReadTool
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.back_off import KNOCK_SECONDS, BackOff
from sentinel.tools.session.classification import explained, fault_of, innermost
from sentinel.tools.session.connection import NEGOTIATE, Connection, open_connection
from sentinel.tools.session.opening import opened_within
from sentinel.tools.session.server_status import ServerState, ServerStatus
from sentinel.tools.session.watch import REFUSED, Relisting, Watch, fault_of_question
from sentinel.tools.transport.server_transport import ServerTransport
from sentinel.tools.waiting import DetachedTasks, finished_within, happened_within, unasked_cancellation_survived

_ENDED: Final = "the session ended"


class ServerSupervisor:
    """The owner of one server's session. `start` and `stop` may be called from different tasks."""

    def __init__(
        self,
        name: str,
        *,
        open_transport: Callable[[], ServerTransport],
        clock: Clock,
        rng: Callable[[], float],
        config: SupervisionConfig,
        on_change: Callable[["ServerSupervisor"], None],
        turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """Start nothing yet. `rng` gives floats in [0, 1); `on_change` is called after every change of state; sessions
        are opened inside a `turn`.
        """
        self.name = name
        self.state = ServerState.CONNECTING
        self.connection: Connection | None = None
        self._open_transport = open_transport
        self._clock = clock
        self._rng = rng
        self._config = config
        self._on_change = on_change
        self._since = clock.now()
        self._turn = turn
        self._last_error: str | None = None
        self._last_error_at: datetime | None = None
        self._last_cause: Cause | None = None
        self._sessions = 0
        self._tools: tuple[str, ...] = ()
        self._era = NEGOTIATE
        self._owner: asyncio.Task[None] | None = None
        self._sign_of_life: asyncio.Task[None] | None = None
        self._relisting = Relisting(self._replace_tools, clock=clock, config=config, rng=rng)
        self._is_refused = False
        self._detached = DetachedTasks()
        self._loss = asyncio.Event()
        self._loss.set()
        self._loss_reason: str | None = None
        self._ready_at = math.inf
        self._missing_since = -math.inf
        self._is_stopping = False
        self._back_off = BackOff(clock=clock, rng=rng, config=config)
        self._attempts = 0
        self._changed = asyncio.Event()

    # For everybody --------------------------------------------------------------------------------------------------

    def status(self) -> ServerStatus:
        """Return the server as it is now."""
        connection = self.connection
        return ServerStatus(
            name=self.name,
            state=self.state,
            since=self._since,
            tools=self._tools,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            retry_at=self._back_off.due_at,
            last_cause=self._last_cause,
            sessions=self._sessions,
            protocol_version=connection.protocol_version if connection else None,
            pid=connection.transport.pid if connection else None,
            is_refused=self._is_refused,
            is_ending=self._loss_reason == _ENDED,
        )

    async def wait_until(self, condition: Callable[["ServerSupervisor"], bool]) -> None:
        """Wait until the condition holds; it is asked again after every change of state."""
        while not condition(self):
            await self._changed.wait()

    def report_refusal(self, connection: Connection, reason: str) -> None:
        """Say that the server refused our credential: nothing is sent to it until much later."""
        if connection is self.connection:
            self._is_refused = True
            self._lose(f"our credential is refused: {reason}", Cause.AUTH)

    def report_silence(self, connection: Connection) -> None:
        """Say that a call on this session found no answer; if the server is silent altogether, it is replaced."""
        if connection is self.connection and self._sign_of_life is None:
            self._sign_of_life = asyncio.create_task(self._ask(connection), name=f"tools:{self.name}:sign-of-life")

    async def check(self, connection: Connection) -> bool:
        """Ask for a sign of life and return whether it came; if not, the session is replaced."""
        self.report_silence(connection)
        if self._sign_of_life is not None and connection is self.connection:
            await asyncio.wait({self._sign_of_life})
        return connection is self.connection

    def relist(self, connection: Connection | None = None) -> None:
        """List the tools of the current session anew, soon; the result is told like any change of state."""
        current = self.connection
        if current is not None and (connection is None or connection is current):
            self._relisting.ask(current)

    @property
    def is_coming_back(self) -> bool:
        """Whether there is no session, and one may be expected soon: it was lost, or never there, only now."""
        missing_for = self._clock.monotonic() - self._missing_since
        return self.connection is None and not self._is_refused and missing_for < self._config.reopen_seconds

    def replace(self, connection: Connection, reason: str, cause: Cause) -> None:
        """Say that a call found this session useless: a new one is opened in its stead, at once.

        One that others use ends only if its server does not answer in it: the server may be wrong about it.
        """
        if connection is not self.connection:
            return
        if connection.in_flight:
            self.report_silence(connection)
            return
        self._lose(reason, cause)
        self._hasten()
        if cause is Cause.PROTOCOL:
            self._era = NEGOTIATE

    async def ready_within(self, seconds: float) -> Connection | None:
        """Return the current session, or the next one if it comes in time: it is asked for now, and every second."""
        end = self._clock.monotonic() + seconds
        while self.connection is None and not self._is_refused and (left := end - self._clock.monotonic()) > 0:
            self._hasten()
            ready = self.wait_until(_is_ready)
            await happened_within(ready, seconds=min(left, KNOCK_SECONDS), clock=self._clock)
        return self.connection

    async def knock(self) -> Connection | None:
        """Open a session now and return it; at most once a second, and only as long as an attempt takes, or less.

        A server that was away for long is found again by the first call, not only when its back-off is over.
        """
        if self.connection is None and not self._is_refused:
            self._hasten()
            ended = self._attempts
            tried = self.wait_until(lambda one: one.connection is not None or one._attempts > ended)
            await happened_within(tried, seconds=KNOCK_SECONDS, clock=self._clock)
        return self.connection

    def reconnect(self) -> None:
        """Open a new session now: end the current one, or the wait for the next attempt."""
        self._back_off.hurry()
        if self.connection is not None:
            self._lose("an operator asked for a new session")

    def start(self) -> None:
        """Begin to own the session."""
        self._missing_since = self._clock.monotonic()
        self._owner = asyncio.create_task(self._own(), name=f"tools:{self.name}:owner")

    async def stop(self) -> None:
        """End the session and everything that belongs to it; takes at most `close_seconds` and a little."""
        self._is_stopping = True
        owner = self._owner
        if owner is None:
            return
        if self.connection is not None:
            self._lose("closing")
            await finished_within(owner, seconds=self._config.close_seconds, clock=self._clock)
        owner.cancel()
        await finished_within(owner, seconds=self._config.close_seconds, clock=self._clock)
        for task in (self._sign_of_life, self._relisting.stop()):
            if task is not None:
                self._detached.adopt(task)
        await self._detached.drain(seconds=1.0, clock=self._clock)

    # The owner's task -----------------------------------------------------------------------------------------------

    async def _own(self) -> None:
        while not self._is_stopping:
            await self._hold_session()
            with unasked_cancellation_survived():
                if not self._is_stopping:
                    await self._back_off.wait(is_refused=self._is_refused)

    async def _hold_session(self) -> None:
        """Open a session, and keep it until it is lost."""
        self._loss.clear()
        self._loss_reason = None
        self._become(ServerState.CONNECTING)
        transport = self._open_transport()
        transport.on_end(self._transport_ended)
        transport.on_doubt(self._transport_doubts)
        try:
            with unasked_cancellation_survived():
                async with AsyncExitStack() as stack:
                    await self._use(stack, transport)
        except Exception as exc:  # noqa: BLE001 -- leaving the SDK's client may raise what it met meanwhile
            self._lose(transport.redactor.text(explained(exc)), Cause.TRANSPORT)
        finally:
            self._lose(_ENDED, Cause.TRANSPORT)
            self._name_the_end(transport)

    async def _use(self, stack: AsyncExitStack, transport: ServerTransport) -> None:
        try:
            async with self._turn():
                connection = await self._connect(stack, transport)
        except Exception as exc:  # noqa: BLE001 -- a server can make the SDK raise anything; supervision outlives it
            fault = fault_of(innermost(exc))
            self._era = NEGOTIATE
            self._is_refused = fault in REFUSED
            self._lose(transport.redactor.text(explained(exc)), fault or Cause.CONNECT)
            return
        self._publish(connection)
        watch = asyncio.create_task(self._watch(connection).run(), name=f"tools:{self.name}:watch")
        try:
            await self._loss.wait()
        finally:
            self._detached.adopt(watch)

    def _watch(self, connection: Connection) -> Watch:
        return Watch(
            connection=connection,
            check=partial(self.check, connection),
            tools_changed=partial(self.relist, connection),
            clock=self._clock,
            config=self._config,
            rng=self._rng,
        )

    async def _connect(self, stack: AsyncExitStack, transport: ServerTransport) -> Connection:
        config, clock = self._config, self._clock
        opening = open_connection(
            stack, transport, era=self._era, config=config, clock=clock, on_tools_changed=self.relist
        )
        seconds = config.connect_seconds
        expired = partial(self._lose, f"no session within {seconds:g} s", Cause.CONNECT)
        return await opened_within(seconds, opening, transport=transport, clock=clock, expired=expired)

    def _publish(self, connection: Connection) -> None:
        if self._loss.is_set():
            connection.is_lost = True
            return
        connection.transport.opened()
        self._era = connection.era
        self._is_refused = False
        self._sessions += 1
        self._ready_at = self._clock.monotonic()
        self._tools = tuple(tool.name for tool in connection.tools)
        self.connection = connection
        self._become(ServerState.READY)

    # Changes of state, all of them synchronous -----------------------------------------------------------------------

    def _hasten(self) -> None:
        """Attempt the next opening now instead of after a pause; one that is under way will do."""
        if self.state is ServerState.DOWN:
            self._back_off.knock()

    def _transport_ended(self) -> None:
        self._lose(_ENDED, Cause.TRANSPORT if self.connection else Cause.CONNECT)

    def _transport_doubts(self) -> None:
        if self.connection is not None:
            self.report_silence(self.connection)

    def _name_the_end(self, transport: ServerTransport) -> None:
        if self._loss_reason == _ENDED:
            # How a process ended is known only after the teardown.
            self._loss_reason = self._last_error = transport.describe_end()
            self._announce()

    def _lose(self, reason: str, cause: Cause | None = None) -> None:
        """Flip the state at once; closing what is left takes its time. Only the first reason counts."""
        if self._loss.is_set():
            return
        self._loss_reason = self._last_error = reason
        self._last_error_at = self._clock.now()
        self._attempts += self.connection is None
        self._back_off.note(was_of_use=self._is_of_use())
        self._last_cause = cause
        self._loss.set()
        if self.connection is not None:
            self.connection.is_lost = True
            self.connection = None
            self._missing_since = self._clock.monotonic()
        self._become(ServerState.DOWN)

    def _is_of_use(self) -> bool:
        """Whether the session has answered a call, or has lasted."""
        connection, lasted = self.connection, self._clock.monotonic() - self._ready_at
        return connection is not None and (connection.has_answered or lasted >= self._config.stable_seconds)

    def _become(self, state: ServerState) -> None:
        self.state = state
        self._since = self._clock.now()
        self._announce()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change(self)

    # Questions in between ---------------------------------------------------------------------------------------------

    async def _ask(self, connection: Connection) -> None:
        question = asyncio.create_task(connection.is_alive(), name=f"tools:{self.name}:question")
        try:
            await finished_within(question, seconds=self._config.probe_seconds, clock=self._clock)
            cause = fault_of_question(question) if connection is self.connection else None
            if cause in REFUSED:
                self.report_refusal(connection, "as it told when asked for a sign of life")
            elif cause is Cause.SESSION_EXPIRED:
                self._lose("the server has forgotten the session", cause)
                self._hasten()
            elif cause is not None:
                self._lose(f"silent for {self._config.probe_seconds:g} s when asked for a sign of life", cause)
                connection.transport.abort()
        finally:
            self._detached.adopt(question)
            self._sign_of_life = None

    def _replace_tools(self, connection: Connection, tools: tuple[ReadTool, ...]) -> None:
        if connection is self.connection:
            connection.tools = tools
            self._tools = tuple(tool.name for tool in tools)
            self._announce()


def _is_ready(supervisor: ServerSupervisor) -> bool:
    return supervisor.state is ServerState.READY
