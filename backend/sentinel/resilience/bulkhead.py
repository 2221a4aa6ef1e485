"""The bulkhead: how many calls may be in flight to one target, so that one that crawls does not take all there is.

The limit follows what the target can bear: when calls are throttled or run out of time it falls to what is in flight
then, or, if it was no higher, to half; and it grows back by about one per limit's worth of successes, up to the
configured maximum (additive increase, multiplicative decrease). Latency says nothing here, since it grows
with the length of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import BulkheadFullError, Outcome
from sentinel.resilience.failure_table import rule_of
from sentinel.resilience.refusal import Refusal, RefusalCause

_WIDTH_STEP = 1.0
_NARROWING = 0.5
_SPARE = 32
"""A limit is not counted as higher than this, or than twice of what is in flight: so much nobody has tried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadConfig:
    """The most calls in flight to one target; `by_target` where that differs. The limit never falls below one.

    `max_targets` bounds what is remembered of targets without calls.
    """

    max_concurrency: int = 1024
    by_target: Mapping[Target, int] = field(default_factory=dict)
    max_targets: int = 4096

    def maximum(self, target: Target) -> int:
        """Give the configured limit of a target."""
        return max(1, self.by_target.get(target, self.max_concurrency))


@dataclass(slots=True)
class _Compartment:
    """One target's calls. `era` counts the halvings, so that calls of one burst halve the limit once."""

    maximum: int
    limit: float
    in_flight: int = 0
    era: int = 0

    @property
    def is_full(self) -> bool:
        return self.in_flight >= int(self.limit)

    def narrow(self, era: int) -> None:
        if era == self.era:
            tried_out = max(_SPARE, 2 * self.in_flight)
            self.limit = max(1.0, min(self.limit, tried_out) * _NARROWING)
            self.era += 1

    def widen(self) -> None:
        self.limit = min(float(self.maximum), self.limit + _WIDTH_STEP / self.limit)


class BulkheadPermit:
    """A place among the calls in flight, given back exactly once however often that is said."""

    __slots__ = ("_board", "_era", "_is_held", "_is_settled", "target")

    def __init__(self, board: "BulkheadBoard", target: Target, *, era: int) -> None:
        """Made by `BulkheadBoard.enter` alone."""
        self._board = board
        self._era = era
        self._is_held = True
        self._is_settled = False
        self.target = target

    def settle(self, attempt: Attempt) -> None:
        """Say how the call ended; the first result counts, and only while the place is held."""
        if self._is_held and not self._is_settled:
            self._is_settled = True
            self._board._settled(self.target, attempt, self._era)

    def release(self) -> None:
        """Give the place back; for `finally`."""
        if self._is_held:
            self._is_held = False
            self._board._left(self.target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class BulkheadBoard:
    """The bulkheads of all targets. Empty ones are forgotten: those at their maximum at once, others when there are
    too many, since callers may name any model.
    """

    def __init__(self, config: BulkheadConfig | None = None) -> None:
        """Start with nothing in flight."""
        self._config = config or BulkheadConfig()
        self._compartments: dict[Target, _Compartment] = {}

    def enter(self, target: Target) -> BulkheadPermit:
        """Take a place.

        Raises:
            BulkheadFullError: As many calls are in flight as may be.
        """
        compartment = self._compartments.get(target) or self._make(target)
        if compartment.is_full:
            message = f"{str(target)!r} has {compartment.in_flight} calls in flight, which is its limit now"
            raise BulkheadFullError(message)
        compartment.in_flight += 1
        return BulkheadPermit(self, target, era=compartment.era)

    def refusal(self, target: Target) -> Refusal | None:
        """Tell whether there is no place now; takes none."""
        compartment = self._compartments.get(target)
        is_full = compartment is not None and compartment.is_full
        return Refusal(RefusalCause.BULKHEAD_FULL) if is_full else None

    def in_flight(self, target: Target) -> int:
        """Give the number of calls that are under way."""
        compartment = self._compartments.get(target)
        return compartment.in_flight if compartment else 0

    def limit(self, target: Target) -> int:
        """Give the number of calls that may be under way now."""
        compartment = self._compartments.get(target)
        return int(compartment.limit) if compartment else self._config.maximum(target)

    def _make(self, target: Target) -> _Compartment:
        if len(self._compartments) >= self._config.max_targets:
            idle = next((each for each, held in self._compartments.items() if not held.in_flight), None)
            if idle is not None:
                del self._compartments[idle]
        maximum = self._config.maximum(target)
        made = self._compartments[target] = _Compartment(maximum, float(maximum))
        return made

    def _settled(self, target: Target, attempt: Attempt, era: int) -> None:
        compartment = self._compartments[target]
        if attempt.outcome is Outcome.SUCCESS:
            compartment.widen()
        elif rule_of(attempt).is_strain:
            compartment.narrow(era)

    def _left(self, target: Target) -> None:
        compartment = self._compartments[target]
        compartment.in_flight -= 1
        if not compartment.in_flight and compartment.limit >= compartment.maximum:
            del self._compartments[target]
