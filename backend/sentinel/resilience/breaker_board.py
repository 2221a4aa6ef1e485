"""All circuits of the process by key, and permits that hold several of them at once.

A model call goes through the circuit of its provider and that of its model; both must admit it and both learn
how it went. Keys are `provider:NAME`, `model:NAME/MODEL` and `tool:SERVER/TOOL`; their number is bounded, since
a caller may name any model.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from sentinel.clock import Clock
from sentinel.errors import UnknownBreakerError
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import (
    BreakerSnapshot,
    BreakerState,
    CircuitRefusal,
    Listener,
    MayProbe,
    OverrideKind,
    ignore_transition,
    probes_alone,
)
from sentinel.resilience.circuit_breaker import CircuitBreaker
from sentinel.resilience.circuit_permit import CircuitPermit

_NAME_PARTS = MappingProxyType({"provider": 1, "model": 2, "tool": 2})
_TOLD_KEYS = 20
"""How many circuits are listed to an operator who named one that is not there."""
_TOOLS_ARE_STRICT = MappingProxyType({"tool": BreakerConfig(failure_threshold=3)})


def provider_key(provider: str) -> str:
    """Return the key of a provider's circuit."""
    return f"provider:{provider}"


def tool_key(server: str, tool: str) -> str:
    """Return the key of a tool's circuit, which is the name of its kill switch, too."""
    return f"tool:{server}/{tool}"


class Permit:
    """The right to make one call through several circuits. The first result counts in each, later ones are ignored.

    As a context manager it gives itself back at the end, neutral unless a result was given.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[CircuitPermit, ...]) -> None:
        """Made by `BreakerBoard.acquire` alone."""
        self._parts = parts

    @property
    def state(self) -> BreakerState:
        """The state before the call: closed, unless it is a probe of one of the circuits, or in a panic."""
        for part in self._parts:
            if part.state is not BreakerState.CLOSED:
                return part.state
        return BreakerState.CLOSED

    def success(self, *, slow: bool = False, duration: float | None = None) -> None:
        """Say that the answer came to its end; `duration` in seconds, measured by the permit if left out."""
        for part in self._parts:
            part.success(slow=slow, duration=duration)

    def failure(
        self,
        cause: str | None = None,
        *,
        retry_after: float | None = None,
        slow: bool = False,
        duration: float | None = None,
    ) -> None:
        """Say that the target failed, at the first sign of it; `retry_after` in seconds if the target named one."""
        for part in self._parts:
            part.failure(cause, retry_after=retry_after, slow=slow, duration=duration)

    def failure_of(self, key: str, cause: str | None = None, *, duration: float | None = None) -> None:
        """Say that the call is a failure for the circuit of that key alone; it tells the others nothing."""
        for part in self._parts:
            if part.key == key:
                part.failure(cause, duration=duration)
            else:
                part.neutral()

    def neutral(self) -> None:
        """Say that the call tells nothing about the target."""
        for part in self._parts:
            part.neutral()

    def mark_slow(self) -> None:
        """Say that the call is past the slow threshold and still runs."""
        for part in self._parts:
            part.mark_slow()

    def release(self) -> None:
        """Give the permit back, neutral unless a result was given before; for `finally`."""
        for part in self._parts:
            part.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class BreakerBoard:
    """The registry of circuits."""

    def __init__(
        self,
        clock: Clock,
        *,
        default: BreakerConfig | None = None,
        profiles: Mapping[str, BreakerConfig] = _TOOLS_ARE_STRICT,
        rng: Callable[[], float] = random.random,  # noqa: S311 - spreads probes over time, protects no secret
        listener: Listener = ignore_transition,
        max_circuits: int = 4096,
    ) -> None:
        """Start without circuits. `profiles` has the configuration by kind of key where it is not the default."""
        self._clock = clock
        self._default = default or BreakerConfig()
        self._profiles = profiles
        self._rng = rng
        self._listener = listener
        self._max_circuits = max_circuits
        self._may_probe: MayProbe = probes_alone
        self._circuits: dict[str, CircuitBreaker] = {}

    def probe_only_if(self, may_probe: MayProbe) -> None:
        """Ask `may_probe` before a probe from now on: other processes call the same targets."""
        self._may_probe = may_probe

    def get(self, key: str) -> CircuitBreaker:
        """Return the circuit of that key, made if need be.

        Raises:
            UnknownBreakerError: No circuit can have such a key.
        """
        circuit = self._circuits.get(key)
        return self._make(key) if circuit is None else circuit

    def find(self, key: str) -> CircuitBreaker | None:
        """Return the circuit of that key if there is one."""
        return self._circuits.get(key)

    def drop(self, key: str) -> bool:
        """Forget a circuit if nothing would be lost by that; returns whether there is none of that key now."""
        circuit = self._circuits.get(key)
        if circuit is not None and circuit.is_quiet:
            del self._circuits[key]
        return key not in self._circuits

    @property
    def keys(self) -> list[str]:
        """Every circuit there is."""
        return list(self._circuits)

    def snapshot(self) -> list[BreakerSnapshot]:
        """Return every circuit as it is now, by key."""
        return [self._circuits[key].snapshot() for key in sorted(self._circuits)]

    # Calls ----------------------------------------------------------------------------------------------------------

    def acquire(self, keys: Iterable[str], *, is_panic: bool = False) -> Permit:
        """Return a permit of all these circuits, or take none of them; `is_panic` goes past open ones.

        Raises:
            CircuitOpenError: One of them does not admit the call.
            UnknownBreakerError: No circuit can have such a key.
        """
        circuits = [self._circuits.get(key) or self._make(key) for key in keys]
        # The one that refuses is asked first, so that no other starts to probe for a call that will not be made.
        circuits.sort(key=_is_admitting)
        parts: list[CircuitPermit] = []
        try:
            for circuit in circuits:
                parts.append(circuit.acquire(is_panic=is_panic))  # noqa: PERF401 - those already taken must be known in the handler
        except BaseException:
            for part in parts:
                part.release()
            raise
        return Permit(tuple(parts))

    def admits(self, keys: Iterable[str]) -> CircuitRefusal | None:
        """Tell whether a call through these circuits would be refused now, and by which for longest; takes nothing."""
        found = (self._circuits.get(key) for key in keys)
        refusals = [refusal for circuit in found if circuit and (refusal := circuit.refusal())]
        return max(refusals, key=lambda refusal: refusal.retry_after, default=None)

    def admits_panic(self, keys: Iterable[str]) -> bool:
        """Tell whether a call in a panic would get past all these circuits; takes nothing."""
        found = (self._circuits.get(key) for key in keys)
        return all(circuit.admits_panic for circuit in found if circuit)

    # Operators ------------------------------------------------------------------------------------------------------

    def trip(
        self, key: str, *, actor: str, reason: str | None = None, ttl_seconds: float | None = None
    ) -> BreakerSnapshot:
        """Open a circuit by hand; see `CircuitBreaker.trip`.

        Raises:
            UnknownBreakerError: There is no such circuit.
            RequestError: The time is not above zero, or more than a year.
        """
        circuit = self._known(key)
        circuit.trip(actor=actor, reason=reason, ttl_seconds=ttl_seconds)
        return circuit.snapshot()

    def reset(self, key: str, *, actor: str, reason: str | None = None, is_followed: bool = False) -> BreakerSnapshot:
        """Close a circuit by hand; that of a provider with those of all its models.

        Raises:
            UnknownBreakerError: There is no such circuit.
        """
        circuit = self._known(key)
        for each in [self._circuits[affected] for affected in self.affected_by(key)]:
            each.reset(actor=actor, reason=reason, is_followed=is_followed)
        return circuit.snapshot()

    def affected_by(self, key: str) -> list[str]:
        """Return the keys of the circuits that are reset with that of `key`, itself first: those of its models."""
        kind, _, name = key.partition(":")
        models = [each for each in self._circuits if each.startswith(f"model:{name}/")] if kind == "provider" else []
        return [key, *models]

    def force(
        self, key: str, kind: OverrideKind, *, ttl_seconds: float, actor: str, reason: str | None = None
    ) -> BreakerSnapshot:
        """Hold a circuit to an override; see `CircuitBreaker.force`.

        Raises:
            UnknownBreakerError: There is no such circuit.
            RequestError: The time is not above zero, or more than a year.
        """
        circuit = self._known(key)
        circuit.force(kind, ttl_seconds=ttl_seconds, actor=actor, reason=reason)
        return circuit.snapshot()

    # Inside ---------------------------------------------------------------------------------------------------------

    def _known(self, key: str) -> CircuitBreaker:
        circuit = self._circuits.get(key)
        if circuit is None:
            message = f"there is no circuit {key!r}; {self._told_keys(key)}"
            raise UnknownBreakerError(message)
        return circuit

    def _told_keys(self, like: str) -> str:
        """List the circuits there are, first those whose key has that text in it."""
        keys = sorted(self._circuits, key=lambda key: like not in key)
        more = f" and {len(keys) - _TOLD_KEYS} more" if len(keys) > _TOLD_KEYS else ""
        return f"known circuits: {', '.join(keys[:_TOLD_KEYS]) or 'none yet'}{more}"

    def _make(self, key: str) -> CircuitBreaker:
        kind = _kind(key)
        while len(self._circuits) >= self._max_circuits:
            del self._circuits[self._least_needed()]
        config = self._profiles.get(kind, self._default)
        circuit = CircuitBreaker(
            key,
            clock=self._clock,
            config=config,
            rng=self._rng,
            listener=self._listener,
            may_probe=lambda key: self._may_probe(key),  # noqa: PLW0108 - who is asked may change
        )
        self._circuits[key] = circuit
        return circuit

    def _least_needed(self) -> str:
        # The newest first: those that the configuration names were made at the start, and stay to be seen.
        newest = list(reversed(self._circuits.values()))
        quiet = (circuit.key for circuit in newest if circuit.is_quiet)
        closed = (circuit.key for circuit in newest if circuit.state is BreakerState.CLOSED)
        return next(quiet, None) or next(closed, newest[0].key)


def _is_admitting(circuit: CircuitBreaker) -> bool:
    return circuit.refusal() is None


def _kind(key: str) -> str:
    kind, _, name = key.partition(":")
    parts = name.split("/", _NAME_PARTS.get(kind, 0) - 1) if kind in _NAME_PARTS else []
    if not parts or len(parts) != _NAME_PARTS[kind] or not all(parts):
        message = f"{key!r} is no circuit; use provider:NAME, model:NAME/MODEL or tool:SERVER/TOOL"
        raise UnknownBreakerError(message)
    return kind
