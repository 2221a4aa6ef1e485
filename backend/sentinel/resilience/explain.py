"""The plan of a route as it would be followed now, told without calling anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sentinel.domain.routes import Capabilities, Deadlines, Route, Target
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import Hedge, HedgePlanner, NoHedge
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.resilience.protection import Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteExplainer:
    """Looks at everything that decides over a route; takes nothing and changes nothing."""

    planner: RecoveryPlanner
    gate: TargetGate
    protection: Protection
    hedges: HedgePlanner

    def explain(self, route: Route) -> dict[str, Any]:
        """Give the plan in the shape of `GET /api/routes/{name}/explain`."""
        rows = [self._target(route, target) for target in route.targets]
        chain = [row["target"] for row in rows if row["is_admitted"]]
        decision = self.planner.decide(
            route,
            (),
            gate=lambda target: self.gate.refusal(route, target),
            remaining_seconds=route.deadlines.total_seconds,
        )
        return {
            "route": route.name,
            "policy": route.policy.value,
            "midstream": route.midstream.value,
            "seam": route.seam.value,
            "max_attempts": self.planner.max_attempts,
            "same_target": self.planner.same_target,
            "deadlines": _deadlines(route.deadlines),
            "targets": rows,
            "chain": chain[: self.planner.max_attempts],
            "first": str(decision.target) if decision.target else None,
            "first_after_seconds": round(decision.delay_seconds, 3),
            "panic": self.planner.panic.value,
            "is_panic": decision.is_panic,
            "gives_up": decision.give_up.value if decision.give_up else None,
            "retry_after_seconds": decision.retry_after_seconds,
            "hedge": self._hedge(route, decision.target or route.primary),
        }

    def _hedge(self, route: Route, first: Target) -> dict[str, Any]:
        """Tell what a request without tools that asks `first` would get."""
        outlook = self.hedges.outlook(route, first, remaining_seconds=route.deadlines.total_seconds)
        hedge = outlook if isinstance(outlook, Hedge) else None
        return {
            "enabled": route.hedge.enabled,
            "target": str(hedge.target) if hedge else None,
            "after_seconds": round(hedge.after_seconds, 3) if hedge else None,
            "why_not": outlook.value if isinstance(outlook, NoHedge) else None,
        }

    def _target(self, route: Route, target: Target) -> dict[str, Any]:
        refusal = self.gate.refusal(route, target)
        return {
            "target": str(target),
            "tier": route.tier(target).value,
            "is_admitted": refusal is None,
            "cause": refusal.cause if refusal else None,
            "retry_after_seconds": refusal.retry_after if refusal else None,
            "circuits": {key: state.value for key, state in self.gate.states(target).items()},
            "in_flight": self.protection.bulkheads.in_flight(target),
            "concurrency_limit": self.protection.bulkheads.limit(target),
            "retry_tokens": round(self.protection.budget.tokens(target.provider), 2),
            "capabilities": _capabilities(self.planner.capabilities, target),
        }


def _deadlines(deadlines: Deadlines) -> dict[str, float]:
    return {
        "connect_seconds": deadlines.connect_seconds,
        "first_token_seconds": deadlines.first_token_seconds,
        "stall_seconds": deadlines.stall_seconds,
        "total_seconds": deadlines.total_seconds,
    }


def _capabilities(known: Mapping[Target, Capabilities], target: Target) -> dict[str, Any]:
    declared = known.get(target, Capabilities())
    return {
        "prefill": declared.prefill,
        "context_tokens": declared.context_tokens,
        "larger_context": str(declared.larger_context) if declared.larger_context else None,
    }


def plan_text(plan: Mapping[str, Any]) -> str:
    """Give a plan as lines for a terminal."""
    lines = [f"route {plan['route']}: {plan['policy']}, midstream {plan['midstream']}, seam {plan['seam']}"]
    lines.append(f"at most {plan['max_attempts']} attempts, {plan['same_target']} repeat on one target")
    for number, row in enumerate(plan["targets"], start=1):
        wait = row["retry_after_seconds"]
        later = f", free in {wait:.0f} s" if wait else ""
        word = "would be asked" if row["is_admitted"] else f"passed over: {row['cause'].replace('_', ' ')}{later}"
        lines.append(f"  {number}. {row['target']} ({row['tier']}): {word}")
    first = plan["first"]
    how = ", through its open circuit, since nobody else can be asked" if plan["is_panic"] else ""
    lines.append(f"first: {first}{how}" if first else f"nobody can be asked: {plan['gives_up']}")
    if plan["hedge"]["enabled"]:
        lines.append(_hedge_text(plan["hedge"]))
    return "\n".join(lines)


def _hedge_text(hedge: Mapping[str, Any]) -> str:
    if hedge["target"]:
        return f"hedge: {hedge['target']}, if the first has said nothing after {hedge['after_seconds']:g} s"
    return f"no hedge now: {_WHY_NOT[hedge['why_not']]}"


_WHY_NOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        NoHedge.NO_OTHER_PROVIDER.value: "no other provider has all its circuits closed",
        NoHedge.MAX_ATTEMPTS.value: "a request may make one call only",
        NoHedge.PACE_UNKNOWN.value: "too few first-token times of the first target are known",
        NoHedge.SHARE_SPENT.value: "the route's share of hedges is spent",
        NoHedge.RETRIES_SHORT.value: "the first provider's retries are short",
        NoHedge.DEADLINE.value: "it would come after the deadline",
    }
)
