"""How often others have their turn while something is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Bystander:
    """One who takes every turn of the event loop that he can have; `turns` counts them."""

    turns = 0

    async def stand_by(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turns += 1


@asynccontextmanager
async def bystander() -> AsyncIterator[Bystander]:
    """Let somebody stand by."""
    one = Bystander()
    task = asyncio.create_task(one.stand_by())
    await asyncio.sleep(0)  # it has begun
    try:
        yield one
    finally:
        task.cancel()
