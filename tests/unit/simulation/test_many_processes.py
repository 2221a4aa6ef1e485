"""An hour of ten processes that call one provider through its outages, over a bus that loses messages."""

import asyncio
import random

import pytest

from sentinel.coordination.probe_tickets import MemoryTickets
from sentinel.resilience.breaker_view import BreakerState
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time
from tests.support.sharing import LossyBus, Process

CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN
COUNT, CALL_SECONDS = 10, 0.4
OUTAGES = ((600, 900), (1800, 1830), (2400, 3000))


class Hour:
    """Ten processes that call one provider all the time; what came of it is looked at afterwards."""

    def __init__(self, seed: int, *, loss: float, sick: int | None = None) -> None:
        """`loss` of all messages are lost; if one process is `sick`, its calls fail, and no other's ever do."""
        self.met_outage = 0
        self.most_probes = 0
        self.states: dict[int, list[BreakerState]] = {}
        self._rng = random.Random(seed)
        self._loss = loss
        self._sick = sick

    async def pass_by(self) -> None:
        """Live through it."""
        self._clock = LoopClock(asyncio.get_running_loop())
        self._start = self._clock.monotonic()
        bus = LossyBus(loses=lambda: self._rng.random() < self._loss)
        self._processes = self._begin(bus)
        works = [*(self._call_all_the_time(number) for number in range(COUNT)), self._watch(bus)]
        tasks = [asyncio.create_task(work) for work in works]
        await self._clock.sleep(3600)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for process in self._processes:
            await process.probes.aclose()

    def _begin(self, bus: LossyBus) -> list[Process]:
        taken: dict[str, tuple[str, float]] = {}
        processes = []
        for number in range(COUNT):
            tickets = MemoryTickets(f"p{number}", clock=self._clock, taken=taken)
            processes.append(Process(f"p{number}", clock=self._clock, tickets=tickets))
            bus.join(processes[-1].facts)
        return processes

    def _is_down(self, number: int) -> bool:
        now = self._clock.monotonic() - self._start
        return any(begin <= now < end for begin, end in OUTAGES) if self._sick is None else number == self._sick

    async def _call_all_the_time(self, number: int) -> None:
        while True:
            await self._clock.sleep(self._rng.expovariate(1.0))
            permit, is_down = self._processes[number].call(), self._is_down(number)
            if permit is None:
                continue
            self.met_outage += is_down
            if permit.state is BreakerState.HALF_OPEN:
                self.most_probes = max(self.most_probes, sum(process.is_probing() for process in self._processes))
            await self._clock.sleep(CALL_SECONDS)
            permit.failure("provider_unavailable") if is_down else permit.success()

    async def _watch(self, bus: LossyBus) -> None:
        for second in range(1, 3600):
            await self._clock.sleep(1)
            bus.look()
            self.states[second] = [process.state() for process in self._processes]


@pytest.mark.parametrize(("seed", "loss"), [(0, 0.0), (1, 0.3), (2, 0.3)])
def test_an_outage_costs_ten_processes_little_more_than_one(seed: int, loss: float) -> None:
    hour = Hour(seed, loss=loss)
    run_in_virtual_time(hour.pass_by())
    assert hour.most_probes == 1
    # Three outages: a quorum of three finds each, with what was under way at the others, and one probes now and then.
    assert hour.met_outage <= 3 * (3 * 5 + COUNT * 4) + 30
    for begin, end in OUTAGES:
        assert hour.states[begin + 15] == [OPEN] * COUNT
        # Closed again: at the latest when the longest open time is over, two probes have succeeded and all have looked.
        assert hour.states[min(end + 370, 3599)] == [CLOSED] * COUNT


def test_a_process_whose_own_network_is_broken_opens_nothing_for_the_nine_others() -> None:
    hour = Hour(7, loss=0.3, sick=4)
    run_in_virtual_time(hour.pass_by())
    others = {state for states in hour.states.values() for number, state in enumerate(states) if number != 4}
    assert others == {CLOSED}
    assert any(states[4] is OPEN for states in hour.states.values())
