"""The attempt ledger: what was tried for one run, in order. Every answer's receipt is read from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.domain.attempts import Attempt, Usage, total_cost
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.resilience.failure_table import rule_of


@dataclass(frozen=True, slots=True)
class Ledger:
    """An immutable list of attempts with the questions that are asked of it."""

    attempts: tuple[Attempt, ...] = ()

    @classmethod
    def of(cls, attempts: Sequence[Attempt]) -> "Ledger":
        """Make a ledger of any sequence."""
        return cls(tuple(attempts))

    @property
    def called(self) -> tuple[Attempt, ...]:
        """The attempts that really went out, without the targets that were passed over."""
        return tuple(attempt for attempt in self.attempts if not attempt.skipped)

    @property
    def serving(self) -> Target | None:
        """The target of the newest successful attempt."""
        return next((a.target for a in reversed(self.attempts) if a.outcome is Outcome.SUCCESS), None)

    @property
    def tried(self) -> tuple[Attempt, ...]:
        """The attempts that had their turn, and the targets that were passed over.

        One that another target overtook did not fail, and a hedge that was never heard replaced nobody.
        """
        return tuple(attempt for attempt in self.attempts if _was_tried(attempt))

    @property
    def chain(self) -> tuple[str, ...]:
        """Every target in the order first tried or passed over, as `provider/model`."""
        return tuple(dict.fromkeys(str(attempt.target) for attempt in self.tried))

    @property
    def by_number(self) -> tuple[Attempt, ...]:
        """The attempts in the order they were sent; of two at once, the ledger has the one that counts last."""
        return tuple(sorted(self.attempts, key=lambda attempt: attempt.number))

    @property
    def failover_occurred(self) -> bool:
        """Tell whether more than one target was needed."""
        return len(self.chain) > 1

    def left_for(self, serving: Target) -> Attempt | None:
        """Give the row that says why somebody else than `serving` did not answer, the first if there are several."""
        return next((a for a in self.tried if a.cause is not None and a.target != serving), None)

    def has_asked(self, target: Target) -> bool:
        """Tell whether the target was called and had its time: asking it again is a retry."""
        return any(a.target == target and not rule_of(a).is_moot for a in self.called)

    @property
    def usage(self) -> Usage:
        """All tokens that were spent, failed attempts included."""
        return sum((a.usage for a in self.attempts if a.usage), Usage())

    @property
    def cost_nanos(self) -> int | None:
        """What all of that cost, in nanodollars; None unless everything that was spent has a price."""
        return total_cost(self.attempts)


def _was_tried(attempt: Attempt) -> bool:
    was_heard = attempt.outcome is Outcome.SUCCESS or attempt.ttft_ms is not None
    return not rule_of(attempt).is_moot and (was_heard or not attempt.hedge)
