"""What one process has seen of a provider is shown by the others, and only shown."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from sentinel.coordination.facts import FactTable
from sentinel.coordination.shared_attempts import ATTEMPTS, TOLD, SharedAttempts
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.health.providers import WINDOW_SECONDS
from sentinel.testing.clock import FakeClock, settle
from sentinel.testing.facts import MemoryHub


class House:
    """Two processes on one clock; `told` counts the messages of the first."""

    def __init__(self) -> None:
        self.clock, self.hub = FakeClock(), MemoryHub()
        self.tables = [FactTable(author, clock=self.clock) for author in ("one", "two")]
        for table in self.tables:
            self.hub.join(table)
        self.told = 0
        self.tables[1].listen(ATTEMPTS, self._count)
        self.attempts = [SharedAttempts(table, clock=self.clock, providers=["p"]) for table in self.tables]

    def _count(self, _: str) -> None:
        self.told += 1

    def saw(self, outcome: Outcome = Outcome.SUCCESS, *, provider: str = "p", number: int = 1) -> None:
        now = self.clock.now()
        ttft_ms = 40.0 if outcome is Outcome.SUCCESS else None
        self.attempts[0].observe(
            Attempt(
                number=number,
                target=Target(provider, "m"),
                outcome=outcome,
                started_at=now,
                ended_at=now,
                duration_ms=float(number),
                ttft_ms=ttft_ms,
            )
        )

    def known(self, provider: str = "p") -> list[tuple[float, str, float, float | None]]:
        """What the second has heard: age, outcome, duration and first token."""
        now = self.clock.now()
        return [
            (round((now - seen.ended_at) / timedelta(seconds=1), 2), seen.outcome.value, seen.duration_ms, seen.ttft_ms)
            for seen in self.attempts[1].of_others(provider)
        ]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Two processes that tell."""
    house = House()
    async with AsyncExitStack() as stack:
        for each in house.attempts:
            await stack.enter_async_context(each)
        yield house


async def test_the_others_hear_how_and_when_an_attempt_ended(house: House) -> None:
    house.saw()
    await settle()
    await house.clock.elapse(10)
    assert house.known() == [(10.0, "success", 1.0, 40.0)]
    assert house.attempts[0].of_others("p") == [], "its own it knows anyway"
    house.saw(Outcome.FAILURE, number=2)
    await settle()
    assert [(age, outcome) for age, outcome, *_ in house.known()] == [
        (10.0, "success"),
        (0.0, "failure"),
    ]


async def test_many_attempts_are_few_messages_and_the_last_one_is_told(house: House) -> None:
    for number in range(1, 2 * TOLD + 1):
        house.saw(number=number)
        await settle(3)
    assert house.told == 1
    await house.clock.elapse(1.1)
    assert house.told == 2
    assert [duration for _, _, duration, _ in house.known()] == [float(TOLD + number) for number in range(1, TOLD + 1)]


async def test_names_that_callers_think_of_are_not_told(house: House) -> None:
    house.saw(provider="invented")
    await settle()
    assert (house.told, house.known("invented")) == (0, [])


async def test_what_is_old_is_said_no_more(house: House) -> None:
    house.saw()
    await settle()
    await house.clock.elapse(WINDOW_SECONDS + 1)
    assert house.known() == []


@pytest.mark.parametrize("seen", [None, 7, [1], [[1, "success"]], [["x", "success", 1, 1]], [[1, "odd", 1, 1]]])
async def test_what_cannot_be_understood_is_left_out(house: House, seen: object) -> None:
    house.tables[0].tell(ATTEMPTS, "p", {"seen": seen}, seconds=WINDOW_SECONDS)
    assert house.known() == []
    house.tables[0].tell(ATTEMPTS, "p", {}, seconds=WINDOW_SECONDS)
    assert house.known() == []
