"""A supervised peer, and a guard over it, on a clock that tests turn."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.tools.guarded import Guarded
from tests.unit.tools.supervised import Supervised


@pytest.fixture
async def supervised() -> AsyncIterator[Supervised]:
    """Not started; whatever a test starts is stopped."""
    case = Supervised()
    yield case
    stopping = asyncio.create_task(case.supervisor.stop())
    while not stopping.done():
        await case.clock.elapse(1.0)
    await stopping


@pytest.fixture
async def guarded(supervised: Supervised) -> Guarded:
    """A guard over a supervised peer that is ready."""
    await supervised.ready()
    return Guarded(supervised)
