"""Hours of outages, brown-outs and bursts: how soon they are found, what is sent meanwhile, how soon they are over."""

import random
from itertools import pairwise

import pytest

from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import ProviderRateLimitedError
from sentinel.resilience.breaker_view import BreakerState, TransitionRule
from tests.unit.simulation.world import (
    DOWN,
    FALLBACK,
    FINE,
    HUNG,
    PRIMARY,
    Fate,
    Weather,
    World,
    always,
    between,
    fine,
    noise,
    simulate,
)

LONGEST_OPEN = 300 * 1.2
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def two(primary: Weather, fallback: Weather = fine) -> dict[Target, Weather]:
    return {PRIMARY: primary, FALLBACK: fallback}


def flapping(up: float, down: float) -> Weather:
    return lambda at, _: FINE if at % (up + down) < up else DOWN


def test_noise_of_one_percent_changes_nothing_for_hours() -> None:
    world = simulate(two(noise(0.01), noise(0.01)), lambda w: w.calls(every=0.5, until=3600))
    assert len(world.ended) > 7_000
    assert world.transitions == []
    assert world.unserved == []
    assert len(world.asked(FALLBACK)) < 0.02 * len(world.ended)


@pytest.mark.parametrize(
    ("every", "outage", "found_within"),
    [(0.05, 60.0, 1.5), (1.0, 1000.0, 15.0), (100.0, 20_000.0, 1000.0)],
    ids=["20-a-second", "1-a-second", "1-in-100-s"],
)
def test_an_outage_is_found_sends_nothing_while_open_and_ends_soon_after_it_is_over(
    every: float, outage: float, found_within: float
) -> None:
    """Calls last a second, so those that began well go on succeeding for that long."""
    begins, ends = 100.0, 100.0 + outage
    weather = between(begins, ends, inside=always(DOWN))
    longest = min(2 * outage, LONGEST_OPEN)
    world = simulate(two(weather), lambda w: w.calls(every=every, until=ends + longest + 10 * every + 10))
    first = world.changes(PRIMARY, OPEN)[0]
    assert first - begins <= found_within
    assert world.unserved == []
    during = world.asked(PRIMARY, first, ends)
    assert len(during) == len(world.changes(PRIMARY, HALF_OPEN, since=first)) - _after(world, HALF_OPEN, ends)
    (closed,) = world.changes(PRIMARY, CLOSED)
    assert closed - ends <= longest + 5 * every + 5
    assert world.state(PRIMARY) is CLOSED


def _after(world: World, state: BreakerState, time: float) -> int:
    return len(world.changes(PRIMARY, state, since=time))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("every", "found_within"), [(0.05, 8.0), (1.0, 60.0)], ids=["20-a-second", "1-a-second"])
def test_a_brown_out_that_takes_three_of_five_calls_is_found(every: float, found_within: float, seed: int) -> None:
    world = simulate(
        two(between(60, 1e9, inside=noise(0.6))), lambda w: w.calls(every=every, until=60 + found_within), seed=seed
    )
    assert world.changes(PRIMARY, OPEN)[0] > 60
    assert world.unserved == []


def test_a_flapping_target_is_never_called_while_open_and_never_lost() -> None:
    """Three quarters of a minute up, as long down, for an hour."""
    world = simulate(
        two(between(0, 3600, inside=flapping(45, 45))), lambda w: w.calls(every=0.5, until=3600 + 2 * LONGEST_OPEN)
    )
    assert world.unserved == []
    opened = world.changes(PRIMARY, OPEN)
    assert len(opened) > 8
    failed = sum(attempt.cause == "server_error" for ended in world.ended for attempt in ended.attempts)
    assert failed <= 10 * len(opened)
    assert world.state(PRIMARY) is CLOSED
    assert world.asked(PRIMARY, 3600 + LONGEST_OPEN + 10)


def test_the_open_time_doubles_to_its_maximum_while_a_target_stays_down() -> None:
    world = simulate(two(always(DOWN)), lambda w: w.calls(every=0.5, until=3600))
    gaps = [after - before for before, after in pairwise(world.changes(PRIMARY, OPEN))]
    for gap, nominal in zip(gaps, [30, 60, 120, 240, *[300] * 20], strict=False):
        assert nominal <= gap <= nominal * 1.2 + 5
    assert len(gaps) >= 10
    assert {change.rule for change in world.transitions if change.from_state is HALF_OPEN} == {TransitionRule.PROBE}


def test_a_target_that_drips_is_found_by_its_slowness() -> None:
    drip = Fate(first_content=15.0, rest=1.0)
    world = simulate(two(between(60, 1200, inside=always(drip))), lambda w: w.calls(every=1.0, until=2000))
    change = next(change for change in world.transitions if change.key == PRIMARY.breaker_keys[1])
    assert change.rule is TransitionRule.SLOW_CALLS
    assert world.changes(PRIMARY, OPEN)[0] <= 60 + 60 + 15
    assert world.unserved == []
    assert world.state(PRIMARY) is CLOSED


def test_a_probe_that_hangs_longer_than_half_open_may_last_wedges_nothing() -> None:
    patient = Deadlines(first_token_seconds=150, total_seconds=400)
    weather = between(0, 50, inside=always(DOWN), outside=between(50, 500, inside=always(HUNG)))
    world = simulate(two(weather), lambda w: w.calls(every=0.5, until=1500), deadlines=patient)
    expired = [change for change in world.transitions if change.rule is TransitionRule.EXPIRED]
    assert expired
    probing = world.changes(PRIMARY, HALF_OPEN)
    for since in probing:
        left = min([*world.changes(PRIMARY, OPEN, since=since), *world.changes(PRIMARY, CLOSED, since=since)])
        assert left - since <= 60 + 5  # it ends when the next caller looks
    assert world.unserved == []
    assert world.state(PRIMARY) is CLOSED
    assert world.protection.board.get(PRIMARY.breaker_keys[1]).snapshot().ignored > 0  # what came late


def test_when_everything_is_down_callers_are_told_at_once_and_nothing_is_hammered() -> None:
    begins, ends = 100.0, 1300.0
    dead = between(begins, ends, inside=always(DOWN))
    world = simulate(two(dead, dead), lambda w: w.calls(every=0.2, until=ends + LONGEST_OPEN + 20))
    refused = [ended for ended in world.unserved if not ended.requests]
    assert len(refused) > 5000
    assert max(ended.seconds for ended in refused) < 1e-3
    settled = [len(world.asked(target, begins + 30, ends)) for target in (PRIMARY, FALLBACK)]
    assert max(settled) <= 8  # probes
    assert [ended for ended in world.unserved if ended.at > ends + LONGEST_OPEN] == []


def test_retries_on_a_single_target_stay_within_their_budget_and_help_while_they_last() -> None:
    """Every retry is audited in the world itself."""
    world = simulate({PRIMARY: noise(0.03)}, lambda w: w.calls(every=0.2, until=900))
    assert world.audit.retries["one"] > 30
    assert len(world.unserved) < 0.01 * len(world.ended)
    stormy = simulate({PRIMARY: between(60, 900, inside=noise(0.45))}, lambda w: w.calls(every=0.2, until=900))
    failed = sum(attempt.cause == "server_error" for ended in stormy.ended for attempt in ended.attempts)
    assert 0 < stormy.audit.retries["one"] < 0.2 * failed


def test_bursts_of_callers_and_of_errors_leave_nothing_behind() -> None:
    async def bursts(world: World) -> None:
        for _ in range(30):
            await world.crowd(100)
            await world.clock.sleep(60)

    def weather(at: float, rng: random.Random) -> Fate:
        return DOWN if at % 600 < 62 and rng.random() < 0.7 else FINE

    world = simulate(two(weather), bursts, lambda w: w.calls(every=1, until=w.now + LONGEST_OPEN + 30))
    assert world.changes(PRIMARY, OPEN)
    assert world.unserved == []
    assert world.state(PRIMARY) is CLOSED


def test_a_target_that_throttles_is_left_alone_for_as_long_as_it_asks_and_no_circuit_minds() -> None:
    throttled = Fate(
        first_content=0.05, error=ProviderRateLimitedError("slow down", cause="rate_limit", retry_after=40.0)
    )
    world = simulate(two(between(60, 600, inside=always(throttled))), lambda w: w.calls(every=0.5, until=900))
    asked = [request.at for request in world.asked(PRIMARY, 62, 600)]
    assert len(asked) <= 14 + 3
    assert world.transitions == []
    assert world.unserved == []
    assert world.asked(PRIMARY, 645)
