"""The rolling window against a plain list of events, and how it widens."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.resilience.window import CallDurations, RollingWindow
from tests.unit.resilience.driving import Bench

Step = tuple[float, str]
_steps = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["failure", "success", "slow"])), max_size=60)


def count(window: RollingWindow, kind: str, now: float) -> None:
    """Let one event of this kind happen."""
    if kind == "slow":
        window.mark_slow(now)
    else:
        {"failure": window.add_failure, "success": window.add_success}[kind](now)


@given(_steps)
def test_window_counts_all_of_the_last_55_seconds_and_nothing_older_than_60(steps: list[Step]) -> None:
    """Property 7: exact to one bucket, whatever comes when."""
    window, now, events = RollingWindow(), 1000.0, list[Step]()
    for pause, kind in steps:
        now += pause
        events.append((now, kind))
        count(window, kind, now)
        for counted, name in ((window.failures, "failure"), (window.successes, "success"), (window.slow, "slow")):
            ages = [now - at for at, event in events if event == name]
            assert sum(age < 55 for age in ages) <= counted <= sum(age < 60 for age in ages)


_calls = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 200), st.sampled_from(["failure", "success", "neutral"])), max_size=30
)


@given(_calls, st.sampled_from([12, 24]))
def test_call_marked_slow_counts_where_it_ends_and_only_there(calls: list[tuple[float, float, str]], size: int) -> None:
    """Property 6 and 7: until its end the mark counts, then a result does, slow, and a neutral end leaves nothing."""
    window = RollingWindow(buckets=size)
    steps = sorted(
        (1000.0 + start + more, number, is_end)
        for number, (start, lasts, _) in enumerate(calls)
        for is_end, more in ((False, 0.0), (True, lasts))
    )
    slots, marked, ended = dict[int, int](), dict[int, float](), list[tuple[float, str]]()
    for now, number, is_end in steps:
        if not is_end:
            slots[number], marked[number] = window.mark_slow(now), now
        else:
            window.take_back_slow(slots[number], now)
            del marked[number]
            kind = calls[number][2]
            if kind != "neutral":
                {"failure": window.add_failure, "success": window.add_success}[kind](now, slow=True)
                ended.append((now, kind))
        running = sum(now // 5 - at // 5 < size for at in marked.values())
        done = [kind for at, kind in ended if now // 5 - at // 5 < size]
        assert (window.running_slow, window.slow, window.timed) == (running, running + len(done), running + len(done))
        assert (window.failures, window.successes) == (done.count("failure"), done.count("success"))


def test_call_that_outlives_the_window_since_its_mark_is_one_slow_call() -> None:
    """The mark has left with its bucket by then; nothing is taken back twice."""
    window = RollingWindow()
    slot = window.mark_slow(1000)
    window.take_back_slow(slot, 1090)
    window.add_success(1090, slow=True)
    assert (window.timed, window.slow, window.running_slow) == (1, 1, 0)


@given(_steps, st.floats(60, 1e6))
def test_window_is_empty_a_minute_after_the_last_event(steps: list[Step], pause: float) -> None:
    """Nothing is left behind, and no count goes below zero."""
    window, now = RollingWindow(), 1000.0
    for gap, kind in steps:
        now += gap
        count(window, kind, now)
    window.advance(now + pause)
    assert (window.failures, window.successes, window.slow, window.timed) == (0, 0, 0, 0)
    assert window.failure_rate == 0


def test_clear_forgets_the_current_bucket_too() -> None:
    """What was counted a moment ago is gone, and does not leave the counts below zero later."""
    window = RollingWindow()
    window.add_failure(1000)
    window.clear()
    window.advance(2000)
    assert window.failures == 0


def test_wider_window_keeps_what_it_has_and_narrower_drops_it_at_once() -> None:
    """Widening cannot bring back what is gone; narrowing does not wait for the next bucket."""
    window = RollingWindow()
    window.add_failure(1000)
    window.resize(24, 1050)
    window.add_failure(1090)
    assert (window.failures, window.seconds) == (2, 120)
    window.resize(12, 1090)
    assert (window.failures, window.seconds) == (1, 60)


def test_narrower_window_reaches_back_as_far_as_its_buckets_and_no_further() -> None:
    """The bucket that is a whole window old is gone, the one after it is not."""
    window = RollingWindow()
    window.resize(24, 1000)
    window.add_failure(1000)
    window.add_failure(1005)
    window.resize(12, 1060)
    assert window.failures == 1


def test_call_that_was_marked_and_ended_leaves_the_window_as_one_call() -> None:
    """When its bucket goes, no more goes than is left of it."""
    window = RollingWindow()
    window.take_back_slow(window.mark_slow(1000), 1000)
    window.add_success(1000, slow=True)
    assert (window.timed, window.slow, window.running_slow) == (1, 1, 0)
    window.advance(1060)
    assert (window.timed, window.slow, window.running_slow) == (0, 0, 0)


def durations() -> CallDurations:
    """The default: from 60 to 300 seconds in steps of 5."""
    return CallDurations(bucket_seconds=5, buckets=12, max_buckets=60)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=99))
def test_window_of_few_calls_holds_the_longest_of_them(seconds: list[float]) -> None:
    """Below a hundred calls the 99th percentile is the maximum."""
    classes = durations()
    for duration in seconds:
        classes.observe(duration)
    assert classes.buckets == min(60, max(12, math.ceil(max(seconds) / 5)))


def test_one_long_call_in_a_hundred_does_not_widen_the_window_for_good() -> None:
    """It fits 99 % of the calls, so the one outlier is let go once there are enough others."""
    classes = durations()
    assert classes.observe(200)
    assert classes.buckets == 40
    for _ in range(127):
        classes.observe(1)
    assert classes.buckets == 12


def test_two_long_calls_in_a_hundred_keep_it_wide() -> None:
    """The second longest decides when one percent is one call."""
    classes = durations()
    for duration in [90, 200, *[1] * 126]:
        classes.observe(duration)
    assert classes.buckets == 18


def test_long_calls_of_the_past_fade() -> None:
    """A target that was slow for a thousand calls is fast again after some thousands."""
    classes = durations()
    for _ in range(1000):
        classes.observe(250)
    assert classes.buckets == 50
    for _ in range(10_000):
        classes.observe(1)
    assert classes.buckets == 12


def test_change_is_told_once() -> None:
    """The caller resizes its window only when it must."""
    classes = durations()
    assert [classes.observe(seconds) for seconds in (1, 100, 100, 30, 150, 1000, 2000)] == [
        False,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("longest", "window_seconds"), [(59, 60), (61, 65), (120, 120), (4000, 300)])
def test_circuit_widens_its_window_to_the_calls_it_sees(bench: Bench, longest: float, window_seconds: float) -> None:
    """The permit measures the call itself."""
    permit = bench.circuit.acquire()
    bench.clock.advance(longest)
    permit.success()
    assert bench.circuit.snapshot().window_seconds == window_seconds


def test_circuit_believes_a_duration_that_it_is_told(bench: Bench) -> None:
    """A caller that knows better than the permit says so, in failures as well."""
    bench.circuit.acquire().failure("stall", duration=90)
    assert bench.circuit.snapshot().window_seconds == 90


def test_failures_of_long_calls_meet_in_the_wider_window(bench: Bench) -> None:
    """Two-minute calls: failures 100 seconds apart are judged together, which 60 seconds would never do."""
    permit = bench.circuit.acquire()
    bench.clock.advance(120)
    permit.success()
    for _ in range(2):
        bench.fail(2)
        bench.succeed()
    bench.clock.advance(100)
    bench.fail()
    assert bench.steps == [("closed", "open", "A")]


def test_width_survives_an_outage(bench: Bench) -> None:
    """How long calls take is a fact about the target, not about the outage."""
    bench.circuit.acquire().success(duration=120)
    bench.clock.advance(200)
    bench.open()
    bench.let_open_time_pass()
    bench.succeed(2)
    assert bench.circuit.snapshot().window_seconds == 120
