"""What may follow a failed call, as data: by what is known of the call, and by what the tool does.

The only place that says whether a tool is asked again, or another one in its stead. A call that changes something and
may have done so is never made again, by nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from sentinel.tools.config import Effect
from sentinel.tools.outcome import Cause, ToolOutcome

Knowledge: TypeAlias = Literal["not_sent", "unknown", "executed_with_error", "executed_bad_result"]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What may be done. `on_policy`: an equivalent tool may be asked only if the configuration says so."""

    retry: bool = False
    fallback: bool = False
    on_policy: bool = False


_ANYTHING: Final = Aftermath(retry=True, fallback=True)
_NOTHING: Final = Aftermath()

AFTERMATH: Final[Mapping[tuple[Knowledge, Effect], Aftermath]] = MappingProxyType(
    {
        ("not_sent", Effect.READ_ONLY): _ANYTHING,
        ("not_sent", Effect.IDEMPOTENT): _ANYTHING,
        ("not_sent", Effect.MUTATING): _ANYTHING,
        ("unknown", Effect.READ_ONLY): _ANYTHING,
        ("unknown", Effect.IDEMPOTENT): _ANYTHING,
        ("unknown", Effect.MUTATING): _NOTHING,
        ("executed_with_error", Effect.READ_ONLY): Aftermath(on_policy=True),
        ("executed_with_error", Effect.IDEMPOTENT): Aftermath(on_policy=True),
        ("executed_with_error", Effect.MUTATING): Aftermath(on_policy=True),
        ("executed_bad_result", Effect.READ_ONLY): Aftermath(fallback=True),
        ("executed_bad_result", Effect.IDEMPOTENT): Aftermath(fallback=True),
        ("executed_bad_result", Effect.MUTATING): _NOTHING,
    }
)
"""The whole table; a row for every pair."""

_CALLERS_END: Final = frozenset({Cause.DEADLINE_EXCEEDED, Cause.BUDGET, Cause.UNKNOWN_TOOL})
"""Not about the tool: nothing follows."""


def aftermath_of(outcome: ToolOutcome) -> Aftermath:
    """Tell what may follow a call that gave no result."""
    if outcome.cause is None or outcome.cause in _CALLERS_END or _may_have_begun(outcome):
        return _NOTHING
    return AFTERMATH[knowledge_of(outcome), outcome.effect]


def _may_have_begun(outcome: ToolOutcome) -> bool:
    """Tell whether a call that changes something was refused for its arguments by the server itself.

    By the protocol that comes first, and so the model is told; but a tool may refuse the address for the receipt when
    it has booked, or pass on what another server refuses. A stand-in would book once more.
    """
    return outcome.cause is Cause.INVALID_ARGUMENTS and outcome.effect is Effect.MUTATING and outcome.sends > 0


def knowledge_of(outcome: ToolOutcome) -> Knowledge:
    """Tell what is known of a call that gave no result."""
    if outcome.executed == "no":
        return "not_sent"
    if outcome.executed == "unknown":
        return "unknown"
    return "executed_with_error" if outcome.cause is Cause.TOOL_ERROR else "executed_bad_result"
