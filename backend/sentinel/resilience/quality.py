"""Bad answers in a row: one tells nothing about a target, several do.

A quality outcome never opens a circuit by itself. Where the failure table says after how many of them in a row a model
counts as failing, this counter tells when it is so far, and the passage tells the model's circuit.
"""

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.resilience.failure_table import rule_of

_MAX_STREAKS = 4096


class QualityStreaks:
    """Counts by target and cause; a success of the target ends its streaks."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._streaks: dict[Target, dict[str, int]] = {}

    def escalates(self, attempt: Attempt) -> bool:
        """Take in a finished attempt; tell whether it counts as a failure of the target."""
        if attempt.outcome is Outcome.SUCCESS:
            self._streaks.pop(attempt.target, None)
            return False
        limit, cause = rule_of(attempt).escalates_after, attempt.cause
        if limit is None or cause is None:
            return False
        streaks = self._streaks.pop(attempt.target, {})
        streaks[cause] = streaks.get(cause, 0) + 1
        self._streaks[attempt.target] = streaks  # the newest last
        if len(self._streaks) > _MAX_STREAKS:
            del self._streaks[next(iter(self._streaks))]
        return streaks[cause] >= limit
