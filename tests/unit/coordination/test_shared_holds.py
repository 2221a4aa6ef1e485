"""Cool-downs and latches of several processes: what a target said to one is true for all."""

import pytest

from sentinel.domain.routes import Target
from sentinel.resilience.failure_table import LatchScope
from sentinel.resilience.holds import HoldStep
from sentinel.testing.clock import FakeClock
from sentinel.testing.facts import MemoryHub
from tests.support.sharing import Process

TARGET, OTHER = Target("p", "m"), Target("p", "n")


class House:
    """Three processes on one clock."""

    def __init__(self) -> None:
        self.clock, self.hub = FakeClock(), MemoryHub()
        self.processes = [self.start(f"process-{number}") for number in range(3)]

    def start(self, author: str) -> Process:
        """Start one more."""
        process = Process(author, clock=self.clock, is_shared=lambda key: not key.startswith("foreign"))
        self.hub.join(process.facts)
        return process

    def waits(self, target: Target = TARGET) -> list[float | None]:
        """How long each leaves the target alone."""
        refusals = [process.cooldowns.refusal(target) for process in self.processes]
        return [refusal.retry_after if refusal else None for refusal in refusals]


@pytest.fixture
def house() -> House:
    """Three processes."""
    return House()


def test_a_pause_that_a_target_asks_one_process_for_is_kept_by_all(house: House) -> None:
    house.processes[0].cooldowns.throttle(TARGET, 40.0)
    assert house.waits() == pytest.approx([40.0, 40.0, 40.0])
    assert house.waits(OTHER) == [None] * 3
    house.clock.advance(40)
    assert house.waits() == [None] * 3


def test_a_longer_pause_is_told_and_a_shorter_one_cuts_nothing_short(house: House) -> None:
    house.processes[0].cooldowns.throttle(TARGET, 10.0)
    house.processes[1].cooldowns.throttle(TARGET, 60.0)
    house.processes[2].cooldowns.throttle(TARGET, 5.0)
    assert house.waits() == pytest.approx([60.0, 60.0, 60.0])


def test_a_refused_key_is_left_alone_by_all(house: House) -> None:
    house.processes[1].cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth", detail="revoked")
    for target in (TARGET, OTHER):
        assert house.waits(target) == pytest.approx([600.0] * 3)
    refusal = house.processes[2].cooldowns.refusal(OTHER)
    assert refusal is not None
    assert (refusal.reason, refusal.detail) == ("auth", "revoked")


def test_what_is_followed_is_said_to_be_and_not_told_again(house: House) -> None:
    house.processes[1].cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth")
    steps = [[(change.step, change.is_followed) for change in process.hold_changes] for process in house.processes]
    assert steps == [[(HoldStep.BEGAN, True)], [(HoldStep.BEGAN, False)], [(HoldStep.BEGAN, True)]]
    assert len(house.processes[0].facts.of("hold", "credential:p")) == 1


def test_the_first_call_that_is_answered_ends_a_latch_for_all(house: House) -> None:
    house.processes[0].cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth")
    house.clock.advance(601)
    house.processes[2].cooldowns.release("p", actor="a call")
    assert [process.cooldowns.snapshot() for process in house.processes] == [[]] * 3
    assert house.start("late").cooldowns.snapshot() == []


def test_a_refusal_after_the_release_is_news(house: House) -> None:
    house.processes[0].cooldowns.latch(TARGET, LatchScope.MODEL, cause="model_not_found")
    house.processes[1].reset("model:p/m")
    assert house.waits() == [None] * 3
    house.processes[2].cooldowns.latch(TARGET, LatchScope.MODEL, cause="model_not_found")
    assert house.waits() == pytest.approx([600.0] * 3)


def test_an_operator_ends_holds_that_the_acting_process_does_not_know(house: House) -> None:
    lonely = house.processes[2]
    house.hub.leave(lonely.facts)
    lonely.cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth")
    lonely.facts.take_unsent()
    house.hub.join(lonely.facts)
    lonely.facts.withdraw("hold", "credential:p")
    house.processes[0].reset("provider:p")
    assert lonely.cooldowns.snapshot() == []


def test_a_hold_that_a_release_did_not_know_of_stands(house: House) -> None:
    first, second, third = house.processes
    first.cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth")
    house.hub.leave(second.facts)
    second.cooldowns.latch(OTHER, LatchScope.CREDENTIAL, cause="auth")
    house.clock.advance(700)
    second.cooldowns.latch(OTHER, LatchScope.CREDENTIAL, cause="auth")  # refused again, unknown to the others
    third.cooldowns.release("p", actor="a call")
    house.hub.join(second.facts)
    assert second.cooldowns.snapshot() != []


def test_a_process_that_starts_learns_what_is_held(house: House) -> None:
    house.processes[0].cooldowns.throttle(TARGET, 100.0)
    house.clock.advance(30)
    refusal = house.start("late").cooldowns.refusal(TARGET)
    assert refusal is not None
    assert refusal.retry_after == pytest.approx(70.0)


def test_what_only_a_caller_named_is_not_told(house: House) -> None:
    house.processes[0].cooldowns.latch(Target("foreign", "x"), LatchScope.MODEL, cause="model_not_found")
    assert len(house.processes[1].cooldowns.snapshot()) == 0
    assert house.processes[0].facts.own == []
