"""The opening of a session, ended when its time is up, even where the SDK shields a wait from being cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from sentinel.clock import Clock
from sentinel.tools.session.connection import Connection
from sentinel.tools.transport.server_transport import ServerTransport

_ABORT_SECONDS: Final = 0.5  # after which an opening that ignores the end of its transport is cancelled


async def opened_within(
    seconds: float,
    opening: Coroutine[Any, Any, Connection],
    *,
    transport: ServerTransport,
    clock: Clock,
    expired: Callable[[], None],
) -> Connection:
    """Await the opening of a session over `transport`, which is cut when the time is up, just after `expired` is told.

    Raises:
        TimeoutError: the opening went on without its transport.
    """

    async def expire() -> None:
        await clock.sleep(seconds)
        expired()
        transport.abort()  # ends every wait on it at once, also those that the SDK shields from cancellation
        await clock.sleep(_ABORT_SECONDS)
        limit.reschedule(asyncio.get_running_loop().time())

    async with asyncio.timeout(None) as limit:
        expiry = asyncio.create_task(expire(), name="tools:connect-deadline")
        try:
            return await opening
        finally:
            expiry.cancel()
