"""A few processes start at a time, and none that hangs keeps the others waiting for long."""

import asyncio

from sentinel.testing.clock import FakeClock, settle
from sentinel.tools.session.starting import StartLine


class Starting:
    """Servers that start in turn, and who of them has begun."""

    def __init__(self, count: int, *, places: int) -> None:
        self.clock = FakeClock()
        self.line = StartLine(places, seconds=2.0, clock=self.clock)
        self.begun: list[int] = []
        self.ready = [asyncio.Event() for _ in range(count)]
        self.tasks = [asyncio.create_task(self._start(number)) for number in range(count)]

    async def _start(self, number: int) -> None:
        async with self.line.turn():
            self.begun.append(number)
            await self.ready[number].wait()

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_who_is_ready_makes_room_for_the_next() -> None:
    starting = Starting(4, places=2)
    await settle()
    assert starting.begun == [0, 1]
    starting.ready[1].set()
    await settle()
    assert starting.begun == [0, 1, 2]
    await starting.end()


async def test_who_never_is_makes_room_too_after_a_while() -> None:
    starting = Starting(4, places=2)
    await settle()
    await starting.clock.elapse(1.9)
    assert starting.begun == [0, 1]
    await starting.clock.elapse(0.1)
    assert starting.begun == [0, 1, 2, 3]
    await starting.end()


async def test_a_place_is_given_on_once() -> None:
    """After its time, and not again when its holder is ready at last; also by one that gave up in line."""
    starting = Starting(6, places=1)
    await settle()
    await starting.clock.elapse(2.0)
    assert starting.begun == [0, 1]
    starting.ready[0].set()
    starting.tasks[2].cancel()
    await settle()
    assert starting.begun == [0, 1]
    starting.ready[1].set()
    await settle()
    assert starting.begun == [0, 1, 3]
    await starting.end()
