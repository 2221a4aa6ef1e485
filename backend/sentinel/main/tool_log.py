"""What the log says of tool servers, and what an operator hears of them: each change once, and never a flood."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from sentinel.clock import Clock
from sentinel.redaction import redact_text
from sentinel.telemetry.logging import get_logger
from sentinel.tools.catalogue.spec import LeftOut, ToolSpec
from sentinel.tools.session.server_status import ServerState, ServerStatus

NAMED: Final = 10
"""How many tools a line names; it always has their number."""
PAUSE_SECONDS: Final = 5.0
"""The least time between two lines of one kind about one server: a server may change its list all the time."""

_EVERY_SERVER: Final = ""
_Kind = tuple[str, str]

logger = get_logger(__name__)


class ToolLog:
    """Tells the log what becomes of tool servers, each change once, and an operator what waits for him."""

    def __init__(self, refused: Callable[[str, str], None], *, clock: Clock) -> None:
        """Tell `refused` of a server that does not accept our credential, and why."""
        self._refused = refused
        self._told: dict[str, tuple[str, str | None]] = {}
        self._refusing: set[str] = set()
        self._lists = _Lists(clock)
        self._is_closed = False

    def changed(self, status: ServerStatus, tools: Sequence[ToolSpec], left_out: Sequence[LeftOut]) -> None:
        """Take in a server, its tools, and what of its list is not used, as they are now."""
        if self._is_closed:
            return
        self._lists.take("tools_quarantined", status.name, {spec.tool for spec in tools if spec.is_quarantined})
        self._lists.take("tools_left_out", status.name, {f"{each.tool} ({each.reason})" for each in left_out})
        is_ready = status.state is ServerState.READY
        now = (status.state.value, None if is_ready else status.last_error)
        if status.state is ServerState.CONNECTING or status.is_ending or self._told.get(status.name) == now:
            return
        self._told[status.name] = now
        if is_ready:
            self._refusing.discard(status.name)
            logger.info("tool_server_ready", server=status.name, tools=len(status.tools), pid=status.pid)
            return
        detail = redact_text(status.last_error or "")
        logger.warning("tool_server_down", server=status.name, detail=detail, is_refused=status.is_refused)
        if status.is_refused and status.name not in self._refusing:
            self._refusing.add(status.name)
            self._refused(status.name, detail)

    def offered(self, withheld: frozenset[str]) -> None:
        """Take in which of the tools that are offered models are not told of."""
        if self._is_closed:
            return
        self._lists.take("tools_withheld", _EVERY_SERVER, withheld)

    def close(self) -> None:
        """Say no more: servers that go down from now on are stopped by ourselves."""
        self._is_closed = True
        self._lists.close()


class _Lists:
    """Lists of tools, of which a line names what was not in the last one; what comes in a pause is told after it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: dict[_Kind, frozenset[str]] = {}
        self._told: dict[_Kind, frozenset[str]] = {}
        self._pauses: dict[_Kind, asyncio.Task[None]] = {}

    def take(self, event: str, server: str, names: set[str] | frozenset[str]) -> None:
        kind = event, server
        self._now[kind] = frozenset(names)
        if kind not in self._pauses:
            self._tell(kind)

    def close(self) -> None:
        for pause in self._pauses.values():
            pause.cancel()

    def _tell(self, kind: _Kind) -> None:
        event, server = kind
        new = self._now[kind] - self._told.get(kind, frozenset())
        self._told[kind] = self._now[kind]
        if new:
            of_server = {"server": server} if server else {}
            logger.warning(event, **of_server, tools=sorted(new)[:NAMED], count=len(new), detail=_MEANING[event])
            self._pauses[kind] = asyncio.create_task(self._pause(kind), name=f"tools:{server}:{event}")

    async def _pause(self, kind: _Kind) -> None:
        await self._clock.sleep(PAUSE_SECONDS)
        del self._pauses[kind]
        self._tell(kind)


_MEANING: Final = {
    "tools_quarantined": "they wait for approval",
    "tools_left_out": "these tools, or the schemas of their results, are not used",
    "tools_withheld": "models are not offered these tools: there are more than they accept",
}
