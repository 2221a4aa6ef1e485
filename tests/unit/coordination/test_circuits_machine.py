"""Circuits of four processes over a bus that loses, delays, reorders and forgets, in any order of events."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sentinel.coordination.probe_tickets import MemoryTickets
from sentinel.resilience.breaker_board import Permit
from sentinel.resilience.breaker_view import BreakerState, TransitionRule
from sentinel.testing.clock import FakeClock
from tests.support.sharing import KEY, LossyBus, Process

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
R = TransitionRule
LEGAL = {
    (CLOSED, OPEN): {R.FAILURE_RATE, R.FAILURE_STREAK, R.SLOW_CALLS, R.MANUAL, R.SHARED},
    (OPEN, HALF_OPEN): {R.ELAPSED, R.PANIC},
    (HALF_OPEN, CLOSED): {R.PROBE, R.MANUAL, R.SHARED},
    (HALF_OPEN, OPEN): {R.PROBE, R.EXPIRED, R.MANUAL},
    (OPEN, CLOSED): {R.MANUAL, R.SHARED},
}
COUNT = 4
numbers = st.integers(0, COUNT - 1)


class SharedCircuitsMachine(RuleBasedStateMachine):
    """Any mixture of calls, messages, partitions, deaths and operators."""

    @initialize(random=st.randoms(use_true_random=False), loss=st.sampled_from([0.0, 0.3, 1.0]))
    def begin(self, random: object, loss: float) -> None:
        """Start four processes."""
        draw = random.random  # type: ignore[attr-defined]
        self.clock = FakeClock()
        self.bus = LossyBus(loses=lambda: draw() < loss, delays=lambda: draw() < 0.3)
        self.taken: dict[str, tuple[str, float]] = {}
        self.started = 0
        self.in_flight: list[Permit] = []
        self.sick: set[str] = set()
        self.was_cut = False
        self.is_operated = False
        self.processes = [self._start() for _ in range(COUNT)]

    def _start(self) -> Process:
        self.started += 1
        author = f"process-{self.started}"
        process = Process(author, clock=self.clock, tickets=MemoryTickets(author, clock=self.clock, taken=self.taken))
        process.probes._renewer = _Forever()  # type: ignore[assignment]
        self.bus.join(process.facts)
        return process

    # Calls

    @rule(number=numbers, times=st.integers(1, 6))
    def fail(self, number: int, times: int) -> None:
        """Calls of one process fail."""
        process = self.processes[number]
        if process.fail(times):
            self.sick.add(process.author)

    @rule(number=numbers, times=st.integers(1, 3))
    def succeed(self, number: int, times: int) -> None:
        """Calls of one process succeed."""
        self.processes[number].succeed(times)

    @rule(number=numbers)
    def begin_a_call(self, number: int) -> None:
        """A call begins, and takes its time."""
        permit = self.processes[number].call()
        if permit is not None:
            self.in_flight.append(permit)

    @rule(which=st.integers(0, 20), is_well=st.booleans())
    def end_a_call(self, which: int, is_well: bool) -> None:
        """A call that began some time ago ends."""
        if self.in_flight:
            permit = self.in_flight.pop(which % len(self.in_flight))
            permit.success() if is_well else permit.failure("late")
            self.sick |= {process.author for process in self.processes if not is_well}

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.5, 10.0, 31.0, 70.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        while seconds > 0:
            self.clock.advance(min(1.0, seconds))
            seconds -= 1.0
            for process in self.processes:
                if process.is_probing():  # what the renewing task does every second
                    process.probes._ask(KEY)

    # The bus

    @rule()
    def look(self) -> None:
        """Every process reads the store."""
        self.bus.look()

    @rule()
    def deliver_late(self) -> None:
        """Delayed messages arrive, the newest first."""
        self.bus.deliver_late()

    @rule()
    def flush(self) -> None:
        """The store is emptied."""
        self.bus.flush()

    @rule(number=numbers)
    def cut_off(self, number: int) -> None:
        """A process is heard no more, and hears nothing."""
        self.bus.cut_off.add(self.processes[number].author)

    @rule()
    def heal(self) -> None:
        """All hear each other again."""
        self.bus.cut_off.clear()

    @rule(number=numbers)
    def die(self, number: int) -> None:
        """A process dies, another takes its place."""
        self.bus.leave(self.processes[number].author)
        self.processes[number] = self._start()

    # Operators

    @rule(number=numbers, seconds=st.sampled_from([5.0, 600.0]))
    def trip(self, number: int, seconds: float) -> None:
        """An operator opens the circuit."""
        self.is_operated = True
        self.processes[number].trip(seconds=seconds)

    @rule(number=numbers)
    def reset(self, number: int) -> None:
        """An operator closes the circuit."""
        self.processes[number].reset()

    # What always holds

    @invariant()
    def only_legal_transitions_occur(self) -> None:
        """The first of the twelve properties, with other processes' words among the causes."""
        for process in self.processes:
            for change in process.transitions:
                assert change.rule in LEGAL[change.from_state, change.to_state], change

    @invariant()
    def a_quorum_of_one_never_exists(self) -> None:
        """Whatever one process goes through, the circuits of the others stay closed."""
        if len(self.sick) <= 1:
            followed = [
                change for process in self.processes for change in process.transitions if change.rule is R.SHARED
            ]
            assert not [change for change in followed if change.to_state is OPEN]

    @invariant()
    def at_most_one_process_probes(self) -> None:
        """Tickets are held by one at a time, and a probe under way keeps its ticket."""
        assert sum(process.is_probing() for process in self.processes) <= 1

    # What comes about in the end

    @precondition(lambda self: not self.bus.cut_off)
    @rule()
    def get_well(self) -> None:
        """Once the target is well and all hear each other, every circuit closes, and stays closed."""
        self.bus.deliver_late()
        for _ in range(2):
            self.bus.look()
        for _ in range(COUNT + 2):
            self.wait(301.0)
            self.bus.look()
            for process in self.processes:
                process.succeed(2)
        assert [process.state() for process in self.processes] == [CLOSED] * COUNT
        self.bus.look()
        assert [process.state() for process in self.processes] == [CLOSED] * COUNT


class _Forever:
    """Stands for the renewing task, whose work the machine does itself."""

    def done(self) -> bool:
        """It never ends."""
        return False


SharedCircuitsMachine.TestCase.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_circuits_of_several_processes = SharedCircuitsMachine.TestCase
