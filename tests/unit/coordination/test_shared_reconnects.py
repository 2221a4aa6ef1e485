"""A new session with a tool server is opened by every process, once for each wish."""

from sentinel.coordination.facts import FactTable
from sentinel.coordination.shared_reconnects import SECONDS, SharedReconnects
from sentinel.testing.clock import FakeClock
from sentinel.testing.facts import MemoryHub


class House:
    """Processes that note what they reconnect."""

    def __init__(self) -> None:
        self.clock, self.hub = FakeClock(), MemoryHub()
        self.done: dict[str, list[str]] = {}
        self.one, self.two = self.start("one"), self.start("two")

    def start(self, author: str) -> SharedReconnects:
        facts = FactTable(author, clock=self.clock)
        self.done[author] = []
        reconnects = SharedReconnects(facts, self.done[author].append)
        self.hub.join(facts)
        return reconnects


def test_all_others_open_a_new_session_and_who_was_asked_does_not_hear_itself() -> None:
    house = House()
    house.one.tell("calculator")
    assert house.done == {"one": [], "two": ["calculator"]}
    house.two.tell("calculator")
    house.one.tell("calculator")
    assert house.done == {"one": ["calculator"], "two": ["calculator", "calculator"]}


def test_a_wish_is_granted_once_however_often_it_is_heard_of() -> None:
    house = House()
    house.one.tell("calculator")
    house.start("three")  # the others are told anew who is there
    assert house.done["two"] == ["calculator"]


def test_a_process_that_starts_later_has_new_sessions_anyway() -> None:
    house = House()
    house.one.tell("calculator")
    house.clock.advance(SECONDS)
    house.start("late")
    assert house.done["late"] == []
