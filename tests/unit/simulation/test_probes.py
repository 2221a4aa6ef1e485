"""Many callers at the moment an open circuit may be tried: one goes through, whoever leaves and however it ends."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sentinel.domain.routes import Deadlines, Target
from sentinel.resilience.breaker_view import BreakerState
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.unit.simulation.world import (
    DOWN,
    FALLBACK,
    HUNG,
    PRIMARY,
    Weather,
    World,
    always,
    between,
    fine,
    noise,
    simulate,
)

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


async def open_it(world: World) -> None:
    """Until its circuit opens, and then until that has been open long enough."""
    while world.state(PRIMARY) is not OPEN:
        await world.crowd(1)
    await world.clock.sleep(37)


def crowd(size: int = 100) -> Callable[[World], Awaitable[None]]:
    return lambda world: world.crowd(size)


def down_for(seconds: float, afterwards: Weather = fine) -> dict[Target, Weather]:
    return {PRIMARY: between(0, seconds, inside=always(DOWN), outside=afterwards), FALLBACK: fine}


def test_of_a_hundred_callers_at_once_one_probes_and_all_are_served() -> None:
    world = simulate(down_for(30), open_it, crowd())
    began = world.changes(PRIMARY, HALF_OPEN)[0]
    assert len(world.asked(PRIMARY, began)) == 1
    assert len(world.asked(FALLBACK, began)) == 99
    assert world.unserved == []


def test_a_second_crowd_closes_the_circuit_and_the_third_is_served_by_the_primary() -> None:
    world = simulate(down_for(30), open_it, crowd(), crowd(), crowd())
    assert world.state(PRIMARY) is CLOSED
    assert len(world.asked(PRIMARY, world.changes(PRIMARY, CLOSED)[0])) == 100


def test_a_probe_that_fails_is_the_only_call_that_meets_the_target() -> None:
    world = simulate(down_for(1e6), open_it, crowd())
    assert len(world.asked(PRIMARY, world.changes(PRIMARY, HALF_OPEN)[0])) == 1
    assert world.state(PRIMARY) is OPEN
    assert world.unserved == []


def test_a_caller_who_leaves_while_probing_gives_its_place_to_the_next() -> None:
    async def leave(world: World) -> None:
        probing = asyncio.create_task(world.call())
        await world.clock.sleep(5)
        assert world.asked(PRIMARY, world.changes(PRIMARY, HALF_OPEN)[0])
        probing.cancel()
        await asyncio.wait([probing])

    hanging = between(30, 43, inside=always(HUNG), outside=fine)
    world = simulate(down_for(30, hanging), open_it, leave, crowd(1), crowd(1))
    probing = world.changes(PRIMARY, HALF_OPEN)
    assert len(probing) == 1
    assert len(world.asked(PRIMARY, probing[0])) == 3
    assert world.state(PRIMARY) is CLOSED


def test_callers_who_leave_at_any_moment_leave_nothing_behind_and_blame_nobody() -> None:
    async def restless(world: World) -> None:
        async with asyncio.TaskGroup() as callers:
            for _ in range(1500):
                await world.clock.sleep(world.rng.expovariate(5))
                callers.create_task(leaving(world, world.rng.uniform(0, 1.1)))

    async def leaving(world: World, patience: float) -> None:
        calling = asyncio.create_task(world.call())
        await asyncio.wait([calling], timeout=patience)
        calling.cancel()
        await asyncio.wait([calling])

    world = simulate({PRIMARY: noise(0.01), FALLBACK: noise(0.01)}, restless)
    assert 100 < len(world.ended) < 1000
    assert world.transitions == []


def test_an_event_loop_that_is_shut_down_in_the_middle_of_everything_leaves_nothing_held() -> None:
    async def work() -> tuple[World, list[asyncio.Task[None]]]:
        world = World(down_for(30, always(HUNG)), seed=1, deadlines=Deadlines())
        await open_it(world)
        calling = [asyncio.create_task(world.call()) for _ in range(20)]
        await world.clock.sleep(0.1)
        assert world.protection.board.get(PRIMARY.breaker_keys[1]).snapshot().is_probe_in_flight
        return world, calling

    world, calling = run_in_virtual_time(work())
    assert all(task.cancelled() for task in calling)
    world.assert_at_rest()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    def traced(seed: int) -> list[object]:
        weather = {PRIMARY: between(60, 300, inside=noise(0.7)), FALLBACK: noise(0.05, bad=HUNG)}
        limits = Deadlines(first_token_seconds=5, total_seconds=30)
        return simulate(weather, lambda w: w.calls(every=0.5, until=600), seed=seed, deadlines=limits).trace

    assert traced(seed) == traced(seed)
    assert traced(seed) != traced(seed + 10)
