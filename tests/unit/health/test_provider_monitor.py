"""One word for how a provider does, and the figures beside it."""

from datetime import timedelta

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target, Tier
from sentinel.errors import Outcome
from sentinel.health.providers import Observation, ProviderCard, ProviderHealth, ProviderMonitor
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.failure_table import LatchScope
from sentinel.testing.clock import FakeClock

TARGET = Target("one", "large")


class Rig:
    """A monitor of one provider."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.board = BreakerBoard(self.clock)
        self.cooldowns = CooldownBoard(self.clock)
        self.elsewhere: list[Observation] = []
        self.open_elsewhere = 0
        card = ProviderCard(name="one", kind="openai", simulated=False, tier=Tier.PRIMARY, models=("large",))
        self.monitor = ProviderMonitor(
            cards={"one": card},
            board=self.board,
            cooldowns=self.cooldowns,
            is_killed=lambda _: False,
            clock=self.clock,
            seen_elsewhere=lambda _: self.elsewhere,
            open_elsewhere=lambda _: self.open_elsewhere,
        )

    def others_saw(self, outcome: Outcome, *, took_ms: float = 100.0) -> None:
        ttft_ms = took_ms / 2 if outcome is Outcome.SUCCESS else None
        now = self.clock.now()
        self.elsewhere.append(Observation(ended_at=now, outcome=outcome, duration_ms=took_ms, ttft_ms=ttft_ms))

    def saw(self, outcome: Outcome, *, took_ms: float = 100.0, skipped: bool = False) -> None:
        now = self.clock.now()
        attempt = Attempt(
            number=1,
            target=TARGET,
            outcome=outcome,
            started_at=now - timedelta(milliseconds=took_ms),
            ended_at=now,
            duration_ms=took_ms,
            ttft_ms=took_ms / 2 if outcome is Outcome.SUCCESS else None,
            skipped=skipped,
        )
        self.monitor.observe(attempt)

    def word(self) -> ProviderHealth:
        return self.monitor.health("one")


def test_without_traffic_nothing_is_known() -> None:
    assert Rig().word() is ProviderHealth.UNKNOWN


def test_successes_make_it_healthy_and_give_medians() -> None:
    rig = Rig()
    for took in (100.0, 200.0, 300.0):
        rig.saw(Outcome.SUCCESS, took_ms=took)
    status = rig.monitor.status()["one"]
    assert (status["status"], status["latency_ms"], status["ttft_p50_ms"]) == ("healthy", 200.0, 100.0)
    assert status["success_rate_pct"] == 100.0


def test_a_failure_among_successes_degrades_it() -> None:
    rig = Rig()
    rig.saw(Outcome.SUCCESS)
    rig.saw(Outcome.FAILURE)
    assert rig.word() is ProviderHealth.DEGRADED
    assert rig.monitor.status()["one"]["success_rate_pct"] == 50.0


def test_neutral_outcomes_and_passed_over_targets_tell_nothing() -> None:
    rig = Rig()
    rig.saw(Outcome.NEUTRAL)
    rig.saw(Outcome.NEUTRAL, skipped=True)
    assert rig.word() is ProviderHealth.UNKNOWN


def test_an_open_circuit_is_down() -> None:
    rig = Rig()
    rig.board.get("provider:one").trip(actor="test")
    assert rig.word() is ProviderHealth.DOWN


def test_a_latched_credential_is_an_auth_error_until_it_is_released() -> None:
    rig = Rig()
    rig.cooldowns.latch(TARGET, LatchScope.CREDENTIAL, cause="auth")
    assert rig.word() is ProviderHealth.AUTH_ERROR
    assert rig.monitor.status()["one"]["cooldown_until"] is not None
    rig.cooldowns.release("one", actor="test")
    assert rig.word() is ProviderHealth.UNKNOWN


def test_what_is_long_ago_is_forgotten() -> None:
    rig = Rig()
    rig.saw(Outcome.FAILURE)
    rig.clock.advance(301.0)
    assert rig.word() is ProviderHealth.UNKNOWN


def test_figures_are_of_all_processes() -> None:
    rig = Rig()
    rig.others_saw(Outcome.SUCCESS, took_ms=300.0)
    status = rig.monitor.status()["one"]
    assert (status["status"], status["latency_ms"], status["ttft_p50_ms"]) == ("healthy", 300.0, 150.0)
    rig.clock.advance(1)
    rig.saw(Outcome.FAILURE)
    assert rig.monitor.status()["one"]["success_rate_pct"] == 50.0
    assert rig.word() is ProviderHealth.DEGRADED
    rig.clock.advance(299.5)
    assert rig.monitor.status()["one"]["success_rate_pct"] == 0.0, "what others saw is forgotten as well"


def test_a_provider_that_fails_and_is_left_alone_elsewhere_is_down() -> None:
    rig = Rig()
    rig.open_elsewhere = 1
    assert rig.word() is ProviderHealth.UNKNOWN
    rig.others_saw(Outcome.FAILURE)
    assert rig.word() is ProviderHealth.DOWN
    circuit = rig.monitor.status()["one"]["circuit_breaker"]
    assert (circuit["state"], circuit["open_elsewhere"]) == ("closed", 1)
    rig.clock.advance(1)
    rig.saw(Outcome.SUCCESS)
    assert rig.word() is ProviderHealth.DEGRADED, "one process may be sick itself"
