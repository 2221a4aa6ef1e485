"""What a call through the circuit breaker costs: `python -m benchmarks.breaker` prints a table of microseconds.

The design allows 2 microseconds for permit and success on one closed circuit. Each row is the best of several
rounds, which is the cost of the code without what else the machine was doing.
"""

import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from timeit import repeat

from benchmarks._figures import Table, Target, number
from benchmarks._machine import machine, revision, today
from benchmarks._program import finish, parser
from benchmarks._result import Result
from sentinel.clock import SystemClock
from sentinel.domain import routes
from sentinel.errors import CircuitOpenError
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.circuit_breaker import CircuitBreaker

CALLS, ROUNDS = 50_000, 9
BOTH = routes.Target("openai", "gpt-4o-mini").breaker_keys
# Never opens in the rows that fail on purpose, so that each of their calls takes the closed path.
PATIENT = BreakerConfig(failure_threshold=10**9)


def circuit(config: BreakerConfig | None = None) -> CircuitBreaker:
    """A closed circuit with the system's clock, as in production."""
    return CircuitBreaker("provider:openai", clock=SystemClock(), config=config, rng=random.random)


def closed_success() -> Callable[[], None]:
    """Permit and success: the row that has a target."""
    breaker = circuit()
    return lambda: breaker.acquire().success()


def closed_failure() -> Callable[[], None]:
    """Permit and failure, with the rule judged each time."""
    breaker = circuit(PATIENT)
    return lambda: breaker.acquire().failure("http_500")


def closed_neutral() -> Callable[[], None]:
    """Permit given back."""
    breaker = circuit()
    return lambda: breaker.acquire().release()


def long_calls() -> Callable[[], None]:
    """A target whose calls are longer than the window, which is then kept wide."""
    breaker = circuit()
    return lambda: breaker.acquire().success(duration=120.0)


def open_refusal() -> Callable[[], None]:
    """A call refused, exception included."""
    breaker = circuit()
    breaker.trip(actor="benchmark", ttl_seconds=86400)

    def call() -> None:
        with suppress(CircuitOpenError):
            breaker.acquire()

    return call


def open_peek() -> Callable[[], None]:
    """What the planner asks before it passes a target over."""
    board = BreakerBoard(SystemClock())
    for key in BOTH:
        board.get(key).trip(actor="benchmark", ttl_seconds=86400)
    return lambda: board.admits(BOTH)  # type: ignore[return-value]  # the answer is not looked at


def provider_and_model() -> Callable[[], None]:
    """One model call in the attempt pipeline: both circuits, released in `finally`."""
    board = BreakerBoard(SystemClock())

    def call() -> None:
        with board.acquire(BOTH) as permit:
            permit.success()

    return call


SUCCESS = "one circuit, closed: acquire + success"
ROWS: dict[str, Callable[[], Callable[[], None]]] = {
    SUCCESS: closed_success,
    "one circuit, closed: acquire + failure": closed_failure,
    "one circuit, closed: acquire + release": closed_neutral,
    "one circuit, closed: success of a 120 s call": long_calls,
    "one circuit, open: refusal with exception": open_refusal,
    "provider + model, open: peek": open_peek,
    "provider + model, closed: acquire + success + release": provider_and_model,
}


def microseconds(call: Callable[[], None], *, rounds: int) -> float:
    """The best round's time per call."""
    return min(repeat(call, number=CALLS, repeat=rounds)) / CALLS * 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print every row."""
    options = parser("breaker", __doc__).parse_args(arguments)
    rounds = 1 if options.quick else ROUNDS
    figures = {name: microseconds(make(), rounds=rounds) for name, make in ROWS.items()}
    result = Result(
        benchmark="breaker",
        circumstances=[f"{today()} · {machine()}", f"Sentinel {revision()}", f"best of {rounds} times {CALLS:,} calls"],
        tables={"calls": Table(["Circuit breaker", "μs"], [[name, number(value)] for name, value in figures.items()])},
        targets=[Target("breaker: permit and success", figures[SUCCESS], 2, "μs")],
    )
    return finish(result, options)


if __name__ == "__main__":
    sys.exit(main())
