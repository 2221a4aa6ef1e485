"""A checker that finds nothing proves nothing: each invariant is broken once on purpose."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator.model import topics
from tests.cluster import invariants
from tests.cluster.driver import Told
from tests.cluster.invariants import Evidence
from tests.cluster.orders import KINDS, Kind, Order, plan, routes
from tests.cluster.reading import Reading, Seen

BY_NAME = {kind.name: kind for kind in KINDS}
QUESTION = "how does a circuit breaker work?"
TEXT = topics.answer(QUESTION)
ROW = {"attempt": 1, "cause": None, "started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T00:00:01Z"}
SAME: dict[str, Any] = {
    "provider": "primary",
    "model": "sim-large",
    "usage": {},
    "ttft_ms": 1.0,
    "latency_ms": 2.0,
    "failover_occurred": False,
    "failover_chain": [],
    "attempts": [ROW],
}


def event(seq: int, kind: str, **data: Any) -> Seen:
    return Seen(json.dumps([seq, kind, data]).encode(), kind, seq, data)


def log(*events: tuple[str, dict[str, Any]]) -> list[Seen]:
    return [event(seq, kind, **data) for seq, (kind, data) in enumerate(events, 1)]


def good(kind: Kind = BY_NAME["plain"], *, key: str = "k") -> Evidence:
    """A run as it should be."""
    stored = log(
        ("status", {"phase": "queued"}),
        ("token", {"text": TEXT[:20]}),
        ("status", {"phase": "recovered", "recovered": 1, "reason": "holder_lost"}),
        ("token", {"text": TEXT[20:]}),
        ("completion", {"text": TEXT, "finish_reason": "stop", **SAME}),
    )
    told = Told(Order(key, kind, QUESTION, ()), "thread", "run", 0.0, [Reading("steady", list(stored))])
    return Evidence(told, stored, {"status": "completed", "recovered": 1, "tool_calls": [], **SAME}, TEXT)


def with_log(evidence: Evidence, stored: list[Seen]) -> Evidence:
    told = replace(evidence.told, readings=[Reading("steady", list(stored))])
    return replace(evidence, stored=stored, told=told)


def without_an_event(evidence: Evidence) -> Evidence:
    return with_log(evidence, [*evidence.stored[:1], *evidence.stored[2:]])


def ended_twice(evidence: Evidence) -> Evidence:
    return with_log(evidence, [*evidence.stored, replace(evidence.stored[-1], seq=6)])


def without_an_end(evidence: Evidence) -> Evidence:
    return with_log(evidence, evidence.stored[:-1])


def seen_otherwise(evidence: Evidence) -> Evidence:
    seen = [*evidence.stored[:1], replace(evidence.stored[1], raw=b"other bytes"), *evidence.stored[2:]]
    return replace(evidence, told=replace(evidence.told, readings=[Reading("steady", seen)]))


def seen_in_part(evidence: Evidence) -> Evidence:
    return replace(evidence, told=replace(evidence.told, readings=[Reading("late", evidence.stored[:2])]))


def with_doubled_text(evidence: Evidence) -> Evidence:
    doubled = replace(evidence.stored[3], data={"text": TEXT})
    return with_log(evidence, [*evidence.stored[:3], doubled, evidence.stored[4]])


def with_another_answer(evidence: Evidence) -> Evidence:
    last = evidence.stored[4]
    stored = [*evidence.stored[:1], replace(evidence.stored[1], data={"text": "Else."}), evidence.stored[2]]
    stored += [replace(evidence.stored[3], data={"text": ""}), replace(last, data={**last.data, "text": "Else."})]
    return replace(with_log(evidence, stored), message="Else.")


def recovered_again(evidence: Evidence) -> Evidence:
    again = [replace(evidence.stored[2], seq=4), *(replace(event, seq=event.seq + 1) for event in evidence.stored[3:])]
    return with_log(evidence, [*evidence.stored[:3], *again])


def with_view(**fields: Any) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, view={**evidence.view, **fields})


def test_a_run_as_it_should_be_breaks_nothing() -> None:
    assert invariants.broken(good()) == []


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (without_an_event, "contiguous"),
        (ended_twice, "one end"),
        (without_an_end, "one end"),
        (seen_otherwise, "live equals replay (steady): event 2 differs"),
        (seen_in_part, "live equals replay (late): 2 of 5 events"),
        (with_doubled_text, "text: tokens give"),
        (with_another_answer, "reference"),
        (lambda evidence: replace(evidence, message="Else."), "text: the thread has"),
        (with_view(provider="local"), "view: ['provider'] differ"),
        (with_view(attempts=[]), "view: the attempts are"),
        (with_view(status="cancelled"), "ending: nobody cancelled it"),
        (with_view(status="failed"), "ending: None"),
        (with_view(status="running"), "ending: its status is running"),
        (with_view(recovered=0), "recovered: the log says [1], [1] of them for a death, the run 0"),
        (recovered_again, "recovered: the log says [1, 1], [1, 1] of them for a death, the run 1"),
    ],
)
def test_each_invariant_is_seen_to_be_broken(break_it: Callable[[Evidence], Evidence], named: str) -> None:
    assert [complaint for complaint in invariants.broken(break_it(good())) if complaint.startswith(named)]


def test_an_empty_log_is_named() -> None:
    assert invariants.broken(replace(good(), stored=[])) == ["log: it is empty"]


def test_a_gap_and_an_event_after_the_end_are_seen_while_reading() -> None:
    reading = Reading("steady")
    for seen in (event(1, "status"), event(3, "completion"), event(4, "token", text="x")):
        reading.take(seen)
    assert reading.complaints == ["event 3 came after event 1", "token came after the end"]


@pytest.mark.parametrize(
    ("booked", "executed", "named"),
    [
        (["k", "k"], "yes", "executed twice"),
        (["other"], "no", "executed: nobody ordered other"),
        ([], "yes", "executed: k says 'yes', and it was booked 0 times"),
        (["k"], "no", "executed: k says 'no', and it was booked 1 times"),
    ],
)
def test_bookings_that_do_not_fit_are_seen(booked: list[str], executed: str, named: str) -> None:
    evidence = with_view(tool_calls=[{"executed": executed}])(good(BY_NAME["booking"]))
    assert invariants.bookings_broken(booked, [evidence])[0].startswith(named)


def test_bookings_that_fit_are_fine() -> None:
    done = with_view(tool_calls=[{"executed": "yes"}])(good(BY_NAME["booking"]))
    unknown = with_view(tool_calls=[{"executed": "unknown"}])(good(BY_NAME["booking"], key="u"))
    assert invariants.bookings_broken(["k"], [done, unknown]) == []


def test_a_seed_gives_the_same_orders_again_and_another_gives_others() -> None:
    assert plan(5, 40) == plan(5, 40)
    assert plan(5, 40) != plan(6, 40)
    assert sum(map(len, plan(5, 40))) == 40


def test_every_kind_has_a_route() -> None:
    assert {kind.name for kind in KINDS} <= routes().keys()
