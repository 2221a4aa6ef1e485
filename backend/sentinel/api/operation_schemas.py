"""The JSON of operations: providers, routes, circuits, kill switches, health."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from sentinel.api.schemas import RequestModel, View

Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
TtlSeconds = Annotated[float, Field(gt=0, le=86_400)]


class KillSwitchRequest(RequestModel):
    """Switch a target off (`active`) or on; without `ttl_seconds` it stays off until it is switched on."""

    active: bool
    ttl_seconds: TtlSeconds | None = None
    reason: Reason | None = None


class KillSwitchView(View):
    """A kill switch."""

    target: str
    active: bool
    reason: str | None
    actor: str
    since: datetime | None
    expires_at: datetime | None


class ChaosView(View):
    """What is armed."""

    enabled: bool
    halted: bool
    kill_switches: list[KillSwitchView]
    faults: list[dict[str, Any]]
    fault_kinds: list[dict[str, Any]]


class BreakerRequest(RequestModel):
    """Trip or reset the circuit `key` (`provider:NAME`, `model:NAME/MODEL`, `tool:SERVER/TOOL`)."""

    key: str
    reason: Reason | None = None
    ttl_seconds: TtlSeconds | None = None


class OverrideView(View):
    """What an operator holds a circuit to."""

    kind: Literal["forced_open", "forced_closed", "metrics_only"]
    actor: str
    reason: str | None
    expires_at: datetime


CircuitState = Literal["closed", "open", "half_open"]


class BreakerView(View):
    """A circuit."""

    key: str
    state: CircuitState
    failures: int
    successes: int
    consecutive_failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    override: OverrideView | None
    rule: str | None
    """Why it opened: a rule of its own, `manual`, or `shared`: what other processes found."""
    reason: str | None


class BreakerList(View):
    """All circuits."""

    items: list[BreakerView]


class ProviderCircuitView(View):
    """The circuit of a provider."""

    state: CircuitState
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    override: OverrideView | None
    open_elsewhere: int
    """How many other processes that share circuits with this one have opened theirs."""


class ProviderStatusView(View):
    """How a provider does; figures are of the last five minutes, of all processes that share them."""

    status: Literal["healthy", "degraded", "down", "auth_error", "unknown"]
    latency_ms: float | None
    ttft_p50_ms: float | None
    success_rate_pct: float | None
    last_probe_at: datetime | None
    predicted_ttft_ms: float | None
    circuit_breaker: ProviderCircuitView
    kill_switch: bool
    cooldown_until: datetime | None
    kind: Literal["openai", "ollama", "langchain"]
    simulated: bool
    tier: Literal["primary", "fallback"] | None
    models: list[str]
    last_attempt_at: datetime | None


class RouteView(View):
    """A route and its targets in order of preference."""

    name: str
    targets: list[str]
    policy: str
    midstream: str


class DeadlinesView(View):
    """Time limits in seconds."""

    connect_seconds: float
    first_token_seconds: float
    stall_seconds: float
    total_seconds: float


class CapabilitiesView(View):
    """What a target is declared to be able to do."""

    prefill: bool
    context_tokens: int | None
    larger_context: str | None


class PlannedTargetView(View):
    """One target of a route, and whether it may be called now."""

    target: str
    tier: Literal["primary", "fallback"]
    is_admitted: bool
    cause: str | None
    retry_after_seconds: float | None
    circuits: dict[str, CircuitState]
    in_flight: int
    concurrency_limit: int
    retry_tokens: float
    capabilities: CapabilitiesView


class HedgePlanView(View):
    """Whether a request without tools would have a hedge now: whom it asks, after how long a silence, or why not."""

    enabled: bool
    target: str | None
    after_seconds: float | None
    why_not: (
        Literal[
            "disabled",
            "no_other_provider",
            "max_attempts",
            "pace_unknown",
            "share_spent",
            "retries_short",
            "deadline",
        ]
        | None
    )


class PlanView(View):
    """The plan that a request on a route would follow now. `chain`: the targets in the order they would be asked.

    `panic`: what happens when all circuits are open; `is_panic`: `first` would be asked through its open circuit.
    """

    route: str
    policy: str
    midstream: str
    seam: str
    max_attempts: int
    same_target: int
    deadlines: DeadlinesView
    targets: list[PlannedTargetView]
    chain: list[str]
    first: str | None
    first_after_seconds: float
    panic: Literal["fail", "probe"]
    is_panic: bool
    gives_up: str | None
    retry_after_seconds: float | None
    hedge: HedgePlanView


class LimitsView(View):
    """Limits that a caller should know."""

    max_input_chars: int


class InfoView(View):
    """What this server is."""

    version: str
    environment: str
    simulated: bool
    chaos_enabled: bool
    routes: list[RouteView]
    limits: LimitsView


class CheckView(View):
    """How one dependency is."""

    status: Literal["healthy", "degraded", "unhealthy", "off"]
    latency_ms: float | None
    detail: str | None


class HealthView(View):
    """How the whole is."""

    status: Literal["healthy", "degraded", "unhealthy"]
    uptime_seconds: float
    checks: dict[str, CheckView]


class LiveView(View):
    """The process answers."""

    status: Literal["alive"] = "alive"
