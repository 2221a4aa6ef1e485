"""The attempt ledger: what was tried for one run, in order. Every answer's receipt is read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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

    @property
    def calls(self) -> tuple["Ledger", ...]:
        """One ledger for each model call: what follows a success in a run is its next one."""
        ends = [place for place, a in enumerate(self.attempts, 1) if a.outcome is Outcome.SUCCESS]
        bounds = pairwise(dict.fromkeys((0, *ends, len(self.attempts))))
        return tuple(Ledger(self.attempts[start:end]) for start, end in bounds)

    def left_for(self, serving: Target) -> Attempt | None:
        """Give the row that says why somebody else than `serving` did not answer, the first if there are several.

        A target that fails and answers when it is asked again has not been left, whoever was asked meanwhile.
        """
        firsts = (call.tried[0] for call in self.calls if call.serving == serving)
        return next((first for first in firsts if first.target != serving), None)

    @property
    def retries(self) -> tuple[Attempt, ...]:
        """The attempts on a target that the same model call had asked before."""
        calls = [call.called for call in self.calls]
        return tuple(a for call in calls for place, a in enumerate(call) if Ledger(call[:place]).has_asked(a.target))

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
