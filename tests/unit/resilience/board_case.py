"""A board of circuits on a fake clock."""

from sentinel.domain.routes import Target
from sentinel.resilience.breaker_board import BreakerBoard, provider_key
from sentinel.resilience.breaker_view import Transition
from sentinel.testing.clock import FakeClock


def model_key(provider: str, model: str) -> str:
    return Target(provider, model).breaker_keys[1]


PROVIDER, MODEL, OTHER = provider_key("p"), model_key("p", "m"), model_key("p", "other")
BOTH = (PROVIDER, MODEL)


class Case:
    """A board with its clock and what it told."""

    def __init__(self, max_circuits: int = 4096) -> None:
        self.clock = FakeClock()
        self.transitions: list[Transition] = []
        self.board = BreakerBoard(
            self.clock, rng=lambda: 0.0, listener=self.transitions.append, max_circuits=max_circuits
        )

    def fail(self, *keys: str, times: int = 5) -> None:
        for _ in range(times):
            self.board.acquire(keys).failure("http_500")

    def states(self) -> dict[str, str]:
        return {snapshot.key: snapshot.state.value for snapshot in self.board.snapshot()}

    def is_probing(self, key: str) -> bool:
        return self.board.get(key).snapshot().is_probe_in_flight
