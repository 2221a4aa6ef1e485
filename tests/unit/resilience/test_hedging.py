"""Hedging: when a second target is asked, whom, and how often at most."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.routes import HedgePolicy, Route, Target
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import Hedge, HedgeConfig, HedgePlanner, NoHedge
from sentinel.resilience.latency import FirstTokenTimes
from sentinel.resilience.retry_budget import RetryBudget
from sentinel.testing.clock import FakeClock
from tests.unit.resilience.making import finished

A, SIBLING, B, C = Target("a", "x"), Target("a", "y"), Target("b", "x"), Target("c", "x")
ON = HedgePolicy(enabled=True)
ROUTE = Route(name="default", targets=(A, SIBLING, B, C), hedge=ON)


def hedging(*targets: Target, **policy: Any) -> Route:
    return Route(name="default", targets=targets or ROUTE.targets, hedge=replace(ON, **policy))


class Bench:
    """A planner that has saved enough for one hedge, and what it looks at."""

    def __init__(self, *, p95: float = 2.0, saved: int = 20, route: Route = ROUTE, max_attempts: int = 3) -> None:
        self.route = route
        self.killed: set[Target] = set()
        self.clock = FakeClock()
        self.board, self.cooldowns, self.budget = BreakerBoard(self.clock), CooldownBoard(self.clock), RetryBudget()
        gate = TargetGate(self.board, lambda target, _: target in self.killed, cooldowns=self.cooldowns)
        self.times = FirstTokenTimes()
        for _ in range(20):
            self.times.observe(finished(A, ttft_ms=p95 * 1000))
        config = HedgeConfig(max_attempts=max_attempts)
        self.planner = HedgePlanner(gate=gate, times=self.times, budget=self.budget, config=config)
        for _ in range(saved - 1):
            self.plan(has_tools=True)

    def plan(
        self, *, first: Target = A, has_tools: bool = False, remaining_seconds: float = 60.0, called: int = 0
    ) -> Hedge | None:
        return self.planner.plan(
            self.route, first, has_tools=has_tools, remaining_seconds=remaining_seconds, called=called
        )

    def why_not(self, *, first: Target = A, remaining_seconds: float = 60.0) -> NoHedge | Hedge:
        return self.planner.outlook(self.route, first, remaining_seconds=remaining_seconds)


def test_the_next_provider_is_asked_after_what_nearly_all_calls_take() -> None:
    assert Bench(p95=2.5).plan() == Hedge(B, 2.5)


def test_no_hedge_comes_before_a_second() -> None:
    assert Bench(p95=0.2).plan() == Hedge(B, 1.0)


def test_a_route_may_hedge_sooner_or_later() -> None:
    assert Bench(p95=0.2, route=hedging(min_seconds=0.1)).plan() == Hedge(B, 0.2)
    assert Bench(p95=0.2, route=hedging(min_seconds=3.0)).plan() == Hedge(B, 3.0)


def test_a_route_that_does_not_ask_for_hedges_has_none_and_saves_none() -> None:
    bench = Bench(saved=100, route=replace(ROUTE, hedge=HedgePolicy()))
    assert bench.plan() is None
    bench.route = ROUTE
    assert bench.plan() is None


def test_each_route_spends_what_its_own_requests_saved() -> None:
    bench = Bench(saved=100)
    bench.route = replace(ROUTE, name="other")
    assert bench.plan() is None


def test_only_the_first_call_of_a_request_is_hedged_and_counts_it() -> None:
    bench = Bench(saved=20)
    assert bench.plan(called=1) is None
    bench = Bench(saved=1)
    for _ in range(100):
        bench.plan(called=1)
    assert bench.plan() is None


def test_the_outlook_says_why_there_would_be_no_hedge() -> None:
    assert Bench().why_not() == NoHedge.SHARE_SPENT
    assert Bench(saved=21).why_not() == Hedge(B, 2.0)
    assert Bench(saved=21).why_not(first=C) == NoHedge.PACE_UNKNOWN
    assert Bench(saved=21).why_not(remaining_seconds=2.0) == NoHedge.DEADLINE
    assert Bench(saved=21, max_attempts=1).why_not() == NoHedge.MAX_ATTEMPTS
    assert Bench(route=replace(ROUTE, hedge=HedgePolicy())).why_not() == NoHedge.DISABLED
    assert Bench(route=hedging(A, SIBLING)).why_not() == NoHedge.NO_OTHER_PROVIDER


def test_the_outlook_sees_who_is_kept_away() -> None:
    bench = Bench(saved=21)
    bench.killed |= {B, C}
    assert bench.why_not() == NoHedge.NO_OTHER_PROVIDER
    for _ in range(5):
        bench.budget.observe(finished(A, "server_error"))
    assert bench.why_not() == NoHedge.RETRIES_SHORT


def test_a_target_whose_pace_is_not_known_is_not_hedged() -> None:
    assert Bench().plan(first=C) is None


def test_requests_with_tools_are_not_hedged() -> None:
    assert Bench(saved=40).plan(has_tools=True) is None


def test_a_hedge_that_would_come_after_the_deadline_is_not_planned() -> None:
    assert Bench().plan(remaining_seconds=2.0) is None


def test_only_a_provider_that_nothing_speaks_against_is_asked() -> None:
    bench = Bench()
    bench.killed.add(B)
    assert bench.plan() == Hedge(C, 2.0)
    bench.board.get("provider:c").trip(actor="test")
    assert bench.plan() is None
    bench.killed.clear()
    bench.cooldowns.throttle(B, 30)
    assert bench.plan() is None


def test_a_circuit_that_only_probes_is_left_to_its_probe() -> None:
    bench = Bench()
    bench.board.get("model:b/x").trip(actor="test", ttl_seconds=0.5)
    bench.clock.advance(1.0)
    assert bench.board.admits(B.breaker_keys) is None
    assert bench.plan() == Hedge(C, 2.0)


def test_hedging_stops_while_retries_are_short_at_either_provider() -> None:
    for provider in ("a/x", "b/x"):
        bench = Bench()
        for _ in range(5):
            bench.budget.observe(finished(provider, "server_error"))
        plan = bench.plan()
        assert plan is None if provider == "a/x" else plan == Hedge(C, 2.0)


def test_what_has_come_between_is_seen_when_the_time_has_come() -> None:
    bench = Bench()
    hedge = bench.plan()
    assert hedge is not None
    bench.killed.add(hedge.target)
    assert not bench.planner.fire(bench.route, A, hedge)
    bench.killed.clear()
    assert bench.planner.fire(bench.route, A, hedge)


def test_one_request_in_twenty_is_hedged() -> None:
    bench = Bench(saved=1)
    fired = 0
    for _ in range(1000):
        hedge = bench.plan()
        fired += hedge is not None and bench.planner.fire(bench.route, A, hedge)
    assert fired == 50


def test_plans_that_were_made_together_do_not_spend_more_than_is_saved() -> None:
    bench = Bench(saved=60)
    hedges = [bench.plan() for _ in range(10)]
    assert [bench.planner.fire(bench.route, A, hedge) for hedge in hedges if hedge].count(True) == 3


def test_no_more_than_a_few_hedges_are_saved_up() -> None:
    bench = Bench(saved=10_000)
    hedges = [bench.plan() for _ in range(10)]
    assert [bench.planner.fire(bench.route, A, hedge) for hedge in hedges if hedge].count(True) == 5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=300), st.sampled_from([0.05, 0.2, 1.0]))
def test_there_are_never_more_hedges_than_their_share_of_the_requests(
    steps: list[tuple[bool, int]], share: float
) -> None:
    bench = Bench(saved=1, route=hedging(share=share))
    fired = 0
    for requests, (has_tools, fires) in enumerate(steps, start=1):
        hedge = bench.plan(has_tools=has_tools)
        for _ in range(fires if hedge else 0):
            fired += bench.planner.fire(bench.route, A, hedge)  # type: ignore[arg-type]
        assert fired <= share * requests + 1e-6
