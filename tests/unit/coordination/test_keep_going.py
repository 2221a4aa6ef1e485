"""A step that needs the database, taken again and again through its absence."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sentinel.coordination.keep_going import KeepGoing
from sentinel.errors import StoreUnavailableError
from sentinel.testing.clock import FakeClock


class Step:
    """Fails while `is_away`, and knows when it was taken."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.is_away = False
        self.times: list[float] = []

    async def __call__(self) -> None:
        self.times.append(self.clock.monotonic() - 1000.0)
        if self.is_away:
            message = "gone"
            raise StoreUnavailableError(message)


@contextmanager
def taking(going: KeepGoing, step: Step, *, name: str = "step", pause: float = 1.0) -> Iterator[None]:
    task = asyncio.create_task(going.forever(name, step, pause_seconds=pause))
    yield
    task.cancel()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def going(clock: FakeClock) -> KeepGoing:
    """Jitter of nothing at all."""
    return KeepGoing(clock=clock, rng=lambda: 0.5, base_seconds=0.4, most_seconds=2.0)


async def test_a_step_is_taken_again_after_its_pause(clock: FakeClock, going: KeepGoing) -> None:
    step = Step(clock)
    with taking(going, step):
        await clock.elapse(3.5)
    assert step.times == [0.0, 1.0, 2.0, 3.0]


async def test_after_failures_it_waits_ever_longer_up_to_a_bound(clock: FakeClock, going: KeepGoing) -> None:
    step = Step(clock)
    step.is_away = True
    with taking(going, step):
        await clock.elapse(7.0)
    pauses = [round(after - before, 3) for before, after in zip(step.times, step.times[1:], strict=False)]
    assert pauses == [0.3, 0.6, 1.2, 1.5, 1.5, 1.5]


@pytest.mark.parametrize(("drawn", "pause"), [(0.0, 0.2), (0.999, 0.3998)])
async def test_processes_do_not_come_back_at_the_same_moment(clock: FakeClock, drawn: float, pause: float) -> None:
    step = Step(clock)
    step.is_away = True
    going = KeepGoing(clock=clock, rng=lambda: drawn, base_seconds=0.4, most_seconds=2.0)
    with taking(going, step):
        await clock.elapse(0.45)
    assert step.times[1] == pytest.approx(pause)


async def test_an_absence_is_told_once_and_its_end_once_for_all_steps(
    clock: FakeClock, going: KeepGoing, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = Step(clock), Step(clock)
    with taking(going, one, name="one"), taking(going, two, name="two"):
        await clock.elapse(1.5)
        one.is_away = two.is_away = True
        await clock.elapse(10.0)
        one.is_away = two.is_away = False
        await clock.elapse(3.0)
    said = capsys.readouterr().out
    assert said.count("queue_away") == 1
    assert said.count("queue_back") == 1


async def test_it_is_well_since_the_last_step_has_succeeded_again(clock: FakeClock, going: KeepGoing) -> None:
    one, two = Step(clock), Step(clock)
    two.is_away = True
    with taking(going, one, name="one"), taking(going, two, name="two"):
        await clock.elapse(5.0)
        assert going.well_seconds == 0.0
        two.is_away = False
        await clock.elapse(2.0)
        assert 0.0 < going.well_seconds <= 2.0


async def test_a_fault_of_our_own_is_told_and_the_step_taken_again(
    clock: FakeClock, going: KeepGoing, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = 0

    async def broken_once() -> None:
        nonlocal taken
        taken += 1
        if taken == 1:
            raise ZeroDivisionError

    step = asyncio.create_task(going.once("broken", broken_once))
    await clock.elapse(1.0)
    assert step.done()
    assert taken == 2
    assert "step_failed" in capsys.readouterr().out


async def test_a_step_that_never_ends_says_itself_that_it_is_well(
    clock: FakeClock, going: KeepGoing, capsys: pytest.CaptureFixture[str]
) -> None:
    failures = iter([StoreUnavailableError("gone")])

    async def listen() -> None:
        for failure in failures:
            raise failure
        going.went_well("listen")
        await asyncio.Event().wait()

    step = asyncio.create_task(going.forever("listen", listen))
    await clock.elapse(10.0)
    assert 9.0 < going.well_seconds < 10.0
    assert capsys.readouterr().out.count("queue_back") == 1
    step.cancel()
