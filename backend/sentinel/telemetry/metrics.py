"""What is counted while Sentinel works: attempts, tools, requests, runs, circuits. `docs/metrics.md` names each.

Every method listens to one source. An attempt costs a few dictionary entries, a chunk of a stream nothing. Labels are
bounded: a model or a route that only a caller named is `other`, and so are tools of which a server has too many.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from prometheus_client.metrics_core import Metric

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.incidents import Incident, IncidentType
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Target
from sentinel.domain.runs import Run, RunEnding, RunStatus
from sentinel.domain.tools import CANCELLED, GuardedCall
from sentinel.resilience.breaker_board import tool_key
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.ledger import Ledger
from sentinel.telemetry.series import Distribution, Labels, Sample, Tally

OTHER = "other"
NO_CAUSE = "none"
TOOLS_PER_SERVER = 100
"""How many tools of one server have labels of their own: servers think of these names, and may think of many."""
KEPT_LATENCIES = 1000
"""Of how many answers the percentiles of the summary are made."""

_FIRST_TOKEN_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
_DURATION_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_TOOL_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_TARGET = ("provider", "model")
_TOOL = ("server", "tool")
_ENDED = tuple(status for status in RunStatus if not status.is_active)


class Bounded:
    """Label values that a caller may choose, kept to those that the configuration names."""

    def __init__(self, *, targets: Collection[Target], routes: Collection[str], servers: Collection[str] = ()) -> None:
        """`targets`, `routes` and tool `servers` are the configured ones."""
        models: dict[str, set[str]] = {}
        for target in targets:
            models.setdefault(target.provider, set()).add(target.model)
        self._models = models
        self._routes = frozenset(routes)
        self._circuits = frozenset(key for target in targets for key in target.breaker_keys)
        self._tools: dict[str, set[str]] = {server: set() for server in servers}

    def target(self, target: Target) -> Labels:
        """Give the labels `provider` and `model`."""
        provider, model = target.provider, target.model
        return (provider, model) if model in self._models.get(provider, ()) else (provider, OTHER)

    def name(self, target: Target) -> str:
        """Give a target as one label."""
        return "/".join(self.target(target))

    def route(self, name: str) -> str:
        """Give a route as a label."""
        return name if name in self._routes else OTHER

    def knows(self, circuit: str) -> bool:
        """Tell whether a circuit is that of something configured, or of one of the first tools of such a server."""
        return circuit in self._circuits or self._knows_tool(circuit)

    def tool(self, server: str, tool: str) -> Labels:
        """Give the labels `server` and `tool`."""
        return (server, tool) if self._knows_tool(tool_key(server, tool)) else (server, OTHER)

    def _knows_tool(self, circuit: str) -> bool:
        kind, _, name = circuit.partition(":")
        known = self._tools.get(name.partition("/")[0]) if kind == "tool" else None
        if known is None:
            return False
        if len(known) < TOOLS_PER_SERVER:
            known.add(circuit)
        return circuit in known

    def circuit(self, key: str) -> str:
        """Give the key of a circuit as a label."""
        return key if self.knows(key) else OTHER


class Metrics:
    """All figures that are counted here."""

    def __init__(self, clock: Clock, bounded: Bounded) -> None:
        """Start at zero."""
        self.clock = clock
        self.bounded = bounded
        self.started = clock.monotonic()
        self.latencies_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self.first_tokens_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self.states = StateTimes(clock, bounded)
        self._define_attempts()
        self.tool_calls_ms: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._define_requests_and_runs()
        self._define_tools()
        self.transitions = Tally(
            "sentinel_circuit_transitions_total", "Changes of circuits.", ("key", "from", "to", "rule")
        )
        self.incidents = Tally(
            "sentinel_incidents_total", "Incidents that were reported.", ("type",), known=IncidentType
        )

    def _define_attempts(self) -> None:
        self.attempts = Tally("sentinel_attempts_total", "Attempts that were made.", (*_TARGET, "class", "cause"))
        self.attempt_seconds = Distribution(
            "sentinel_attempt_duration_seconds",
            "Attempts from their beginning to their end.",
            (*_TARGET, "class"),
            bounds=_DURATION_BOUNDS,
        )
        self.first_token_seconds = Distribution(
            "sentinel_attempt_first_token_seconds",
            "Attempts from their beginning to their first content.",
            _TARGET,
            bounds=_FIRST_TOKEN_BOUNDS,
        )
        self.passed_over = Tally(
            "sentinel_targets_passed_over_total", "Targets that were not called.", (*_TARGET, "cause")
        )
        self.retries = Tally("sentinel_retries_total", "Attempts on a target that was called before.", _TARGET)
        self.failovers = Tally(
            "sentinel_failovers_total", "Answers from a target other than the one that failed.", ("from", "to", "cause")
        )

    def _define_requests_and_runs(self) -> None:
        self.requests = Tally(
            "sentinel_gateway_requests_total", "Requests to the gateway.", ("endpoint", "route", "outcome")
        )
        self.request_seconds = Distribution(
            "sentinel_gateway_request_duration_seconds",
            "Answered requests to the gateway.",
            ("endpoint",),
            bounds=_DURATION_BOUNDS,
        )
        self.runs = Tally("sentinel_runs_total", "Runs that ended.", ("status",), known=_ENDED)
        self.run_seconds = Distribution(
            "sentinel_run_duration_seconds", "Answered runs, from question to end.", bounds=_DURATION_BOUNDS
        )
        self.recovered = Tally("sentinel_runs_recovered_total", "Runs taken over from a process that died.")

    def _define_tools(self) -> None:
        self.tool_calls = Tally(
            "sentinel_tool_calls_total", "Calls of tools that are over.", (*_TOOL, "class", "cause", "origin")
        )
        self.tool_seconds = Distribution(
            "sentinel_tool_call_duration_seconds", "Calls of tools that were sent.", _TOOL, bounds=_TOOL_BOUNDS
        )
        self.tool_fallbacks = Tally(
            "sentinel_tool_fallbacks_total",
            "Tools called in place of an equivalent that failed.",
            ("from", "to", "cause"),
        )

    # Listening --------------------------------------------------------------------------------------------------------

    def attempt(self, attempt: Attempt) -> None:
        """An attempt is over."""
        target = self.bounded.target(attempt.target)
        class_ = attempt.outcome._value_  # `value` is a property written in Python, which costs as much as all this
        self.attempts.add((*target, class_, attempt.cause or NO_CAUSE))
        self.attempt_seconds.observe(attempt.duration_ms / 1000, (*target, class_))
        if attempt.ttft_ms is not None:
            self.first_token_seconds.observe(attempt.ttft_ms / 1000, target)

    def tool_call(self, call: GuardedCall) -> None:
        """A call of a tool is over."""
        tool = self.bounded.tool(call.server, call.tool)
        self.tool_calls.add((*tool, call.outcome._value_, call.cause or NO_CAUSE, call.origin))
        if call.was_sent and call.cause != CANCELLED:  # what says nothing about how fast a tool is
            self.tool_seconds.observe(call.duration_ms / 1000, tool)
            self.tool_calls_ms.append(call.duration_ms)

    def tool_fallback(self, failed: str, following: str, *, cause: str) -> None:
        """A tool is asked for another; both are members of a configured capability, as `server/tool`."""
        self.tool_fallbacks.add((failed, following, cause))

    def request_over(self, record: RequestRecord) -> None:
        """A request to the gateway is over."""
        self.requests.add((record.endpoint, self.bounded.route(record.route), record.outcome._value_))
        self._count_ledger(record.attempts)
        if record.outcome is RequestOutcome.COMPLETED:
            self.request_seconds.observe(record.latency_ms / 1000, (record.endpoint,))
            self._answered(record.latency_ms, record.ttft_ms)
            self._count_failover(record.attempts, record.serving)

    def run_over(self, _run: Run, ending: RunEnding) -> None:
        """A run is over."""
        self.runs.add((ending.status.value,))
        self._count_ledger(ending.attempts)
        if ending.status is RunStatus.COMPLETED and ending.latency_ms is not None:
            self.run_seconds.observe(ending.latency_ms / 1000)
            self._answered(ending.latency_ms, ending.ttft_ms)
            self._count_failover(ending.attempts, ending.serving)

    def run_recovered(self, _run: Run) -> None:
        """A run goes on that was left."""
        self.recovered.add()

    def transition(self, change: Transition) -> None:
        """A circuit changed."""
        labels = (change.from_state.value, change.to_state.value, change.rule.value)
        self.transitions.add((self.bounded.circuit(change.key), *labels))
        self.states.change(change)

    def incident(self, incident: Incident) -> None:
        """An incident was told, or one more of the same kind; only the first time counts."""
        if incident.count == 1:
            self.incidents.add((incident.type.value,))

    # Scraping ---------------------------------------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """Give every metric with its samples."""
        for figure in vars(self).values():
            if isinstance(figure, Tally | Distribution):
                yield figure.family()

    # Inside -----------------------------------------------------------------------------------------------------------

    def _answered(self, latency_ms: float, ttft_ms: float | None) -> None:
        self.latencies_ms.append(latency_ms)
        if ttft_ms is not None:
            self.first_tokens_ms.append(ttft_ms)

    def _count_failover(self, attempts: Sequence[Attempt], serving: Target | None) -> None:
        if len(attempts) == 1:
            return
        left = Ledger.of(attempts).left_for(serving) if serving else None
        if left is not None and serving is not None:
            names = (self.bounded.name(left.target), self.bounded.name(serving))
            self.failovers.add((*names, left.cause or NO_CAUSE))

    def _count_ledger(self, attempts: Sequence[Attempt]) -> None:
        """Count what only the whole ledger shows: targets that were not asked, and those that were asked again."""
        if len(attempts) == 1 and not attempts[0].skipped:
            return
        for attempt in attempts:
            if attempt.skipped:
                self.passed_over.add((*self.bounded.target(attempt.target), attempt.cause or NO_CAUSE))
        for again in Ledger.of(attempts).retries:
            self.retries.add(self.bounded.target(again.target))


class StateTimes:
    """How long each circuit has been in each state."""

    def __init__(self, clock: Clock, bounded: Bounded) -> None:
        """Count from now on."""
        self._clock = clock
        self._bounded = bounded
        self._started = clock.monotonic()
        self._since: dict[str, tuple[BreakerState, float]] = {}
        self._seconds: dict[Labels, float] = {}

    def change(self, change: Transition) -> None:
        """Take in a change of a circuit."""
        if not self._bounded.knows(change.key):
            return
        now = self._clock.monotonic()
        _, since = self._since.get(change.key, (change.from_state, self._started))
        labels = (change.key, change.from_state.value)
        self._seconds[labels] = self._seconds.get(labels, 0.0) + now - since
        self._since[change.key] = (change.to_state, now)

    def read(self, keys: Collection[str]) -> Iterator[Sample]:
        """Give the seconds by circuit and state, for these circuits; one that never changed has been closed."""
        now = self._clock.monotonic()
        for key in keys:
            state, since = self._since.get(key, (BreakerState.CLOSED, self._started))
            for each in BreakerState:
                labels = (key, each.value)
                yield labels, self._seconds.get(labels, 0.0) + (now - since if each is state else 0.0)
