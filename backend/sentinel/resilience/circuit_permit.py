"""The permit of a circuit: what a call holds while it is under way, and says its end to.

Made and heard by `circuit_breaker` alone; every permit carries the epoch of the state that gave it.
"""

from typing import Protocol

from sentinel.resilience.breaker_view import BreakerState


class Circuit(Protocol):
    """What a permit tells the circuit that gave it."""

    key: str

    def _succeeded(self, permit: "CircuitPermit", slow: bool, duration: float | None) -> None: ...

    def _failed(
        self,
        permit: "CircuitPermit",
        slow: bool,
        duration: float | None,
        *,
        cause: str | None,
        retry_after: float | None,
    ) -> None: ...

    def _returned(self, permit: "CircuitPermit") -> None: ...

    def _marked_slow(self, permit: "CircuitPermit") -> None: ...

    def _repeated(self) -> None: ...


class CircuitPermit:
    """The right to make one call through one circuit, and the duty to say how it went.

    The first result counts, every later one is ignored. `state` is the state that gave the permit, `marked_slot` the
    piece of the window in which the call was marked slow, if it was.
    """

    __slots__ = ("_breaker", "_is_done", "epoch", "marked_slot", "started", "state")

    def __init__(self, breaker: "Circuit", state: BreakerState, *, epoch: int, started: float) -> None:
        """Made by `CircuitBreaker.acquire` alone."""
        self._breaker = breaker
        self._is_done = False
        self.marked_slot: int | None = None
        self.state = state
        self.epoch = epoch
        self.started = started

    @property
    def key(self) -> str:
        """The key of the circuit."""
        return self._breaker.key

    def success(self, *, slow: bool = False, duration: float | None = None) -> None:
        """Say that the answer came to its end; `duration` in seconds, measured by the permit if left out."""
        if self._take():
            self._breaker._succeeded(self, slow, duration)

    def failure(
        self,
        cause: str | None = None,
        *,
        retry_after: float | None = None,
        slow: bool = False,
        duration: float | None = None,
    ) -> None:
        """Say that the target failed, at the first sign of it; `retry_after` in seconds if the target named one."""
        if self._take():
            self._breaker._failed(self, slow, duration, cause=cause, retry_after=retry_after)

    def neutral(self) -> None:
        """Say that the call tells nothing about the target."""
        if self._take():
            self._breaker._returned(self)

    def mark_slow(self) -> None:
        """Say that the call is past the slow threshold and still runs; the mark counts until the call ends."""
        if not self._is_done and self.marked_slot is None:
            self._breaker._marked_slow(self)

    def release(self) -> None:
        """Give the permit back, neutral unless a result was given before; for `finally`."""
        if not self._is_done:
            self.neutral()

    def _take(self) -> bool:
        if self._is_done:
            self._breaker._repeated()
            return False
        self._is_done = True
        return True
