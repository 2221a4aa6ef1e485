"""Who is next when more runs wait than may work."""

import pytest

from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Priority
from sentinel.runs.order import FairOrder


def waiting(*runs: QueuedRun) -> FairOrder:
    order = FairOrder()
    for run in runs:
        order.push(run)
    return order


def run(name: str, *, caller: str = "", batch: bool = False) -> QueuedRun:
    return QueuedRun(name, f"thread of {name}", Priority.BATCH if batch else Priority.INTERACTIVE, caller)


def all_of(order: FairOrder) -> list[str]:
    return [order.pop().run_id for _ in range(len(order))]


def test_runs_of_one_caller_keep_their_order() -> None:
    assert all_of(waiting(run("1"), run("2"), run("3"))) == ["1", "2", "3"]


def test_a_busy_caller_does_not_keep_others_waiting() -> None:
    order = waiting(*(run(f"a{number}", caller="a") for number in range(5)), run("b0", caller="b"))
    assert all_of(order)[:3] == ["a0", "b0", "a1"]


def test_callers_take_turns_whoever_comes_later() -> None:
    order = waiting(*(run(f"a{number}", caller="a") for number in range(3)))
    assert order.pop().run_id == "a0"
    for number in range(3):
        order.push(run(f"b{number}", caller="b"))
    assert all_of(order) == ["a1", "b0", "a2", "b1", "b2"]


def test_batch_runs_come_after_interactive_ones_but_get_one_place_in_four() -> None:
    batch = [run(f"batch{number}", batch=True) for number in range(2)]
    order = waiting(*batch, *(run(str(number)) for number in range(7)))
    assert all_of(order) == ["0", "1", "2", "batch0", "3", "4", "5", "batch1", "6"]


def test_batch_runs_are_not_starved_by_interactive_ones_that_keep_coming() -> None:
    order = waiting(run("batch", batch=True), run("0"))
    given = []
    for number in range(1, 6):
        given.append(order.pop().run_id)
        order.push(run(str(number)))
    assert given == ["0", "1", "2", "batch", "3"]


def test_a_run_that_waits_no_longer_is_not_given_out() -> None:
    order = waiting(run("1"), run("2", caller="b"), run("3", batch=True))
    order.remove("2")
    order.remove("3")
    order.remove("nothing")
    assert ("1" in order, "2" in order, len(order), list(order)) == (True, False, 1, ["1"])
    assert order.waiting() == {Priority.INTERACTIVE: 1}
    assert all_of(order) == ["1"]
    with pytest.raises(IndexError):
        order.pop()
