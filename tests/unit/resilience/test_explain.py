"""The plan of a route as it is told."""

from dataclasses import replace
from typing import Any

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.domain.routes import HedgePolicy, Route, Target
from sentinel.resilience.explain import RouteExplainer, plan_text
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import NoHedge
from sentinel.resilience.planner import Panic, RecoveryPlanner
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import hedge_planner, open_protection

ONE, TWO = Target("a", "x"), Target("b", "y")
ROUTE = Route(name="default", targets=(ONE, TWO))


def explainer(panic: Panic) -> RouteExplainer:
    """An explainer of targets whose circuits have all opened by themselves."""
    clock = FakeClock()
    protection = open_protection(clock)
    for target in (ONE, TWO):
        for _ in range(5):
            protection.board.acquire(target.breaker_keys[:1]).failure("server_error")
    planner = RecoveryPlanner(panic=panic, allows_panic=protection.panics.is_free)
    gate = TargetGate(protection.board, KillSwitches(clock).is_killed)
    return RouteExplainer(planner=planner, gate=gate, protection=protection, hedges=hedge_planner(gate, protection))


def test_with_all_circuits_open_the_plan_says_when_to_come_back() -> None:
    plan = explainer(Panic.FAIL).explain(ROUTE)
    assert (plan["first"], plan["is_panic"], plan["panic"], plan["gives_up"]) == (None, False, "fail", "exhausted")
    assert 30 <= plan["retry_after_seconds"] <= 36
    assert plan_text(plan).splitlines()[-1] == "nobody can be asked: exhausted"


def test_in_a_panic_the_plan_says_who_is_asked_through_an_open_circuit() -> None:
    told = explainer(Panic.PROBE)
    plan = told.explain(ROUTE)
    assert (plan["first"], plan["is_panic"], plan["panic"]) == ("a/x", True, "probe")
    assert plan_text(plan).splitlines()[-1] == "first: a/x, through its open circuit, since nobody else can be asked"
    with told.protection.enter(ONE, is_panic=True):
        assert told.explain(ROUTE)["first"] == "b/y"


def told_of(route: Route, *, pace: float | None = None) -> tuple[dict[str, Any], str]:
    """Give what is told of a route's hedge, as data and as the last line of the text."""
    clock = FakeClock()
    protection = open_protection(clock)
    gate = TargetGate(protection.board, KillSwitches(clock).is_killed)
    hedges = hedge_planner(gate, protection, paces={ONE: pace} if pace else {})
    hedges.plan(route, ONE, has_tools=True, remaining_seconds=60.0)
    plan = RouteExplainer(planner=RecoveryPlanner(), gate=gate, protection=protection, hedges=hedges).explain(route)
    return plan["hedge"], plan_text(plan).splitlines()[-1]


def test_the_plan_says_whom_a_slow_first_target_is_hedged_with_and_when() -> None:
    told, line = told_of(replace(ROUTE, hedge=HedgePolicy(enabled=True, share=1.0)), pace=2.5)
    assert told == {"enabled": True, "target": "b/y", "after_seconds": 2.5, "why_not": None}
    assert line == "hedge: b/y, if the first has said nothing after 2.5 s"


def test_the_plan_says_why_there_is_no_hedge() -> None:
    told, line = told_of(replace(ROUTE, hedge=HedgePolicy(enabled=True, share=1.0)))
    assert told == {"enabled": True, "target": None, "after_seconds": None, "why_not": "pace_unknown"}
    assert line == "no hedge now: too few first-token times of the first target are known"
    told, line = told_of(replace(ROUTE, hedge=HedgePolicy(enabled=True, share=0.5)), pace=2.5)
    assert (told["why_not"], line) == ("share_spent", "no hedge now: the route's share of hedges is spent")


def test_the_plan_of_a_route_that_does_not_hedge_is_silent_about_it() -> None:
    told, line = told_of(ROUTE, pace=2.5)
    assert told == {"enabled": False, "target": None, "after_seconds": None, "why_not": "disabled"}
    assert line.startswith("first: ")


def test_every_reason_to_hedge_nobody_has_its_words() -> None:
    for reason in set(NoHedge) - {NoHedge.DISABLED}:
        hedge = {"enabled": True, "target": None, "after_seconds": None, "why_not": reason.value}
        assert (
            plan_text(explainer(Panic.FAIL).explain(ROUTE) | {"hedge": hedge}).splitlines()[-1].startswith("no hedge")
        )
