"""What decides whether and where a call may go: one set for models, tools and operators."""

from dataclasses import dataclass

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.clock import Clock
from sentinel.domain.money import Price
from sentinel.domain.routes import Capabilities, Target
from sentinel.main.providers import circuits_of
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import Listener, Transition
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadConfig
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.explain import RouteExplainer
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import HedgeConfig, HedgePlanner
from sentinel.resilience.holds import HoldChange
from sentinel.resilience.latency import FirstTokenTimes
from sentinel.resilience.planner import Panic, RecoveryPlanner
from sentinel.resilience.protection import Protection
from sentinel.resilience.retry_budget import BudgetConfig, RetryBudget
from sentinel.settings import ModelSettings, Settings
from sentinel.telemetry.hooks import Hooks
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Resilience:
    """The parts that share their state with every call."""

    clock: Clock
    protection: Protection
    kill_switches: KillSwitches
    gate: TargetGate
    planner: RecoveryPlanner
    transitions: Hooks[[Transition]]
    """Who hears of every change of a circuit."""
    holds: Hooks[[HoldChange]]
    """Who hears of every change of a cool-down or a latch."""
    first_tokens: FirstTokenTimes
    hedges: HedgePlanner

    @property
    def explainer(self) -> RouteExplainer:
        """Tells the plan of a route."""
        return RouteExplainer(planner=self.planner, gate=self.gate, protection=self.protection, hedges=self.hedges)

    @property
    def board(self) -> BreakerBoard:
        """All circuits."""
        return self.protection.board


def build_resilience(settings: Settings, clock: Clock) -> Resilience:
    """Make the parts; the circuits of all configured targets are there from the start, so that they can be seen."""
    transitions, holds = Hooks(_log_transition), Hooks(_log_hold)
    protection = Protection(
        board=_board(settings, clock, transitions),
        cooldowns=CooldownBoard(clock, listener=holds),
        bulkheads=BulkheadBoard(_places(settings)),
        budget=RetryBudget(BudgetConfig(ratio=settings.retry.budget_ratio)),
        slow_first_token_seconds=settings.breaker.slow_first_token_seconds,
    )
    kill_switches = KillSwitches(clock)
    gate = TargetGate(
        protection.board, kill_switches.is_killed, cooldowns=protection.cooldowns, bulkheads=protection.bulkheads
    )
    first_tokens = FirstTokenTimes()
    return Resilience(
        clock=clock,
        protection=protection,
        kill_switches=kill_switches,
        gate=gate,
        planner=_planner(settings, protection),
        transitions=transitions,
        holds=holds,
        first_tokens=first_tokens,
        hedges=HedgePlanner(
            gate=gate,
            times=first_tokens,
            budget=protection.budget,
            config=HedgeConfig(max_attempts=settings.retry.max_attempts),
        ),
    )


def _board(settings: Settings, clock: Clock, listener: Listener) -> BreakerBoard:
    board = BreakerBoard(
        clock,
        default=settings.breaker.config("provider"),
        profiles={"tool": settings.breaker.config("tool")},
        listener=listener,
    )
    for key in circuits_of(settings.routes):
        board.get(key)
    return board


def _places(settings: Settings) -> BulkheadConfig:
    own = {target: model.max_concurrency for target, model in settings.models.items() if model.max_concurrency}
    return BulkheadConfig(max_concurrency=settings.bulkhead.max_concurrency, by_target=own)


def _planner(settings: Settings, protection: Protection) -> RecoveryPlanner:
    retry = settings.retry
    return RecoveryPlanner(
        max_attempts=retry.max_attempts,
        same_target=retry.same_target,
        backoff=Backoff(base_seconds=retry.base_delay_seconds, max_seconds=retry.max_delay_seconds),
        capabilities={target: _capabilities(model) for target, model in settings.models.items()},
        allows_retry=protection.budget.allows,
        allows_panic=protection.panics.is_free,
        panic=Panic(settings.breaker.panic),
    )


def _capabilities(model: ModelSettings) -> Capabilities:
    return Capabilities(prefill=model.prefill, context_tokens=model.context_tokens, larger_context=model.larger_context)


def prices_of(settings: Settings) -> dict[Target, Price]:
    """Give the price of every target that has one."""
    return {
        target: Price.of_usd(per_million_input=model.price.input, per_million_output=model.price.output)
        for target, model in settings.models.items()
        if model.price is not None
    }


def _log_transition(change: Transition) -> None:
    logger.warning(
        "circuit_changed",
        key=change.key,
        before=change.from_state.value,
        after=change.to_state.value,
        rule=change.rule.value,
        reason=change.reason,
    )


def _log_hold(change: HoldChange) -> None:
    logger.warning("target_held", **change.hold.to_dict(), step=change.step.value)
