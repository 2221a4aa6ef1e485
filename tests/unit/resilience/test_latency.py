"""First-token times, learned from finished attempts."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.routes import Target
from sentinel.resilience.latency import FirstTokenTimes, LatencyConfig
from tests.unit.resilience.making import finished

TARGET = Target("a", "x")


def learned(*seconds: float, config: LatencyConfig | None = None) -> FirstTokenTimes:
    times = FirstTokenTimes(config)
    for each in seconds:
        times.observe(finished(TARGET, ttft_ms=each * 1000))
    return times


def test_nothing_is_known_before_enough_calls() -> None:
    assert learned(*[1.0] * 19).p95(TARGET) is None
    assert learned(*[1.0] * 20).p95(TARGET) == 1.0
    assert learned(*[1.0] * 20).p95(Target("a", "other")) is None


def test_ninety_five_of_a_hundred_calls_were_as_fast_as_the_p95() -> None:
    times = learned(*(number / 10 for number in range(100, 0, -1)))
    assert times.p95(TARGET) == 9.5
    assert times.percentile(TARGET, 0.5) == 5.0
    assert times.percentile(TARGET, 0.0) == 0.1
    assert times.percentile(TARGET, 1.0) == 10.0


def test_old_calls_are_forgotten() -> None:
    times = learned(*[9.0] * 200, *[1.0] * 191)
    assert times.p95(TARGET) == 1.0


@pytest.mark.parametrize("cause", ["first_token_timeout", "read_timeout"])
def test_a_call_that_never_began_counts_with_the_time_it_took(cause: str) -> None:
    times = learned(*[1.0] * 90)
    for _ in range(10):
        times.observe(finished(TARGET, cause, duration_ms=20_000))
    assert times.p95(TARGET) == 20.0


@pytest.mark.parametrize("cause", ["connection_refused", "server_error", "stall", "cancelled", "auth"])
def test_other_failures_tell_nothing(cause: str) -> None:
    times = learned(*[1.0] * 20)
    for _ in range(50):
        times.observe(finished(TARGET, cause, duration_ms=5.0, ttft_ms=3.0))
    assert times.percentile(TARGET, 0.0) == 1.0


def test_calls_that_a_hedge_overtook_keep_the_p95_where_it_was() -> None:
    """Without them only calls that were faster than the p95 would be learned from, and it would fall and fall."""
    times = learned(*(number / 100 for number in range(1, 201)))
    for number in range(1, 2001):
        seconds = (number % 200 + 1) / 100
        usual = times.p95(TARGET) or 0.0
        overtaken = seconds > usual
        times.observe(
            finished(TARGET, "hedge_lost", duration_ms=usual * 1000)
            if overtaken
            else finished(TARGET, ttft_ms=seconds * 1000)
        )
    assert times.p95(TARGET) == pytest.approx(1.9, abs=0.02)


def test_a_hedge_that_was_let_go_early_tells_nothing_of_its_target() -> None:
    times = learned(*[2.0] * 20)
    for _ in range(50):
        times.observe(finished(TARGET, "hedge_lost", duration_ms=100.0))
    assert times.percentile(TARGET, 0.0) == 2.0


def test_targets_that_were_passed_over_tell_nothing() -> None:
    times = learned(*[1.0] * 20)
    times.observe(finished(TARGET, skipped=True, ttft_ms=0.0))
    assert times.percentile(TARGET, 0.0) == 1.0


def test_the_targets_that_were_not_called_for_longest_are_forgotten_first() -> None:
    times = FirstTokenTimes(LatencyConfig(targets=3, min_samples=1))
    for name in ("one", "two", "three", "one", "four"):
        times.observe(finished(Target("a", name), ttft_ms=1000.0))
    known = [name for name in ("one", "two", "three", "four") if times.p95(Target("a", name))]
    assert known == ["one", "three", "four"]


@given(st.lists(st.floats(0.001, 100).map(lambda each: round(each, 3)), min_size=1, max_size=80), st.floats(0, 1))
def test_the_percentile_is_that_of_the_newest_samples(seconds: Sequence[float], share: float) -> None:
    times = learned(*seconds, config=LatencyConfig(samples=5, min_samples=1))
    newest = sorted(seconds[-5:])
    expected = newest[max(0, math.ceil(share * len(newest)) - 1)]
    assert times.percentile(TARGET, share) == pytest.approx(expected)
