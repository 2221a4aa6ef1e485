"""A wait with an end."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def bounded(awaitable: Awaitable[Result], seconds: float | None) -> Result:
    """Wait for something at most so long, or raise TimeoutError.

    Unlike `asyncio.wait_for` of Python 3.11 this never swallows that its caller is cancelled: what was cancelled in the
    very turn in which the thing was done went on as if nothing had been asked of it.
    """
    async with asyncio.timeout(seconds):
        return await awaitable
