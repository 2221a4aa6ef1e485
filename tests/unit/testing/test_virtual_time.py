"""The event loop whose time jumps."""

import asyncio
import random
import time

import pytest

from sentinel.testing.virtual_time import DeadlockError, LoopClock, run_in_virtual_time


def test_hours_pass_in_moments_and_in_order() -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, hours: float) -> None:
        clock = LoopClock(asyncio.get_running_loop())
        began = clock.monotonic()
        await clock.sleep(hours * 3600)
        woken.append((name, clock.monotonic() - began))

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            for name, hours in (("c", 30.0), ("a", 1.0), ("b", 7.5)):
                tasks.create_task(sleeper(name, hours))

    began = time.monotonic()
    run_in_virtual_time(work())
    assert time.monotonic() - began < 5
    assert woken == [("a", 3600.0), ("b", 27_000.0), ("c", 108_000.0)]


def test_a_timeout_ends_what_takes_too_long_at_its_time() -> None:
    async def work() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await asyncio.Event().wait()
        return loop.time() - began

    assert run_in_virtual_time(work()) == pytest.approx(600)


def test_a_task_group_cancels_the_others_when_one_fails() -> None:
    async def fail() -> None:
        await LoopClock(asyncio.get_running_loop()).sleep(0.5)
        raise KeyError

    async def together() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            tasks.create_task(asyncio.Event().wait())

    async def work() -> float:
        with pytest.raises(ExceptionGroup):
            await together()
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(work()) == pytest.approx(1000.5)


def test_waiting_for_what_never_comes_is_an_error_and_not_a_hang() -> None:
    async def work() -> None:
        await LoopClock(asyncio.get_running_loop()).sleep(0.05)
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"1000\.050 s"):
        run_in_virtual_time(work())


def test_the_wall_clock_goes_along() -> None:
    async def work() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        before = clock.now()
        await clock.sleep(90)
        await clock.sleep(-1)
        assert (clock.now() - before).total_seconds() == pytest.approx(90)

    run_in_virtual_time(work())


def test_the_same_seed_gives_the_same_trace() -> None:
    def trace(seed: int) -> list[tuple[int, float]]:
        rng, seen = random.Random(seed), list[tuple[int, float]]()

        async def wander(number: int) -> None:
            for _ in range(20):
                await asyncio.sleep(rng.random())
                seen.append((number, asyncio.get_running_loop().time()))

        async def work() -> None:
            async with asyncio.TaskGroup() as tasks:
                for number in range(10):
                    tasks.create_task(wander(number))

        run_in_virtual_time(work())
        return seen

    assert trace(7) == trace(7)
    assert trace(7) != trace(8)
