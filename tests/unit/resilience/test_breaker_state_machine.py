"""The circuit breaker against a plain model of its rule, in any order of calls, results, time and operators.

Random single steps rarely lead anywhere interesting, so there are composite rules too: a burst of failures, a
full recovery, a demand that a forgotten circuit admits again, and a second release.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sentinel.errors import CircuitOpenError
from sentinel.resilience.breaker_view import BreakerState, OverrideKind, Transition
from sentinel.resilience.circuit_breaker import CircuitBreaker
from sentinel.resilience.circuit_permit import CircuitPermit
from sentinel.testing.clock import FakeClock
from tests.unit.resilience.breaker_model import BreakerModel, Token

LEGAL = {
    ("closed", "open", "A"),
    ("closed", "open", "B"),
    ("closed", "open", "C"),
    ("open", "half_open", "elapsed"),
    ("open", "half_open", "panic"),
    ("half_open", "open", "probe"),
    ("half_open", "open", "expired"),
    ("half_open", "closed", "probe"),
    ("closed", "open", "manual"),
    ("half_open", "open", "manual"),
    ("open", "closed", "manual"),
    ("half_open", "closed", "manual"),
}
OUTCOMES = ("success", "failure", "neutral")
# Edges of the rule and their neighbours; all are exact in binary, so that model and code see the same instants.
PAUSES = st.sampled_from([0.125, 1, 4.875, 5, 29.875, 30, 36, 55, 59.875, 60, 72, 119, 150, 299.875, 300, 400, 601])
RETRY_AFTERS = st.sampled_from([0.0, 0.0, 0.0, 10.0, 45.0, 500.0])
LONGEST_REFUSAL = 300 * 1.2 + 60 + 500  # open with jitter, a hung half-open, the greatest Retry-After or TTL here


class BreakerMachine(RuleBasedStateMachine):
    """Does everything twice, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(monotonic=1000.0)
        self.model = BreakerModel(1000.0)
        self.transitions: list[Transition] = []
        self.circuit = CircuitBreaker(
            "provider:p", clock=self.clock, rng=lambda: self.model.jitter, listener=self.transitions.append
        )
        self.held: list[tuple[CircuitPermit, Token]] = []
        self.spent: list[tuple[CircuitPermit, Token]] = []

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    # One step at a time -----------------------------------------------------------------------------------------------

    def acquire(self) -> tuple[CircuitPermit, Token] | None:
        """One call on both; they must agree whether it is admitted."""
        token = self.model.acquire(self.now)
        if token is not None:
            return self.circuit.acquire(), token
        with pytest.raises(CircuitOpenError) as refused:
            self.circuit.acquire()
        assert refused.value.retry_after > 0
        return None

    def panic(self) -> tuple[CircuitPermit, Token] | None:
        """One call in a panic on both; property 2 has this one exception."""
        assert self.circuit.admits_panic == (not self.model.refuses(self.now) or self._is_open_by_itself())
        token = self.model.panic(self.now)
        if token is not None:
            return self.circuit.acquire(is_panic=True), token
        with pytest.raises(CircuitOpenError):
            self.circuit.acquire(is_panic=True)
        return None

    def _is_open_by_itself(self) -> bool:
        return self.model.state == "open" and not self.model.is_by_hand

    def finish(
        self, pair: tuple[CircuitPermit, Token], outcome: str, *, slow: bool = False, retry_after: float = 0
    ) -> None:
        """One result on both."""
        permit, token = pair
        self.model.finish(token, outcome, self.now, slow=slow, retry_after=retry_after)
        if outcome == "success":
            permit.success(slow=slow, duration=0.0)
        elif outcome == "failure":
            permit.failure("cause", slow=slow, retry_after=retry_after or None, duration=0.0)
        else:
            permit.neutral()
        self.spent = [*self.spent[-7:], pair]

    @rule(seconds=PAUSES)
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(jitter=st.sampled_from([0.0, 0.5, 0.875]))
    def jitter_changes(self, jitter: float) -> None:
        self.model.jitter = jitter

    @rule(outcome=st.sampled_from(OUTCOMES), slow=st.booleans(), retry_after=RETRY_AFTERS)
    def call_that_ends_at_once(self, outcome: str, slow: bool, retry_after: float) -> None:
        if pair := self.acquire():
            self.finish(pair, outcome, slow=slow, retry_after=retry_after)

    @rule(outcomes=st.lists(st.sampled_from([*OUTCOMES, "hang"]), min_size=1, max_size=4), retry_after=RETRY_AFTERS)
    def panics(self, outcomes: list[str], retry_after: float) -> None:
        for outcome in outcomes:
            pair = self.panic()
            if pair and outcome == "hang":
                self.held.append(pair)
            elif pair:
                self.finish(pair, outcome, retry_after=retry_after)

    @precondition(lambda self: len(self.held) < 12)
    @rule()
    def call_that_goes_on(self) -> None:
        if pair := self.acquire():
            self.held.append(pair)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES), slow=st.booleans())
    def call_ends(self, data: st.DataObject, outcome: str, slow: bool) -> None:
        pair = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.finish(pair, outcome, slow=slow)

    @precondition(lambda self: self.held)
    @rule(outcome=st.sampled_from(OUTCOMES), pause=st.sampled_from([0, 5, 59.875, 60, 90]))
    def all_are_found_slow_and_end(self, outcome: str, pause: float) -> None:
        """Property 6 with a mark, which may be older than the window at the end."""
        for permit, token in self.held:
            self.model.mark(token, self.now)
            permit.mark_slow()
        self.clock.advance(pause)
        pairs, self.held = self.held, []
        for pair in pairs:
            self.finish(pair, outcome)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def call_is_found_slow(self, data: st.DataObject) -> None:
        permit, token = data.draw(st.sampled_from(self.held))
        self.model.mark(token, self.now)
        permit.mark_slow()

    @rule(act=st.sampled_from(["trip", "reset", *OverrideKind]), seconds=st.sampled_from([1.0, 60.0, 500.0]))
    def operator_acts(self, act: str, seconds: float) -> None:
        if act == "trip":
            self.model.trip(self.now, seconds)
            self.circuit.trip(actor="ada", ttl_seconds=seconds)
        elif act == "reset":
            self.model.reset(self.now)
            self.circuit.reset(actor="ada")
        else:
            self.model.force(act, self.now, seconds)
            self.circuit.force(OverrideKind(act), ttl_seconds=seconds, actor="ada")

    @rule()
    def somebody_asks(self) -> None:
        for _ in range(2):
            assert (self.circuit.refusal() is not None) == self.model.refuses(self.now)

    # Composite rules --------------------------------------------------------------------------------------------------

    @rule(times=st.integers(1, 12), pause=st.sampled_from([0, 0.125, 5, 100, 150, 151]), retry_after=RETRY_AFTERS)
    def fail_burst(self, times: int, pause: float, retry_after: float) -> None:
        for _ in range(times):
            if pair := self.acquire():
                self.finish(pair, "failure", retry_after=retry_after)
            self.clock.advance(pause)

    @rule(outcomes=st.lists(st.sampled_from([*OUTCOMES, "hang"]), min_size=1, max_size=6), late=st.sampled_from([0, 1]))
    def probes(self, outcomes: list[str], late: float) -> None:
        """Wait until an open circuit admits, at the very instant or a little later, and see how probing goes on."""
        for outcome in outcomes:
            refusal = self.circuit.refusal()
            if refusal is not None and refusal.state is BreakerState.OPEN:
                self.clock.advance(max(0.0, self.model.open_until - self.now) + late)
            pair = self.acquire()
            if pair and outcome == "hang":
                self.held.append(pair)
            elif pair:
                self.finish(pair, outcome)

    @rule(times=st.integers(1, 20), slow=st.booleans())
    def succeed_burst(self, times: int, slow: bool) -> None:
        for _ in range(times):
            if pair := self.acquire():
                self.finish(pair, "success", slow=slow)

    @rule(times=st.integers(1, 8), outcome=st.sampled_from(OUTCOMES), slow=st.booleans())
    def slow_burst(self, times: int, outcome: str, slow: bool) -> None:
        """Calls that are found slow while they run, and then end."""
        for _ in range(times):
            if pair := self.acquire():
                self.model.mark(pair[1], self.now)
                pair[0].mark_slow()
                self.finish(pair, outcome, slow=slow)

    @rule()
    def recover(self) -> None:
        """Whatever hangs, a target that serves again is closed after a wait and a few good calls."""
        self.clock.advance(LONGEST_REFUSAL)
        for _ in range(3):
            pair = self.acquire()
            assert pair is not None
            self.finish(pair, "success")
        assert self.circuit.state is BreakerState.CLOSED

    @rule()
    def must_not_stick(self) -> None:
        """After long enough it admits a call, even with every permit still out."""
        self.clock.advance(LONGEST_REFUSAL)
        assert self.circuit.refusal() is None
        pair = self.acquire()
        assert pair is not None
        self.held.append(pair)

    @precondition(lambda self: self.spent)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def release_twice(self, data: st.DataObject, outcome: str) -> None:
        """A second word and a second release of the same permit."""
        pair = data.draw(st.sampled_from(self.spent))
        self.finish(pair, outcome)
        pair[0].release()

    # What always holds ------------------------------------------------------------------------------------------------

    @invariant()
    def circuit_is_what_the_model_says(self) -> None:
        self.model.let_time_pass(self.now)
        snapshot, model = self.circuit.snapshot(), self.model
        assert snapshot.state == model.state
        assert snapshot.epoch == model.epoch
        assert snapshot.is_probe_in_flight == (model.probe is not None)
        assert (snapshot.ignored, snapshot.neutral, snapshot.rejected) == (model.ignored, model.neutral, model.rejected)
        assert (snapshot.override and snapshot.override.kind.value) == (model.override and model.override[0])

    @invariant()
    def counts_are_those_of_the_window(self) -> None:
        if self.circuit.state is BreakerState.CLOSED:
            snapshot, model = self.circuit.snapshot(), self.model
            assert snapshot.failures == model.count("failure", self.now)
            assert snapshot.successes == model.count("success", self.now)
            assert snapshot.slow == model.count("slow", self.now)
            assert snapshot.consecutive_failures == len(model.streak)

    @invariant()
    def open_ends_when_the_model_says(self) -> None:
        refusal = self.circuit.refusal()
        if refusal is not None and refusal.state is BreakerState.OPEN:
            assert refusal.retry_after == self.model.open_until - self.now

    @invariant()
    def only_legal_transitions_have_happened(self) -> None:
        """Property 1, and each begins where the one before ended."""
        before = "closed"
        for transition in self.transitions:
            step = (transition.from_state.value, transition.to_state.value, transition.rule.value)
            assert step in LEGAL
            assert transition.from_state == before
            before = transition.to_state
        assert before == self.circuit.state

    @invariant()
    def half_open_never_outlasts_its_maximum(self) -> None:
        """Property 4."""
        if self.circuit.state is BreakerState.HALF_OPEN:
            assert self.now < self.model.half_open_until


TestBreakerStateMachine = BreakerMachine.TestCase
TestBreakerStateMachine.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
