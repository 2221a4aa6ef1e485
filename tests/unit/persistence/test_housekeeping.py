"""The housekeeper: chores in their time, one after the other, and none lost to a database that is away."""

import asyncio

import pytest

from sentinel.errors import StoreUnavailableError
from sentinel.persistence.housekeeping import Chore, Housekeeper
from sentinel.testing.clock import FakeClock, settle


@pytest.fixture
def clock() -> FakeClock:
    """Time that the test turns."""
    return FakeClock()


async def test_each_chore_has_its_own_time(clock: FakeClock) -> None:
    done: list[tuple[str, float]] = []

    def chore(name: str, *, every: float, first: float) -> Chore:
        async def tidy() -> None:
            done.append((name, clock.monotonic() - 1000))

        return Chore(name=name, tidy=tidy, every_seconds=every, first_seconds=first)

    async with Housekeeper([chore("often", every=60, first=60), chore("seldom", every=150, first=10)], clock=clock):
        await clock.elapse(300)
    assert done == [
        ("seldom", 10), ("often", 60), ("often", 120), ("seldom", 160), ("often", 180), ("often", 240), ("often", 300)
    ]  # fmt: skip


async def test_what_cannot_be_done_now_is_done_the_next_time_and_holds_up_nothing_else(clock: FakeClock) -> None:
    tries: list[str] = []

    async def away() -> None:
        tries.append("away")
        raise StoreUnavailableError("away")

    async def works() -> None:
        tries.append("works")

    chores = [Chore(name="a", tidy=away, every_seconds=60), Chore(name="b", tidy=works, every_seconds=60)]
    async with Housekeeper(chores, clock=clock):
        await clock.elapse(120)
    assert tries == ["away", "works", "away", "works"]


async def test_leaving_does_not_wait_for_a_chore(clock: FakeClock) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    async with Housekeeper([Chore(name="endless", tidy=endless, every_seconds=60)], clock=clock):
        await clock.elapse(60)
    await settle()
    assert [task for task in asyncio.all_tasks() if task.get_name() == "housekeeper"] == []


async def test_a_mistake_in_a_chore_is_told_and_does_not_end_the_others(
    clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    swept: list[float] = []

    async def mistaken() -> None:
        swept.append(clock.monotonic())
        raise ValueError("a mistake")

    async with Housekeeper([Chore(name="mistaken", tidy=mistaken, every_seconds=60)], clock=clock):
        await clock.elapse(120)
    assert len(swept) >= 2
    assert "a mistake" in capsys.readouterr().out
