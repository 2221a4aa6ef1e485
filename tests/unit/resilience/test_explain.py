"""The plan of a route as it is told."""

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.domain.routes import Route, Target
from sentinel.resilience.explain import RouteExplainer, plan_text
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import Panic, RecoveryPlanner
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import open_protection

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
    return RouteExplainer(planner=planner, gate=gate, protection=protection)


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
