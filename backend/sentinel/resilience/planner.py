"""The recovery planner: given the route and what was tried, who is asked next, and when. The one owner of recovery.

Graph and gateway ask it after every attempt; nobody else decides to call a provider again. Pure: it is given views
of what protects the targets and gives a decision; who asked does the waiting. The rules are in `failure_table`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Capabilities, Route, Target
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.failure_table import Elsewhere, FailureRule, Pace, SameTarget, rule_of
from sentinel.resilience.refusal import Refusal, RefusalCause

_SECOND_LOOKS = 1
"""How often a target that was passed over is looked at again in one call."""
_WORTH_WAITING_FOR = frozenset({SameTarget.WHEN_ALONE, SameTarget.WAIT_SHORT})


class GiveUp(StrEnum):
    """Why there is no next target."""

    EXHAUSTED = "exhausted"
    """Every target was tried or refused."""
    ATTEMPTS_SPENT = "attempts_spent"
    """The limit of attempts for one call is reached."""
    DEADLINE = "deadline"
    """The caller's time is over."""
    FINAL = "final"
    """The last outcome must not be rerouted."""


class AttemptKind(StrEnum):
    """What the next attempt is."""

    FIRST = "first"
    RETRY = "retry"
    """On a target that this call has asked before."""
    FAILOVER = "failover"


class Panic(StrEnum):
    """What happens when the circuits of all targets are open."""

    FAIL = "fail"
    PROBE = "probe"
    """One call at a time and provider goes through its open circuit."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Either a `target` to call after `delay_seconds`, or a reason to give up.

    `passed_over` lists the targets refused on the way. `is_panic`: the call goes through an open circuit.
    `retry_after_seconds`: when giving up, how soon a target may be free again, if that is known.
    """

    target: Target | None
    give_up: GiveUp | None = None
    passed_over: tuple[tuple[Target, Refusal], ...] = ()
    kind: AttemptKind = AttemptKind.FIRST
    delay_seconds: float = 0.0
    is_panic: bool = False
    retry_after_seconds: float | None = None


Gate = Callable[[Target], Refusal | None]
"""Tells why a target may not be called now, or None."""


def allow_any(_: str) -> bool:
    """Allow it to every provider: the view where nothing is limited."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPlanner:
    """Chooses targets in the order of the route; the same one again only where the failure table allows it.

    `allows_retry` and `allows_panic` are asked with a provider's name: its retry budget, and whether no other call
    goes through its open circuit. A wait counts as short up to `short_wait_seconds` and `short_wait_share` of what is
    left of the deadline.
    """

    max_attempts: int = 3
    same_target: int = 1
    backoff: Backoff = field(default_factory=Backoff)
    capabilities: Mapping[Target, Capabilities] = field(default_factory=dict)
    allows_retry: Callable[[str], bool] = allow_any
    allows_panic: Callable[[str], bool] = allow_any
    panic: Panic = Panic.FAIL
    short_wait_seconds: float = 2.0
    short_wait_share: float = 0.2

    def decide(
        self,
        route: Route,
        tried: Sequence[Attempt],
        *,
        gate: Gate,
        remaining_seconds: float,
        prefer: Target | None = None,
    ) -> Decision:
        """Choose what comes next in one model call.

        `tried` holds this call's attempts so far, passed-over targets included, of two at a time the one that counts
        last; `prefer` is asked first (the target that served the turn before); `remaining_seconds` is what is left of
        the deadline.
        """
        spent = sum(not attempt.skipped for attempt in tried)
        counted = tuple(attempt for attempt in tried if not rule_of(attempt).is_moot)
        case = _Case(self, route, tried=counted, spent=spent, gate=gate, remaining=remaining_seconds, prefer=prefer)
        return case.decide()

    def is_short(self, wait_seconds: float, remaining_seconds: float) -> bool:
        """Tell whether a caller may be kept waiting that long."""
        return wait_seconds <= min(self.short_wait_seconds, self.short_wait_share * remaining_seconds)


@dataclass(slots=True)
class _Case:
    """One decision in the making.

    `tried` lacks attempts that were moot, `spent` counts them; `refused` holds what the gate said about the targets
    that were looked at.
    """

    planner: RecoveryPlanner
    route: Route
    tried: tuple[Attempt, ...] = field(kw_only=True)
    spent: int = field(kw_only=True)
    gate: Gate = field(kw_only=True)
    remaining: float = field(kw_only=True)
    prefer: Target | None = field(kw_only=True)
    refused: dict[Target, Refusal] = field(default_factory=dict, kw_only=True)

    def decide(self) -> Decision:
        rule = rule_of(self.tried[-1]) if self.tried else None
        is_final = rule is not None and self._is_final(rule)
        if is_final and not (rule and rule.same_target is SameTarget.ASK_AGAIN):
            return self._give_up(GiveUp.FINAL)
        if self.remaining <= 0:
            return self._give_up(GiveUp.DEADLINE)
        if self.spent >= self.planner.max_attempts:
            return self._give_up(GiveUp.FINAL if is_final else GiveUp.ATTEMPTS_SPENT)
        again = self._ask_again(rule)
        if again is not None or is_final:
            return again or self._give_up(GiveUp.FINAL)
        return self._somebody_else() or self._alone() or self._panic() or self._give_up(GiveUp.EXHAUSTED)

    @property
    def called(self) -> list[Attempt]:
        return [attempt for attempt in self.tried if not attempt.skipped]

    def _is_final(self, rule: FailureRule) -> bool:
        """Whether nobody else may be asked."""
        if rule.elsewhere is Elsewhere.LARGER_CONTEXT:
            return not self._targets()
        return rule.elsewhere is Elsewhere.NONE or self.tried[-1].final

    # Who ------------------------------------------------------------------------------------------------------------

    def _targets(self) -> list[Target]:
        """Everybody who could take this request, in order of preference."""
        too_small = {a.target for a in self.called if rule_of(a).elsewhere is Elsewhere.LARGER_CONTEXT}
        first = [self.prefer] if self.prefer is not None and self.prefer in self.route.targets else []
        ordered = [*first, *self._larger_than(too_small), *self.route.targets]
        return [each for each in dict.fromkeys(ordered) if all(self._takes_more(each, small) for small in too_small)]

    def _larger_than(self, too_small: set[Target]) -> list[Target]:
        declared = (self.planner.capabilities.get(small) for small in sorted(too_small))
        return [each.larger_context for each in declared if each is not None and each.larger_context is not None]

    def _takes_more(self, target: Target, small: Target) -> bool:
        nothing = Capabilities()
        this, that = (self.planner.capabilities.get(each, nothing) for each in (target, small))
        if target == small:
            return False
        if that.larger_context == target:
            return True
        return (
            this.context_tokens is not None
            and that.context_tokens is not None
            and (this.context_tokens > that.context_tokens)
        )

    def _is_admitted(self, target: Target) -> bool:
        refusal = self.gate(target)
        if refusal is not None:
            self.refused[target] = refusal
        return refusal is None

    # How ------------------------------------------------------------------------------------------------------------

    def _ask_again(self, rule: FailureRule | None) -> Decision | None:
        """The transport worked and the answer did not: the same target, at once."""
        if rule is None or rule.same_target is not SameTarget.ASK_AGAIN:
            return None
        last = self.tried[-1]
        may_repeat = self._may_repeat(last) and self.gate(last.target) is None
        pause = self.planner.backoff.pause(1, pace=Pace.AT_ONCE, remaining_seconds=self.remaining)
        return self._go(last.target, AttemptKind.RETRY) if may_repeat and pause is not None else None

    def _somebody_else(self) -> Decision | None:
        """Someone who can answer now is faster than any pause."""
        gone = {attempt.target for attempt in self.tried}
        for target in self._targets():
            if target not in gone and self._is_admitted(target):
                return self._go(target, self._fresh_kind)
        return None

    def _alone(self) -> Decision | None:
        """Nobody is admitted who was not asked: wait shortly for one, or for one who may be asked again."""
        latest = {attempt.target: attempt for attempt in self.called}
        for target in self._targets():
            asked = latest.get(target)
            decision = self._second_look(target) if asked is None else self._retry(asked)
            if decision is not None:
                return decision
        return None

    def _second_look(self, target: Target) -> Decision | None:
        if self._looks(target) > _SECOND_LOOKS:
            return None
        if target not in self.refused and self._is_admitted(target):
            return self._go(target, self._fresh_kind)
        refusal = self.refused[target]
        wait = refusal.retry_after or 0.0
        if refusal.cause != RefusalCause.COOLDOWN or not self._is_short(wait):
            return None
        pause = self.planner.backoff.pause(1, pace=Pace.AT_ONCE, floor_seconds=wait, remaining_seconds=self.remaining)
        return None if pause is None else self._go(target, self._fresh_kind, delay_seconds=pause)

    def _retry(self, asked: Attempt) -> Decision | None:
        rule = rule_of(asked)
        if asked.ttft_ms is not None or rule.same_target not in _WORTH_WAITING_FOR or not self._may_repeat(asked):
            return None
        refusal = self.gate(asked.target)
        if refusal is not None and refusal.cause != RefusalCause.COOLDOWN:
            return None
        floor = max(asked.retry_after_seconds or 0.0, (refusal and refusal.retry_after) or 0.0)
        pause = self.planner.backoff.pause(
            self._times(asked.target), pace=rule.pace, floor_seconds=floor, remaining_seconds=self.remaining
        )
        if pause is None or not self._is_short(pause if rule.same_target is SameTarget.WAIT_SHORT else floor):
            return None
        return self._go(asked.target, AttemptKind.RETRY, delay_seconds=pause)

    def _panic(self) -> Decision | None:
        """All circuits are open: let one call per provider through, if that is wanted."""
        if self.planner.panic is Panic.FAIL or any(attempt.breaker_state != "open" for attempt in self.called):
            return None
        asked = {attempt.target.provider for attempt in self.called}
        for target in self._targets():
            refusal = self.gate(target)
            may_pass = refusal is not None and refusal.admits_panic and self._looks(target) <= _SECOND_LOOKS
            if may_pass and target.provider not in asked and self.planner.allows_panic(target.provider):
                return self._go(target, self._fresh_kind, is_panic=True)
        return None

    # Parts ----------------------------------------------------------------------------------------------------------

    @property
    def _fresh_kind(self) -> AttemptKind:
        return AttemptKind.FAILOVER if self.called else AttemptKind.FIRST

    def _looks(self, target: Target) -> int:
        return sum(attempt.target == target for attempt in self.tried)

    def _times(self, target: Target) -> int:
        return sum(attempt.target == target for attempt in self.called)

    def _may_repeat(self, asked: Attempt) -> bool:
        target = asked.target
        within_limit = self._times(target) <= self.planner.same_target
        return asked.may_repeat and within_limit and self.planner.allows_retry(target.provider)

    def _is_short(self, wait: float) -> bool:
        return self.planner.is_short(wait, self.remaining)

    def _passed_over(self, chosen: Target | None) -> tuple[tuple[Target, Refusal], ...]:
        known = {chosen, *(attempt.target for attempt in self.tried)}
        return tuple((target, refusal) for target, refusal in self.refused.items() if target not in known)

    def _go(self, target: Target, kind: AttemptKind, *, delay_seconds: float = 0.0, is_panic: bool = False) -> Decision:
        return Decision(
            target,
            passed_over=self._passed_over(target),
            kind=kind,
            delay_seconds=delay_seconds,
            is_panic=is_panic,
        )

    def _give_up(self, reason: GiveUp) -> Decision:
        if reason is GiveUp.FINAL:
            return Decision(None, reason)
        refusals = (self.gate(target) for target in self._targets())
        asked = [attempt.retry_after_seconds for attempt in self.called]
        waits = [refusal.retry_after for refusal in refusals if refusal] + asked
        known = [wait for wait in waits if wait is not None]
        return Decision(None, reason, self._passed_over(None), retry_after_seconds=min(known, default=None))
