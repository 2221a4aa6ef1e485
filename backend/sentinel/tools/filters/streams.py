"""Messages on their way from a transport to the SDK's client, altered as they pass."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from mcp.shared.message import SessionMessage

Item = SessionMessage | Exception


class AlteredStream:
    """A stream of messages, each as `alter` gives it, with all that the SDK asks of one."""

    def __init__(self, inner: Any, alter: Callable[[Item], Item]) -> None:
        """Read from `inner`."""
        self._inner = inner
        self._alter = alter

    @property
    def last_context(self) -> Any:
        """What the SDK keeps beside the last message."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Item:
        """Give the next message."""
        return self._alter(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        return self._alter(await self._inner.__anext__())

    async def aclose(self) -> None:
        """Close the stream."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        left: bool | None = await self._inner.__aexit__(kind, exc, trace)
        return left
