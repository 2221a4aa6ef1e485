"""Every call of an agent outside, as a record of the same shape as a run's calls, given away when the call is over.

Texts are cut: what a caller sends and a tool answers may have megabytes, and nobody limits how often.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from sentinel.clock import Clock
from sentinel.domain.runs import ToolCall
from sentinel.domain.tools import CANCELLED, ToolCallRecord
from sentinel.gateway.open_calls import CUT_SHORT
from sentinel.ids import IdSource
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect
from sentinel.tools.outcome import Cause, Executed, ToolOutcome, unmade

MAX_ARGUMENTS: Final = 8_000
"""Characters of JSON; longer arguments are not kept."""
MAX_RESULT: Final = 8_000
"""Characters; the rest of a longer result is not kept."""
OMITTED: Final = "_omitted"
_LONGEST_NAME: Final = 128
_MILLISECONDS: Final = 1000.0
_CUT_SHORT: Final = MappingProxyType[Executed, str](
    {
        "no": f"Nothing was done: {CUT_SHORT}.",
        "unknown": f"The call was interrupted: {CUT_SHORT.partition(';')[0]}. It is not known whether the tool acted.",
    }
)
_MOST_BITS_OF_A_DIGIT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call that is under way: its record as it would be if the caller left now."""

    record: ToolCallRecord
    effect: Effect
    started: float


class CallLog:
    """Makes records, and gives them to who keeps them."""

    def __init__(self, record: Callable[[ToolCallRecord], None], *, clock: Clock, ids: IdSource) -> None:
        """Give every record to `record`, which neither waits nor raises."""
        self._record = record
        self._clock = clock
        self._ids = ids

    def begin(
        self, name: str, arguments: Mapping[str, Any], *, spec: ToolSpec | None, caller: str, request_id: object
    ) -> OpenCall:
        """Take in that a call begins. `request_id` is the caller's own."""
        call = ToolCall(
            tool_call_id=str(request_id)[:_LONGEST_NAME],
            server=spec.server if spec else "",
            tool=spec.tool if spec else name[:_LONGEST_NAME],
            arguments=_kept(arguments),
            started_at=self._clock.now(),
            capability=spec.capability if spec else None,
            effect=spec.effect.value if spec else None,
        )
        record = ToolCallRecord(call_id=self._ids.new(), run_id=None, caller=caller, call=call)
        effect = spec.effect if spec else Effect.MUTATING
        return OpenCall(record=record, effect=effect, started=self._clock.monotonic())

    def ended(self, opened: OpenCall, outcome: ToolOutcome) -> None:
        """Record a call that is over."""
        self._close(
            opened,
            server=outcome.server or opened.record.call.server,
            tool=outcome.tool[:_LONGEST_NAME],
            result=_cut(outcome.for_model()),
            is_error=outcome.is_error,
            cause=outcome.cause,
            duration_ms=outcome.duration_ms,
            effect=outcome.effect.value,
            executed=outcome.executed,
            attempts=tuple(attempt.to_dict() for attempt in outcome.attempts),
        )

    def cut_short(self, opened: OpenCall, executed: Executed) -> ToolOutcome:
        """Give the outcome of a call that ends because this process stops."""
        call = opened.record.call
        outcome = unmade(Cause.INTERRUPTED, server=call.server, tool=call.tool, effect=opened.effect)
        return replace(outcome, text=_CUT_SHORT[executed], duration_ms=self._milliseconds(opened), executed=executed)

    def left(self, opened: OpenCall) -> None:
        """Record a call whose caller left before it was over."""
        self._close(opened, is_error=True, cause=CANCELLED, duration_ms=self._milliseconds(opened), executed="unknown")

    def _milliseconds(self, opened: OpenCall) -> float:
        return (self._clock.monotonic() - opened.started) * _MILLISECONDS

    def _close(self, opened: OpenCall, **how: Any) -> None:
        call = replace(opened.record.call, ended_at=self._clock.now(), **how)
        self._record(replace(opened.record, call=call))


def _kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    if _is_surely_longer(arguments, MAX_ARGUMENTS) or len(json.dumps(arguments, default=str)) > MAX_ARGUMENTS:
        return {OMITTED: f"more than {MAX_ARGUMENTS} characters"}
    return dict(arguments)


def _is_surely_longer(value: Any, limit: int) -> bool:
    """Tell whether plain data is longer than so many characters of JSON, without looking at more of it than that."""
    below = [value]
    while below and limit >= 0:
        current = below.pop()
        limit -= _least_length(current)
        if limit >= 0 and isinstance(current, Mapping):
            below += [*current, *current.values()]
        elif limit >= 0 and isinstance(current, list):
            below += current
    return limit < 0


def _least_length(value: Any) -> int:
    if isinstance(value, str | Mapping | list):
        return len(value)  # of items: each has a mark at least
    return value.bit_length() // _MOST_BITS_OF_A_DIGIT if isinstance(value, int) else 1


def _cut(text: str) -> str:
    return text if len(text) <= MAX_RESULT else f"{text[:MAX_RESULT]}… ({len(text) - MAX_RESULT} more characters)"
