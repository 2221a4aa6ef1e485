"""The failure table as data: for every cause of an attempt, what it means and what may be done about it.

The planner, the cool-downs, the bulkhead and the retry budget read this one table, keyed by the stable word that
every attempt carries, so they cannot disagree. A wire's adapter decides which word fits; nobody else classifies.
`docs/errors.md` describes the words for people, and tests compare the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome


class SameTarget(StrEnum):
    """When the target that has just failed may be asked again. Budget and deadline must allow it besides."""

    NEVER = "never"
    WHEN_ALONE = "when_alone"
    """After a pause, and only when no other target is admitted: who can answer now is faster."""
    ASK_AGAIN = "ask_again"
    """Once, at once, before any other target: the transport works."""
    WAIT_SHORT = "wait_short"
    """As when alone, after what the target asks for, if that is short."""


class Elsewhere(StrEnum):
    """Which other targets may be asked."""

    ANY = "any"
    LARGER_CONTEXT = "larger_context"
    """Only one that is declared to take longer conversations."""
    NONE = "none"
    """None: they would be asked the same thing."""


class Pace(StrEnum):
    """How the pause before the same target is asked again is drawn."""

    AT_ONCE = "at_once"
    NORMAL = "normal"
    GENTLE = "gentle"
    """Longer, because the target says that it has too much to do."""


class LatchScope(StrEnum):
    """What a latch disables."""

    CREDENTIAL = "credential"
    """All models of the provider."""
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRule:
    """One cause. `row` is its row in the failure table, 0 for what has none.

    `is_slow`:
    counts as a slow call. `is_strain`: the target has too much to do, so fewer calls may be in flight.
    `escalates_after`: so many of these in a row on one model are a failure of it. `is_moot`: we ended it ourselves for
    an answer that came from elsewhere, so that it was no try of its target.
    """

    row: int
    outcome: Outcome
    same_target: SameTarget = SameTarget.NEVER
    elsewhere: Elsewhere = Elsewhere.ANY
    pace: Pace = Pace.NORMAL
    is_slow: bool = False
    is_strain: bool = False
    latch: LatchScope | None = None
    escalates_after: int | None = None
    is_moot: bool = False


def _rows(*groups: tuple[Iterable[str], FailureRule]) -> Mapping[str, FailureRule]:
    return MappingProxyType({cause: rule for causes, rule in groups for cause in causes})


_NEUTRAL, _FAILURE, _QUALITY = Outcome.NEUTRAL, Outcome.FAILURE, Outcome.QUALITY
_ALONE, _AGAIN = SameTarget.WHEN_ALONE, SameTarget.ASK_AGAIN
_NONE = Elsewhere.NONE

FAILURE_TABLE = _rows(
    # The request was never sent.
    (
        ["connection_refused", "dns_failure", "tls_failure", "connect_timeout"],
        FailureRule(row=1, outcome=_FAILURE, same_target=_ALONE),
    ),
    # The server closed a connection that was kept for the next request, and the request came too late for it.
    (["stale_connection"], FailureRule(row=0, outcome=_NEUTRAL, same_target=_AGAIN, pace=Pace.AT_ONCE)),
    (["pool_timeout", "bulkhead_full", "loop_lag"], FailureRule(row=2, outcome=_NEUTRAL)),
    # It may be billed, and would likely be slow again.
    (
        ["read_timeout", "first_token_timeout"],
        FailureRule(row=3, outcome=_FAILURE, is_slow=True, is_strain=True),
    ),
    (["server_error"], FailureRule(row=4, outcome=_FAILURE, same_target=_ALONE)),
    (["overloaded"], FailureRule(row=5, outcome=_FAILURE, same_target=_ALONE, pace=Pace.GENTLE, is_strain=True)),
    (["request_timeout"], FailureRule(row=6, outcome=_FAILURE, same_target=_ALONE, is_strain=True)),
    (
        ["conflict"],
        FailureRule(row=7, outcome=_NEUTRAL, same_target=_AGAIN, elsewhere=_NONE, pace=Pace.AT_ONCE),
    ),
    (
        ["rate_limit"],
        FailureRule(
            row=8, outcome=Outcome.THROTTLE, same_target=SameTarget.WAIT_SHORT, pace=Pace.GENTLE, is_strain=True
        ),
    ),
    (["quota"], FailureRule(row=9, outcome=Outcome.LATCH, latch=LatchScope.CREDENTIAL)),
    (["auth"], FailureRule(row=10, outcome=Outcome.LATCH, latch=LatchScope.CREDENTIAL)),
    (["caller_auth"], FailureRule(row=11, outcome=_NEUTRAL, elsewhere=_NONE)),
    (["unknown_model"], FailureRule(row=12, outcome=Outcome.LATCH, latch=LatchScope.MODEL)),
    (
        ["context_length"],
        FailureRule(row=13, outcome=_NEUTRAL, elsewhere=Elsewhere.LARGER_CONTEXT),
    ),
    (["content_filter"], FailureRule(row=14, outcome=_NEUTRAL, elsewhere=_NONE)),
    (["bad_request"], FailureRule(row=15, outcome=_NEUTRAL, elsewhere=_NONE)),
    (["bad_generation"], FailureRule(row=16, outcome=_QUALITY, same_target=_AGAIN, pace=Pace.AT_ONCE)),
    # Row 18, an error event in mid-stream, is the row of the word that its body has.
    (["stall"], FailureRule(row=17, outcome=_FAILURE, is_strain=True)),
    (["truncated", "connection_lost", "malformed_frame"], FailureRule(row=19, outcome=_FAILURE)),
    (["not_json", "unreadable"], FailureRule(row=20, outcome=_FAILURE)),
    (
        ["empty_answer"],
        FailureRule(row=21, outcome=_QUALITY, same_target=_AGAIN, pace=Pace.AT_ONCE, escalates_after=3),
    ),
    (["bad_tool_json"], FailureRule(row=22, outcome=_QUALITY, same_target=_AGAIN, pace=Pace.AT_ONCE)),
    # Row 23, an answer cut by its length limit, is a success of the transport and has no cause.
    (["cancelled"], FailureRule(row=24, outcome=_NEUTRAL, elsewhere=_NONE)),
    (["deadline_exceeded"], FailureRule(row=25, outcome=_NEUTRAL, elsewhere=_NONE)),
    # Row 26, `x-should-retry: false`, forbids what `same_target` would allow: `Attempt.may_repeat`.
    (["circuit_open", "kill_switch", "cooldown", "latched"], FailureRule(row=27, outcome=_NEUTRAL)),
    # Two targets were asked, and the other one spoke first.
    (["hedge_lost"], FailureRule(row=0, outcome=_NEUTRAL, is_moot=True)),
    # When a broken answer is continued: the new text did not go on where the old one ended, and nothing of it was
    # used.
    (["seam_diverged"], FailureRule(row=0, outcome=_QUALITY)),
    # What the request asks for cannot be said to this target; nothing was sent.
    (["unsupported"], FailureRule(row=0, outcome=_NEUTRAL)),
    # It refuses what we have added, a partial answer or the wish for usage, and may be asked in the other way.
    (["prefill_refused", "usage_refused"], FailureRule(row=0, outcome=_NEUTRAL, same_target=_AGAIN, pace=Pace.AT_ONCE)),
)
"""Every cause that an attempt on a provider can have, and its rule."""


def rule_of(attempt: Attempt) -> FailureRule:
    """Give the rule for a finished attempt; a cause that the table lacks is judged by the outcome class alone."""
    known = FAILURE_TABLE.get(attempt.cause or "")
    if known is not None:
        return known
    if attempt.final:
        return FailureRule(row=0, outcome=attempt.outcome, elsewhere=Elsewhere.NONE)
    return FailureRule(row=0, outcome=attempt.outcome)
