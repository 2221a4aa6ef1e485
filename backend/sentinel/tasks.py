"""The end of background tasks: whoever has begun some ends them with itself, and waits until they have ended."""

import asyncio
from typing import Any


async def ended(*tasks: "asyncio.Future[Any] | None") -> None:
    """Cancel tasks and wait until all have ended, no matter how; None stands for one that was never begun.

    Whoever is cancelled while it waits here is cancelled: a `suppress(CancelledError)` around the wait would hide it.
    """
    begun = [task for task in tasks if task is not None]
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
