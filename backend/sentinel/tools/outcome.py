"""What became of a tool call, as one frozen value: never an exception, because a failed tool must not end a run.

The table of causes is data, like `resilience.failure_table`: circuit, cool-downs, supervisor, retries and what the
model is told all read the same row, so they cannot disagree.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from mcp_types import ContentBlock

from sentinel.errors import Outcome
from sentinel.tools.config import Effect

Executed: TypeAlias = Literal["yes", "no", "unknown"]
"""Whether the tool acted. Only `no`, or a tool without effect, may be called again."""


class Cause(StrEnum):
    """Why a call gave no result; a stable word for events, metrics and models."""

    TOOL_ERROR = "tool_error"
    """The tool ran and says that it failed, or that its arguments are wrong."""
    TIMEOUT = "timeout"
    HUNG = "hung"
    """The server reads no more, or is silent altogether: not only this call came to no end."""
    TRANSPORT = "transport"
    """The server, or the connection, went away while the call was in flight."""
    CONNECT = "connect"
    """The server is not there; nothing was sent."""
    SESSION_EXPIRED = "session_expired"
    """The server has forgotten the session; nothing was done."""
    OVERSIZE = "oversize"
    MALFORMED = "malformed"
    """The server answered something that is no result."""
    BAD_RESULT = "bad_result"
    """The tool ran, and its result is not what its schema promises."""
    SERVER_ERROR = "server_error"
    """The server answered with an internal error."""
    THROTTLED = "throttled"
    """The server asks for a pause."""
    OVERLOADED = "overloaded"
    """The server asks for a pause, and may have begun."""
    AUTH = "auth"
    """The server refuses our credential."""
    FORBIDDEN = "forbidden"
    """Our credential may not use the tool."""
    INVALID_ARGUMENTS = "invalid_arguments"
    """The server refused the arguments, or does not know the tool."""
    PROTOCOL = "protocol"
    """The server does not speak the protocol that was agreed on."""
    NEEDS_INPUT = "needs_input"
    """The tool has stopped to ask a person."""
    UNKNOWN_TOOL = "unknown_tool"
    QUARANTINED = "quarantined"
    """The tool is not what was approved; an operator has to look at it."""
    KILL_SWITCH = "kill_switch"
    CIRCUIT_OPEN = "circuit_open"
    COOLDOWN = "cooldown"
    """The tool has asked for a pause, which is not over."""
    BULKHEAD_FULL = "bulkhead_full"
    """Too many calls of this tool are in flight."""
    DEADLINE_EXCEEDED = "deadline_exceeded"
    """The caller's time was up before the call was sent."""
    BUDGET = "budget"
    """The run has used up the tool calls, or the time for them, that it may have."""
    INTERRUPTED = "interrupted"
    """Our own process ended while the call was in flight."""
    MISCONFIGURED = "misconfigured"
    """The capability's members do not fit together."""


class ServerStep(StrEnum):
    """What a cause asks of the server's supervisor."""

    NONE = "none"
    PROBE = "probe"
    """Ask for a sign of life; no answer ends the session."""
    REOPEN = "reopen"
    """Open a new session now."""
    RENEGOTIATE = "renegotiate"
    """The same, and ask for the protocol's version again."""
    RELIST = "relist"
    """List the tools again."""
    REFUSED = "refused"
    """End the session; look again much later, and tell an operator."""


class Failure(StrEnum):
    """What a failure comes down to for whoever asked: the word in the result that a model gets."""

    TOOL_FAILED = "tool_failed"
    TOOL_UNAVAILABLE = "tool_unavailable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    """The tool changes something, and nobody knows whether it did: it must not be called again without a look."""
    RESULT_UNUSABLE = "result_unusable"
    """The tool acted, and its result cannot be read."""
    NEEDS_INPUT = "needs_input"
    """The tool has stopped to ask a person, and does not go on."""
    INVALID_CALL = "invalid_call"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a cause means: to the tool's circuit, to a retry, to the server, and to the model that reads `text`.

    `heals`: the same tool may work again as soon as its server's session is back.
    """

    outcome: Outcome
    executed: Executed
    text: str
    step: ServerStep = ServerStep.NONE
    heals: bool = False

    def in_doubt(self) -> "Verdict":
        """Give what it means where the server's word that nothing was done is not to be relied on."""
        return replace(self, executed="unknown", text=self.text.replace(_NOTHING, _NOBODY_KNOWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAttempt:
    """One try of one tool on the way to an outcome."""

    server: str
    tool: str
    cause: str | None
    executed: Executed
    duration_ms: float
    sends: int = 0
    """How often the call left us."""

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "server": self.server,
            "tool": self.tool,
            "cause": self.cause,
            "executed": self.executed,
            "duration_ms": self.duration_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """The end of one call.

    `text` is the result, or what to know about the failure. `cause` is None for a result. `server` and `tool` are those
    that answered last; `attempts` has every try, `capability` the name that was called if that was none of a tool.
    `outcome` is what the tool's circuit learnt; a deadline counts only once the server has shown that it is alive.
    `duration_ms` includes the wait for a free place.
    """

    text: str
    is_error: bool
    cause: Cause | None
    server: str
    tool: str
    duration_ms: float
    outcome: Outcome
    executed: Executed
    effect: Effect = Effect.MUTATING
    retry_after_seconds: float | None = None
    structured: Mapping[str, Any] | None = None
    content: tuple[ContentBlock, ...] = ()
    """The result as its tool gave it, with pictures and sounds, which `text` only names."""
    detail: str | None = None
    """For operators: what exactly was observed. Not for models, it may quote the server."""
    capability: str | None = None
    attempts: tuple[ToolAttempt, ...] = field(default=())
    sends: int = 0
    """How often the call was sent to the tool that answered last."""
    heals: bool = False
    """After a failure: the same tool may work again as soon as its server's session is back."""

    @property
    def failure(self) -> Failure | None:
        """What the failure comes down to; None for a result."""
        return None if self.cause is None else failure_of(self.cause, self.executed, self.effect)

    @property
    def fallback_used(self) -> bool:
        """Whether another tool answered than the one that was tried first."""
        return len({(attempt.server, attempt.tool) for attempt in self.attempts}) > 1

    def in_doubt(self) -> "ToolOutcome":
        """Give the same where nobody knows whether the tool acted after all."""
        return replace(self, executed="unknown", text=self.text.replace(_NOTHING, _NOBODY_KNOWS))

    def for_model(self) -> str:
        """Give what a model reads: the result or the tool's own words, else a JSON object that says what is known."""
        failure = self.failure
        if failure is None or self.cause is Cause.TOOL_ERROR:
            return self.text
        facts: dict[str, Any] = {"error": failure.value, "cause": str(self.cause), "executed": self.executed}
        if self.server:
            facts["tool"] = f"{self.server}/{self.tool}"
        if self.retry_after_seconds is not None:
            facts["retry_after_seconds"] = round(self.retry_after_seconds, 1)
        return json.dumps(facts | {"message": _told(failure, self.text)}, ensure_ascii=False)


def unmade(cause: Cause, *, server: str, tool: str, effect: Effect = Effect.MUTATING) -> ToolOutcome:
    """Give the outcome of a call that is not made, or not made again."""
    verdict = VERDICTS[cause]
    return ToolOutcome(
        text=verdict.text,
        is_error=True,
        cause=cause,
        server=server,
        tool=tool,
        duration_ms=0.0,
        outcome=verdict.outcome,
        executed=verdict.executed,
        effect=effect,
    )


def failure_of(cause: Cause, executed: Executed, effect: Effect) -> Failure:
    """Tell what a failure comes down to."""
    if cause in _OF_ITS_OWN:
        return _OF_ITS_OWN[cause]
    if executed == "unknown" and effect.changes:
        return Failure.OUTCOME_UNKNOWN
    if executed == "yes":
        return Failure.RESULT_UNUSABLE
    return Failure.INVALID_CALL if cause in _CALLERS_OWN else Failure.TOOL_UNAVAILABLE


def _told(failure: Failure, text: str) -> str:
    return f"{text} {_UNKNOWN_ADVICE}" if failure is Failure.OUTCOME_UNKNOWN else text


_UNKNOWN_ADVICE: Final = "Do not call it again for the same purpose; find out what it did, or say that you do not know."
_OF_ITS_OWN: Final = MappingProxyType({Cause.TOOL_ERROR: Failure.TOOL_FAILED, Cause.NEEDS_INPUT: Failure.NEEDS_INPUT})
_CALLERS_OWN: Final = frozenset({Cause.INVALID_ARGUMENTS, Cause.UNKNOWN_TOOL})
_NOBODY_KNOWS: Final = "It is not known whether it acted."
_NOTHING: Final = "Nothing was done."
_FAILURE, _NEUTRAL = Outcome.FAILURE, Outcome.NEUTRAL

VERDICTS: Final[Mapping[Cause, Verdict]] = MappingProxyType(
    {
        # What the server, or its silence, says.
        Cause.TOOL_ERROR: Verdict(Outcome.QUALITY, "yes", "The tool failed."),
        Cause.TIMEOUT: Verdict(
            _FAILURE, "unknown", f"The tool did not answer in time. {_NOBODY_KNOWS}", ServerStep.PROBE
        ),
        Cause.HUNG: Verdict(
            _NEUTRAL, "unknown", f"The tool's server does not react any more. {_NOBODY_KNOWS}", ServerStep.PROBE
        ),
        Cause.TRANSPORT: Verdict(
            _NEUTRAL, "unknown", f"The tool's server went away. {_NOBODY_KNOWS}", ServerStep.PROBE, heals=True
        ),
        Cause.CONNECT: Verdict(
            _NEUTRAL, "no", f"The tool's server is not available. {_NOTHING}", ServerStep.PROBE, heals=True
        ),
        Cause.SESSION_EXPIRED: Verdict(
            _NEUTRAL, "no", f"The tool's server has restarted. {_NOTHING}", ServerStep.REOPEN, heals=True
        ),
        Cause.OVERSIZE: Verdict(_FAILURE, "unknown", "The tool's result was too large to be read."),
        Cause.MALFORMED: Verdict(_FAILURE, "unknown", f"The tool's server gave an invalid answer. {_NOBODY_KNOWS}"),
        Cause.BAD_RESULT: Verdict(_FAILURE, "yes", "The tool ran, but its result is not what it promises."),
        Cause.SERVER_ERROR: Verdict(_FAILURE, "unknown", f"The tool's server had an internal error. {_NOBODY_KNOWS}"),
        Cause.THROTTLED: Verdict(Outcome.THROTTLE, "no", f"The tool has too much to do. {_NOTHING}"),
        Cause.OVERLOADED: Verdict(Outcome.THROTTLE, "unknown", f"The tool has too much to do. {_NOBODY_KNOWS}"),
        Cause.AUTH: Verdict(
            Outcome.LATCH, "no", f"The tool's server refuses our credential. {_NOTHING}", ServerStep.REFUSED
        ),
        Cause.FORBIDDEN: Verdict(
            Outcome.LATCH, "no", f"We are not allowed to use the tool. {_NOTHING}", ServerStep.PROBE
        ),
        Cause.INVALID_ARGUMENTS: Verdict(
            _NEUTRAL, "no", f"The tool's server refused the arguments. {_NOTHING}", ServerStep.RELIST
        ),
        Cause.PROTOCOL: Verdict(
            _FAILURE, "no", f"The tool's server does not support the call. {_NOTHING}", ServerStep.RENEGOTIATE
        ),
        Cause.NEEDS_INPUT: Verdict(
            _NEUTRAL,
            "unknown",
            "The tool has stopped to ask a person something, which is not possible here; it has not finished.",
        ),
        # What we say ourselves, before anything is sent.
        Cause.UNKNOWN_TOOL: Verdict(_NEUTRAL, "no", "There is no tool of this name."),
        Cause.QUARANTINED: Verdict(
            _NEUTRAL, "no", f"The tool has changed, or is new, and waits for an operator's approval. {_NOTHING}"
        ),
        Cause.KILL_SWITCH: Verdict(_NEUTRAL, "no", f"An operator has switched this tool off. {_NOTHING}"),
        Cause.CIRCUIT_OPEN: Verdict(_NEUTRAL, "no", f"The tool has failed too often and is paused. {_NOTHING}"),
        Cause.COOLDOWN: Verdict(_NEUTRAL, "no", f"The tool has asked for a pause. {_NOTHING}"),
        Cause.BULKHEAD_FULL: Verdict(_NEUTRAL, "no", f"The tool is busy. {_NOTHING}"),
        Cause.DEADLINE_EXCEEDED: Verdict(_NEUTRAL, "no", f"No time was left to call the tool. {_NOTHING}"),
        Cause.BUDGET: Verdict(_NEUTRAL, "no", f"No more tool calls are allowed in this run. {_NOTHING}"),
        Cause.MISCONFIGURED: Verdict(_NEUTRAL, "no", f"The tool is not set up correctly. {_NOTHING}"),
        Cause.INTERRUPTED: Verdict(
            _NEUTRAL, "unknown", f"The call was interrupted: the process that made it has ended. {_NOBODY_KNOWS}"
        ),
    }
)
"""What each cause means; every cause has a row. What is known better in a single case may differ from it."""

OUR_OWN: Final = frozenset(
    {
        Cause.CONNECT,
        Cause.UNKNOWN_TOOL,
        Cause.QUARANTINED,
        Cause.KILL_SWITCH,
        Cause.CIRCUIT_OPEN,
        Cause.COOLDOWN,
        Cause.BULKHEAD_FULL,
        Cause.DEADLINE_EXCEEDED,
        Cause.BUDGET,
        Cause.MISCONFIGURED,
    }
)
"""Causes of calls for which no tool was asked."""
