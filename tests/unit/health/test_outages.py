"""Outages: nobody of a provider or a route is left, somebody is back, and each is told once."""

from dataclasses import dataclass

import pytest

from sentinel.domain.messages import Page
from sentinel.domain.routes import Route, Target
from sentinel.health.outages import OutageWatch, outage_subjects
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.failure_table import LatchScope
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import open_protection
from tests.unit.health.incident_making import ONE, TWO, Watched

OUT_ONE, BACK_ONE = ("outage", "provider:one", 1), ("recovery", "provider:one", 1)


@dataclass
class House:
    """Circuits and holds that are watched for outages."""

    watched: Watched
    circuits: BreakerBoard
    holds: CooldownBoard
    watch: OutageWatch

    def trip(self, key: str) -> None:
        self.circuits.get(key)
        self.circuits.trip(key, actor="ann")
        self.watch.look()

    def reset(self, key: str) -> None:
        self.circuits.reset(key, actor="ann")
        self.watch.look()


@pytest.fixture
def house() -> House:
    watched = Watched(clock=FakeClock())
    protection = open_protection(watched.clock)
    subjects = outage_subjects({"default": Route(name="default", targets=(ONE, TWO))}, [ONE, TWO])
    watch = OutageWatch(subjects=subjects, protection=protection, board=watched.board)
    return House(watched, protection.board, protection.cooldowns, watch)


def test_a_provider_whose_circuit_opens_is_out_until_it_closes(house: House) -> None:
    house.trip("provider:one")
    house.watch.look()
    assert house.watched.told == [OUT_ONE]
    house.reset("provider:one")
    assert house.watched.told == [OUT_ONE, BACK_ONE]
    out, back = house.watched.newest.values()
    assert (out.title, back.title) == ("one is out", "one is back")
    assert (out.severity.value, back.severity.value) == ("critical", "info")
    assert back.data == {"incident_id": out.incident_id, "targets": ["one/large"]}


def test_a_route_is_out_when_nobody_on_it_is_left(house: House) -> None:
    house.trip("model:one/large")
    house.trip("provider:two")
    assert house.watched.told == [OUT_ONE, ("outage", "provider:two", 1), ("outage", "route:default", 1)]
    house.reset("provider:two")
    assert house.watched.told[3:] == [("recovery", "provider:two", 1), ("recovery", "route:default", 1)]


def test_a_trial_call_does_not_end_an_outage(house: House) -> None:
    house.trip("provider:one")
    house.watched.clock.advance(400)
    with house.circuits.acquire(["provider:one"]):
        house.watch.look()
    assert house.watched.told == [OUT_ONE]


def test_a_refused_key_is_an_outage_too(house: House) -> None:
    house.holds.latch(ONE, LatchScope.CREDENTIAL)
    house.watch.look()
    assert house.watched.told == [OUT_ONE]
    house.holds.release("one", actor="ann")
    house.watch.look()
    assert house.watched.told == [OUT_ONE, BACK_ONE]


def details(house: House) -> dict[str, str | None]:
    return {incident.key: incident.detail for incident in house.watched.newest.values()}


def test_an_outage_says_who_opened_the_circuit_and_why(house: House) -> None:
    house.circuits.get("provider:one")
    house.circuits.trip("provider:one", actor="ann", reason="drill with sk-hunter2hunter2hunter2")
    house.watch.look()
    told = "no target may be called (one/large: an operator opened the circuit of one: drill with ***)"
    assert details(house) == {"provider:one": told}


def test_an_outage_says_of_each_target_what_keeps_it_back(house: House) -> None:
    for _ in range(5):
        with house.circuits.acquire(["provider:one"]) as call:
            call.failure("server_error")
    house.holds.latch(TWO, LatchScope.MODEL, cause="unknown_model")
    house.watch.look()
    why = "too many calls failed in the last minute, the last cause: server error"
    one = f"one/large: the circuit of one is open: {why}"
    assert details(house) == {
        "provider:one": f"no target may be called ({one})",
        "provider:two": "no target may be called (two/small: two does not know small)",
        "route:default": f"no target may be called ({one}; two/small: two does not know small)",
    }


def test_an_outage_says_that_a_key_is_refused(house: House) -> None:
    house.holds.latch(ONE, LatchScope.CREDENTIAL, cause="auth")
    house.watch.look()
    assert details(house) == {"provider:one": "no target may be called (one/large: one refuses its key)"}


def test_an_outage_of_many_targets_is_told_in_a_short_sentence() -> None:
    watched, circuits = Watched(clock=FakeClock()), BreakerBoard(FakeClock())
    many = [Target(f"p{number}", model) for number in range(9) for model in "abcdefgh"]
    subjects = outage_subjects({"default": Route(name="default", targets=tuple(many))}, [])
    protection = open_protection(watched.clock, board=circuits)
    for key in {target.breaker_keys[0] for target in many}:
        circuits.get(key)
        circuits.trip(key, actor="ann")
    OutageWatch(subjects=subjects, protection=protection, board=watched.board).look()
    (told,) = watched.newest.values()
    assert told.detail is not None
    assert told.detail.startswith("no target may be called (p0/a, p0/b, p0/c, p0/d, p0/e, …: an operator opened the")
    assert told.detail.endswith("; 4 more causes)")
    assert len(told.data["targets"]) == 72


def test_a_cool_down_is_no_outage(house: House) -> None:
    house.holds.throttle(ONE, 30)
    house.watch.look()
    assert house.watched.told == []


def after_a_restart(before: House) -> House:
    """A new process with what the one before has stored."""
    watched = Watched(clock=before.watched.clock)
    stored = sorted(before.watched.newest.values(), key=lambda each: each.incident_id, reverse=True)
    watched.board.load(Page(stored, None))
    protection = open_protection(watched.clock)
    watch = OutageWatch(subjects=before.watch.subjects, protection=protection, board=watched.board)
    return House(watched, protection.board, protection.cooldowns, watch)


def test_an_outage_of_an_earlier_process_is_over_when_the_next_one_starts(house: House) -> None:
    house.trip("provider:one")
    out = house.watched.kept[0]
    later = after_a_restart(house)
    later.watch.take_over()
    assert later.watched.told == [BACK_ONE]
    assert later.watched.kept[0].data == {"incident_id": out.incident_id, "targets": ["one/large"]}


def test_an_outage_that_goes_on_after_a_restart_is_not_told_again(house: House) -> None:
    house.trip("provider:one")
    later = after_a_restart(house)
    later.circuits.get("provider:one")
    later.circuits.trip("provider:one", actor="ann")
    later.watch.take_over()
    assert later.watched.told == []
    later.reset("provider:one")
    assert later.watched.told == [BACK_ONE]


def test_an_outage_that_was_over_before_a_restart_is_not_ended_twice(house: House) -> None:
    house.trip("provider:one")
    house.reset("provider:one")
    later = after_a_restart(house)
    later.watch.take_over()
    assert later.watched.told == []
