"""What is remembered of one tool between its calls: figures, the last failure, pause, crashes, errors told in words."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sentinel.clock import Clock
from sentinel.errors import Outcome
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.call import CallContext
from sentinel.tools.config import SupervisionConfig, ToolOverride
from sentinel.tools.guard.cooling import Cooling
from sentinel.tools.guard.soft_errors import IDENTICAL, MIN_ERRORS, SoftErrors
from sentinel.tools.outcome import OUR_OWN, Cause, ToolOutcome
from sentinel.tools.session.classification import Judgement
from sentinel.tools.session.connection import Connection

ACTOR: Final = "sentinel"
"""Who opens a circuit for failures that the tool tells in words."""
_HINT: Final = "\n\n(This call has failed in the same way {count} times. Call the tool differently, or do without it.)"
_REPEATED_CRASHES: Final = 2
_DURATIONS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailure:
    """The newest call that gave no result."""

    at: datetime
    cause: str
    detail: str | None


class ToolRecord:
    """The memory of one guard."""

    def __init__(self, target: str, *, board: BreakerBoard, clock: Clock, config: SupervisionConfig) -> None:
        """Start with nothing known."""
        self.calls = 0
        self.failures = 0
        self.unsent = 0
        """How many of the failures are calls of which nothing was sent to the tool."""
        self.caller_errors = 0
        """How many of them are calls whose arguments were refused: they say nothing about the tool."""
        self.tool_errors = 0
        """How many of them the tool answered with an error of its own, about its arguments or about itself."""
        self.last_failure: LastFailure | None = None
        self.cooling = Cooling(clock, recheck_seconds=config.recheck_seconds)
        self._target = target
        self._board = board
        self._clock = clock
        self._soft = SoftErrors(clock)
        self._durations: deque[float] = deque(maxlen=_DURATIONS)
        self._is_broken = False
        self._crashes = 0
        self._crashed: Connection | None = None
        self._has_renegotiated = False
        self._is_told_forbidden = False

    def note(self, outcome: ToolOutcome) -> None:
        """Take in the end of a call."""
        self.calls += 1
        if outcome.cause is None:
            self._durations.append(outcome.duration_ms)
            return
        self.failures += 1
        self.unsent += outcome.cause in OUR_OWN
        is_told = outcome.cause is Cause.TOOL_ERROR
        if outcome.cause is Cause.INVALID_ARGUMENTS or (is_told and outcome.outcome is Outcome.NEUTRAL):
            self.caller_errors += 1
        elif is_told:
            self.tool_errors += 1
        self.last_failure = LastFailure(at=self._clock.now(), cause=outcome.cause, detail=outcome.detail)

    @property
    def success_rate(self) -> float | None:
        """The share of results among the calls that were sent with arguments that the tool takes; None without any."""
        tried = self.calls - self.unsent - self.caller_errors
        return None if tried == 0 else (self.calls - self.failures) / tried

    def latency_ms(self, share: float) -> float | None:
        """Give the time within which this share of the newest results came; None if there was none."""
        ordered = sorted(self._durations)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None

    def hung(self) -> None:
        """Take in that the newest call ran into its deadline because the whole server was silent."""
        if self.last_failure is not None and self.last_failure.cause == Cause.TIMEOUT:
            detail = "the server did not answer another request either"
            self.last_failure = replace(self.last_failure, cause=Cause.HUNG, detail=detail)

    def is_newly_forbidden(self) -> bool:
        """Tell, once until the tool answers again, that we may not use it."""
        was_told, self._is_told_forbidden = self._is_told_forbidden, True
        return not was_told

    def weigh(
        self, judged: Judgement, arguments: Mapping[str, Any], *, context: CallContext, override: ToolOverride
    ) -> Judgement:
        """Learn from what came back, and give it as it counts."""
        if judged.cause is None:
            self._succeeded(context.caller)
        elif judged.cause in (Cause.THROTTLED, Cause.OVERLOADED):
            self.cooling.throttle(judged.retry_after_seconds)
        elif judged.cause is Cause.FORBIDDEN:
            self.cooling.forbid()
        elif judged.cause is Cause.TOOL_ERROR:
            return self._weigh_words(judged, arguments, context=context, override=override)
        return judged

    def trip_if_broken(self) -> None:
        """Open the circuit if what the tool told in words says that it is broken for everybody."""
        if self._is_broken:
            self._is_broken = False
            self._board.trip(self._target, actor=ACTOR, reason=f"{MIN_ERRORS} errors of different calls and callers")

    def crashed_with(self, connection: Connection) -> bool:
        """Note that a call was in flight when its session was lost; returns whether that happens again and again.

        Once is chance: any call may be in flight then. Calls that were lost together count as one.
        """
        if connection is not self._crashed:
            self._crashed = connection
            self._crashes += 1
        return self._crashes >= _REPEATED_CRASHES

    def may_renegotiate(self, connection: Connection) -> bool:
        """Tell whether the session may be given up to ask for the version again: once, and only if nobody uses it."""
        if self._has_renegotiated or connection.in_flight > 0:
            return False
        self._has_renegotiated = True
        return True

    def _succeeded(self, caller: str) -> None:
        self.cooling.end()
        self._soft.succeeded(caller)
        self._crashes, self._crashed, self._has_renegotiated = 0, None, False
        self._is_told_forbidden = False

    def _weigh_words(
        self, judged: Judgement, arguments: Mapping[str, Any], *, context: CallContext, override: ToolOverride
    ) -> Judgement:
        verdict = judged.verdict
        text = verdict.text.lower()
        if any(words.lower() in text for words in override.infrastructure_errors):
            return replace(judged, verdict=replace(verdict, outcome=Outcome.FAILURE))
        if any(words.lower() in text for words in override.input_errors):
            verdict = replace(verdict, outcome=Outcome.NEUTRAL)
        else:
            self._is_broken = self._soft.failed(arguments, context.caller) or self._is_broken
        count = self._soft.repeats(arguments, verdict.text, context.caller)
        hint = "" if count < IDENTICAL else _HINT.format(count=count)
        return replace(judged, verdict=replace(verdict, text=verdict.text + hint))
