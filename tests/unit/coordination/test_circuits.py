"""What several processes make of each other's circuits: votes, quorum, verdicts and operators' acts."""

import pytest

from sentinel.coordination.circuits import quorum
from sentinel.coordination.probe_tickets import TICKET_SECONDS, MemoryTickets
from sentinel.coordination.subscriptions import Listener, Subscriptions
from sentinel.resilience.breaker_view import BreakerState, TransitionRule
from sentinel.testing.clock import FakeClock
from sentinel.testing.facts import MemoryHub
from tests.support.sharing import KEY, MODEL, Process

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class House:
    """Some processes on one clock, joined without loss."""

    def __init__(self, count: int) -> None:
        self.clock = FakeClock()
        self.hub = MemoryHub()
        self._taken: dict[str, tuple[str, float]] = {}
        self.processes = [self.start(f"process-{number}") for number in range(count)]

    def start(self, author: str) -> Process:
        """Start one more."""
        tickets = MemoryTickets(author, clock=self.clock, taken=self._taken)
        process = Process(author, clock=self.clock, tickets=tickets)
        self.hub.join(process.facts)
        return process

    def states(self, key: str = KEY) -> list[BreakerState]:
        """How the circuit is at each."""
        return [process.state(key) for process in self.processes]

    def open_all(self) -> None:
        """Let the first two find that the target is down, and let them be believed."""
        for process in self.processes[:2]:
            process.fail()
        assert set(self.states()) == {OPEN}


@pytest.mark.parametrize(("processes", "needed"), [(1, 2), (2, 2), (3, 2), (6, 2), (7, 3), (10, 3), (100, 30)])
def test_a_quorum_is_a_share_of_the_processes_and_two_at_least(processes: int, needed: int) -> None:
    assert quorum(processes, 0.3) == needed


@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_trouble_of_one_process_opens_nothing_elsewhere(count: int) -> None:
    house = House(count)
    house.processes[0].fail()
    assert house.states() == [OPEN] + [CLOSED] * (count - 1)


def test_what_a_quorum_found_opens_the_circuit_everywhere_and_says_so() -> None:
    house = House(10)
    for number in range(3):
        assert house.states().count(OPEN) == number
        house.processes[number].fail()
    assert house.states() == [OPEN] * 10
    snapshot = house.processes[9].board.get(KEY).snapshot()
    assert (snapshot.rule, snapshot.reason) == (
        TransitionRule.SHARED,
        "found by 3 of 10 processes: provider_unavailable",
    )
    assert house.processes[9].transitions[-1].is_followed
    assert not house.processes[0].transitions[-1].is_followed
    assert house.processes[9].fail() == 0


async def test_it_is_open_for_as_long_as_for_those_who_found_it() -> None:
    house = House(3)
    house.open_all()
    house.clock.advance(29.9)
    assert house.processes[2].call() is None
    house.clock.advance(0.2)
    assert house.processes[2].call() is not None


def test_the_votes_of_dead_processes_do_not_count() -> None:
    house = House(4)
    house.processes[0].fail()
    house.hub.leave(house.processes[0].facts)
    house.processes[1].fail()
    assert house.states()[2:] == [CLOSED, CLOSED]
    house.processes[2].fail()
    assert house.states()[3] is OPEN


def test_fewer_processes_need_a_smaller_quorum() -> None:
    house = House(7)
    for process in house.processes[:2]:
        process.fail()
    assert house.states()[2:] == [CLOSED] * 5
    house.hub.leave(house.processes[6].facts)
    assert house.states()[2:6] == [OPEN] * 4


def test_a_process_that_starts_in_an_outage_learns_of_it() -> None:
    house = House(3)
    house.open_all()
    assert house.start("late").state() is OPEN


def test_a_process_that_opened_for_others_does_not_vote_itself() -> None:
    house = House(3)
    house.open_all()
    assert len(house.processes[2].facts.of("vote", KEY)) == 2


# Probing --------------------------------------------------------------------------------------------------------------


async def test_one_process_probes_and_its_success_closes_all() -> None:
    house = House(5)
    house.open_all()
    house.clock.advance(31)
    permits = [process.call() for process in house.processes for _ in range(10)]
    assert sum(permit is not None for permit in permits) == 1
    for permit in permits:
        if permit is not None:
            permit.success()
    assert house.states().count(CLOSED) == 0
    assert house.processes[0].succeed(1) == 1
    assert house.states() == [CLOSED] * 5
    assert [process.fail(4) for process in house.processes] == [4] * 5  # nothing of the outage is left to count
    assert house.states() == [CLOSED] * 5


async def test_a_failed_probe_keeps_all_open() -> None:
    house = House(5)
    house.open_all()
    house.clock.advance(31)
    assert house.processes[4].fail(1) == 1
    assert house.states() == [OPEN] * 5
    house.clock.advance(31)
    assert [process.fail(1) for process in house.processes] == [0] * 5
    house.clock.advance(31)
    assert house.processes[3].succeed() == 2
    assert house.states() == [CLOSED] * 5


async def test_a_probe_says_nothing_of_an_opening_that_it_did_not_know_of() -> None:
    house = House(4)
    house.open_all()
    house.clock.advance(31)
    probe = house.processes[0].call()
    assert probe is not None
    newcomer = house.start("newcomer")
    newcomer.board.reset(KEY, actor="test")  # on its own, without the others
    house.hub.leave(newcomer.facts)
    newcomer.fail()
    house.hub.join(newcomer.facts)  # its opening is newer than the probe
    probe.success()
    house.processes[0].succeed(1)
    assert house.states() == [CLOSED] * 4
    assert newcomer.state() is OPEN


def test_votes_that_have_been_answered_open_nothing_again() -> None:
    house = House(4)
    house.open_all()
    votes = house.processes[3].facts.of("vote", KEY)
    assert len(votes) == 2
    house.processes[3].reset()
    for process in house.processes:
        for vote in votes:  # repeated by a carrier that is late
            if vote.author != process.author:
                process.facts.hear(vote.author, [vote])
    assert house.states() == [CLOSED] * 4


async def test_a_prober_that_dies_holds_nobody_up() -> None:
    house = House(3)
    house.open_all()
    house.clock.advance(31)
    assert house.processes[0].call() is not None
    house.hub.leave(house.processes[0].facts)
    renewer = house.processes[0].probes._renewer
    assert renewer is not None
    renewer.cancel()
    assert house.processes[1].call() is None
    house.clock.advance(TICKET_SECONDS)
    assert house.processes[1].call() is not None


async def test_a_ticket_is_kept_while_its_probe_is_under_way() -> None:
    house = House(2)
    house.open_all()
    house.clock.advance(31)
    probe = house.processes[0].call()
    assert probe is not None
    for _ in range(20):
        await house.clock.elapse(1)
        assert house.processes[1].call() is None
    probe.neutral()
    await house.clock.elapse(TICKET_SECONDS + 1)
    assert house.processes[1].call() is not None


async def test_a_probe_that_hangs_for_ever_is_given_up_and_another_process_tries() -> None:
    house = House(2)
    house.open_all()
    house.clock.advance(31)
    assert house.processes[0].call() is not None
    await house.clock.elapse(61)
    assert house.processes[0].state() is OPEN
    assert house.processes[1].succeed() == 2
    assert house.processes[1].state() is CLOSED


def test_what_is_not_shared_is_each_process_own_affair() -> None:
    clock, hub = FakeClock(), MemoryHub()
    processes = [Process(f"p{number}", clock=clock, is_shared=lambda key: key != KEY) for number in range(4)]
    for process in processes:
        hub.join(process.facts)
    for process in processes[:3]:
        process.fail()
    assert processes[3].state() is CLOSED
    clock.advance(31)
    assert all(process.succeed() for process in processes)


# Operators ------------------------------------------------------------------------------------------------------------


def test_a_circuit_that_an_operator_opens_is_open_everywhere() -> None:
    house = House(3)
    house.processes[1].trip(seconds=600)
    assert house.states() == [OPEN] * 3
    change = house.processes[2].transitions[-1]
    assert (change.rule, change.actor, change.reason) == (TransitionRule.MANUAL, "ann", "drill")
    assert change.is_followed
    house.clock.advance(599)
    assert [process.call() for process in house.processes] == [None] * 3


async def test_probing_after_a_trip_closes_it_everywhere() -> None:
    house = House(3)
    house.processes[1].trip(seconds=600)
    house.clock.advance(601)
    house.processes[2].succeed()
    assert house.states() == [CLOSED] * 3


def test_a_reset_closes_everywhere_what_anybody_opened() -> None:
    house = House(4)
    house.open_all()
    house.processes[3].reset()
    assert house.states() == [CLOSED] * 4
    house.processes[0].trip()
    house.processes[2].reset()
    assert house.states() == [CLOSED] * 4


def test_resetting_a_provider_resets_its_models_everywhere() -> None:
    house = House(3)
    house.processes[0].trip(MODEL)
    house.processes[1].fail(key=MODEL)
    house.processes[2].reset(KEY)
    assert house.states(MODEL) == [CLOSED] * 3
    assert house.start("late").state(MODEL) is CLOSED


def test_the_last_of_several_acts_holds() -> None:
    house = House(3)
    house.processes[0].trip()
    house.processes[1].reset()
    house.processes[2].trip()
    assert house.states() == [OPEN] * 3
    house.processes[0].reset()
    assert house.states() == [CLOSED] * 3


def test_a_newcomer_learns_what_operators_did() -> None:
    house = House(2)
    house.processes[0].trip(seconds=3600)
    house.clock.advance(600)
    newcomer = house.start("newcomer")
    assert newcomer.state() is OPEN
    house.processes[1].reset()
    house.clock.advance(600)  # longer than a reset is usually told
    assert newcomer.state() is CLOSED
    assert house.start("later").state() is CLOSED


def test_an_act_is_not_done_twice() -> None:
    house = House(2)
    house.processes[0].trip()
    act = house.processes[0].facts.of("act", KEY)[0]
    house.processes[1].board.reset(KEY, actor="test")
    house.processes[1].facts.hear(act.author, [act])
    house.processes[1].facts.replace([act], alive=[act.author])
    assert house.processes[1].state() is CLOSED


def test_an_operators_override_stands_against_what_others_found() -> None:
    house = House(3)
    house.processes[2].board.get(KEY).force("metrics_only", ttl_seconds=60, actor="ann")  # type: ignore[arg-type]
    for process in house.processes[:2]:
        process.fail()
    assert house.states()[2] is CLOSED


def test_what_dead_processes_said_is_not_remembered_for_ever() -> None:
    house = House(3)
    for number in range(200):
        short_lived = house.start(f"short-{number}")
        short_lived.fail()
        house.processes[0].reset()
        house.hub.leave(short_lived.facts)
    assert len(house.processes[1].circuits._void[KEY]) <= 70


async def test_a_fault_of_ours_in_what_is_heard_does_not_make_the_process_deaf() -> None:
    """The same for what is said: see `RedisFacts`."""
    heard: list[bytes] = []

    def stumble(payload: bytes) -> None:
        heard.append(payload)
        raise KeyError(payload)

    subscriptions = Subscriptions("redis://127.0.0.1:1/0", clock=FakeClock())
    subscriptions.listen("c", Listener(heard=stumble, missed=lambda: None))
    for number in range(2):
        subscriptions._take(b"message", b"c", str(number).encode())
    assert heard == [b"0", b"1"]
