"""From the name that a caller knows to the tool that answers: the same tool once more, or an equivalent one, or nobody.

The one way to tools for runs and for the gateway. What may follow a failure is the table in `aftermath`; the registry,
with its sessions and guards, is below.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Final

from sentinel.clock import Clock
from sentinel.resilience.deadline import Deadline
from sentinel.tools.call import NOBODY, CallContext
from sentinel.tools.catalogue.spec import ToolSpec, tools_part
from sentinel.tools.config import CapabilityConfig, MemberConfig
from sentinel.tools.outcome import VERDICTS, Cause, Executed, ServerStep, ToolAttempt, ToolOutcome, unmade
from sentinel.tools.routing.aftermath import aftermath_of
from sentinel.tools.routing.capabilities import Capability, Member, resolve, result_at
from sentinel.tools.routing.registry import ToolRegistry


@dataclass(frozen=True, slots=True)
class Fallback:
    """A tool failed, and an equivalent one is asked in its stead."""

    failed: ToolSpec
    cause: str
    next: ToolSpec


FallbackListener = Callable[[Fallback], None]


def ignore_fallback(_fallback: Fallback) -> None:
    """Do nothing: the listener where nobody listens."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A tool that may be asked; `arguments` are its own, None if it has none for what is asked.

    `spec` is the tool when the call came: what its server lists may be another thing whenever it is asked.
    """

    spec: ToolSpec
    arguments: Mapping[str, Any] | None
    member: MemberConfig | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    """One call: who may answer, in order, and what they may not exceed."""

    candidates: Sequence[_Candidate]
    capability: Capability | None
    deadline: Deadline
    context: CallContext
    on_fallback: FallbackListener


_MOST_SENDS: Final = 2
_OF_THE_SESSION: Final = (ServerStep.REOPEN, ServerStep.RENEGOTIATE)
_MAX_LISTED: Final = 50
_NOBODY_LEFT: Final = "No tool that can do this gave a result"


class CapabilityRouter:
    """All tools and capabilities by the names that callers know."""

    def __init__(
        self,
        registry: ToolRegistry,
        *,
        capabilities: Mapping[str, CapabilityConfig] | None = None,
        clock: Clock,
        observe: FallbackListener = ignore_fallback,
    ) -> None:
        """Route over the tools of `registry`; `observe` hears of every fallback."""
        self._registry = registry
        self._configured = capabilities or {}
        self._clock = clock
        self._observe = observe
        self._resolved: dict[str, Capability] = {}
        self._version = -1

    # What there is ----------------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait, just after the start, for the servers that are quick; from then on, return at once."""
        await self._registry.settled()

    def tools(self) -> list[ToolSpec]:
        """Return the tools of all servers that are READY, and the capabilities that have a usable tool.

        What is paused stays listed: whoever calls it is told so.
        """
        offered = [each.spec for each in self.capabilities() if each.spec is not None]
        return [*self._registry.tools(), *offered]

    def find(self, name: str) -> ToolSpec | None:
        """Return the tool or capability of this name, also while its server is down."""
        capability = self._capability(name)
        return capability.spec if capability else self._registry.find(name)

    def capabilities(self) -> list[Capability]:
        """Return all capabilities as they stand."""
        if self._version != self._registry.version:
            self._version = self._registry.version
            self._resolved = {name: self._resolve(name, config) for name, config in self._configured.items()}
        return list(self._resolved.values())

    def _capability(self, name: str) -> Capability | None:
        return next((each for each in self.capabilities() if each.name == name), None)

    def _resolve(self, name: str, config: CapabilityConfig) -> Capability:
        return resolve(name, config, self._registry.find_tool, is_listed=self._registry.is_listed)

    # Calls ------------------------------------------------------------------------------------------------------------

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        context: CallContext = NOBODY,
        on_fallback: FallbackListener = ignore_fallback,
    ) -> ToolOutcome:
        """Call a tool or a capability, and return what became of it and which tool answered.

        Never raises for a failure of tools; a cancellation of the caller passes through. A tool that is called by its
        own name has those as equivalents that share a capability with it.
        """
        await self._registry.await_server_of(name)
        capability = self._capability(name)
        candidates = self._candidates(name, arguments, capability)
        if not candidates:
            return self._nobody(name, capability)
        deadline = Deadline(self._clock, math.inf if timeout_seconds is None else timeout_seconds)
        shared = capability or self._capability_with(candidates[0].spec)
        outcome = await self._first_result(_Request(candidates, shared, deadline, context, on_fallback))
        if capability is None and shared is not None:
            outcome = self._with_absent(outcome, candidates[0].spec, shared)
        return replace(outcome, capability=name if capability else None)

    def _with_absent(self, outcome: ToolOutcome, called: ToolSpec, shared: Capability) -> ToolOutcome:
        """Add those that come before the tool and that nobody could have called, since their servers are down.

        Models are not offered them, so they call the stand-in by its own name; the record still says what it is.
        """
        if outcome.cause is not None or (outcome.server, outcome.tool) != (called.server, called.tool):
            return outcome
        before = takewhile(lambda member: member.spec is not called, shared.members)
        absent = tuple(_not_sent(member.config, Cause.CONNECT) for member in before if self._is_absent(member))
        return replace(outcome, attempts=(*absent, *outcome.attempts))

    def _is_absent(self, member: Member) -> bool:
        if member.spec is None:
            return member.problem is None  # its server has not listed its tools yet
        return member.is_usable and self._registry.obstacle(member.spec) is Cause.CONNECT

    async def _first_result(self, request: _Request) -> ToolOutcome:
        attempts: list[ToolAttempt] = []
        outcome: ToolOutcome | None = None
        for position, candidate in enumerate(request.candidates):
            is_last = position == len(request.candidates) - 1
            outcome = await self._tried(candidate, request, attempts, is_last=is_last)
            if outcome.cause is None or not self._may_fall_back(outcome, candidate, request):
                return replace(outcome, attempts=tuple(attempts))
            if is_last:
                break
            following = self._now(request.candidates[position + 1])
            if _might_act_twice(outcome, following):
                return replace(outcome, attempts=tuple(attempts))
            self._tell(Fallback(candidate.spec, outcome.cause, following), request)
        return _nobody_left(outcome, attempts)

    def _tell(self, fallback: Fallback, request: _Request) -> None:
        self._observe(fallback)
        request.on_fallback(fallback)

    async def _tried(
        self, candidate: _Candidate, request: _Request, attempts: list[ToolAttempt], *, is_last: bool
    ) -> ToolOutcome:
        """Ask one tool, and once more if only its session was at fault, and a new one comes soon.

        A server that went away is waited for once, and only for the last tool; one that refused the call for its
        session is there, so any tool of it is asked again at once.
        """
        may_wait, may_have_acted = is_last, False
        outcome = await self._asked(candidate, request, attempts)
        while outcome.heals and (may_wait or _is_of_the_session(outcome)):
            if not await self._may_repeat(outcome, candidate, attempts):
                break
            may_wait, may_have_acted = False, may_have_acted or outcome.executed != "no"
            outcome = await self._asked(candidate, request, attempts)
        is_unsure = may_have_acted and outcome.executed == "no"
        return outcome.in_doubt() if is_unsure else outcome

    async def _may_repeat(self, outcome: ToolOutcome, candidate: _Candidate, attempts: Sequence[ToolAttempt]) -> bool:
        if _sends(self._now(candidate), attempts) >= _MOST_SENDS or not aftermath_of(outcome).retry:
            return False
        is_back = await self._registry.comes_back(candidate.spec.server)
        return is_back and not _might_act_twice(outcome, self._now(candidate))

    def _now(self, candidate: _Candidate) -> ToolSpec:
        """Give a tool as its server lists it now."""
        return self._registry.find_tool(candidate.spec.server, candidate.spec.tool) or candidate.spec

    async def _asked(self, candidate: _Candidate, request: _Request, attempts: list[ToolAttempt]) -> ToolOutcome:
        spec = self._now(candidate)
        if candidate.arguments is None:
            outcome = unmade(Cause.INVALID_ARGUMENTS, server=spec.server, tool=spec.tool, effect=spec.effect)
        else:
            remaining = request.deadline.remaining()
            outcome = await self._registry.call_tool(
                spec,
                candidate.arguments,
                timeout_seconds=None if remaining == math.inf else remaining,
                context=request.context,
            )
        outcome = _mapped(_doubted(outcome, attempts), candidate.member)
        attempts.append(
            ToolAttempt(
                server=spec.server,
                tool=spec.tool,
                cause=outcome.cause and outcome.cause.value,
                executed=outcome.executed,
                duration_ms=outcome.duration_ms,
                sends=outcome.sends,
            )
        )
        return outcome

    def _may_fall_back(self, outcome: ToolOutcome, candidate: _Candidate, request: _Request) -> bool:
        after = aftermath_of(outcome)
        if not after.on_policy:
            return after.fallback
        if request.capability is None:
            return False
        allows = request.capability.config.fallback_on_error
        if outcome.effect.changes:
            return allows and candidate.member is not None and candidate.member.error_means_no_effect
        return allows

    # Who may answer ---------------------------------------------------------------------------------------------------

    def _candidates(self, name: str, arguments: Mapping[str, Any], capability: Capability | None) -> list[_Candidate]:
        if capability is not None:
            usable = capability.members if capability.spec else ()
            return [_as_candidate(member, arguments) for member in usable if member.is_usable]
        spec = self._registry.find(name)
        if spec is None:
            return []
        shared = self._capability_with(spec)
        if shared is None or shared.spec is None:
            return [_Candidate(spec, arguments)]
        own = next(member for member in shared.members if member.spec is spec)
        meant = own.arguments_from(arguments)
        others = [member for member in shared.members if member.is_usable and member is not own]
        # Called by its own name it answers in its own words: only what stands in for it has its result mapped.
        first = _Candidate(spec, arguments, replace(own.config, result=""))
        return [first, *(_as_candidate(member, meant) for member in others)]

    def _capability_with(self, spec: ToolSpec) -> Capability | None:
        """Give the capability of which a tool is a usable member."""
        return next(
            (each for each in self.capabilities() if any(m.spec is spec and m.is_usable for m in each.members)), None
        )

    def _nobody(self, name: str, capability: Capability | None) -> ToolOutcome:
        if capability is None:
            return self._unknown(name)
        cause = Cause.MISCONFIGURED if capability.refusal else Cause.CONNECT
        first = capability.members[0].config
        outcome = unmade(cause, server=first.server, tool=first.tool)
        return replace(outcome, capability=name, detail=capability.refusal)

    def _unknown(self, name: str) -> ToolOutcome:
        """Give the outcome of a call to a tool that is not known: made up, or of a server that is not there."""
        server = self._registry.server_of(name)
        own = (server and tools_part(name, server)) or name
        if server is not None and not self._registry.is_listed(server):
            return unmade(Cause.CONNECT, server=server, tool=own)
        names = [each.name for each in sorted(self.tools(), key=lambda each: each.capability is None)]
        told = f"There is no tool {name[:100]!r}. There are: {', '.join(names[:_MAX_LISTED]) or 'none'}."
        return replace(unmade(Cause.UNKNOWN_TOOL, server=server or "", tool=own), text=told)


def _not_sent(member: MemberConfig, cause: Cause) -> ToolAttempt:
    return ToolAttempt(
        server=member.server, tool=member.tool, cause=cause.value, executed="no", duration_ms=0.0, sends=0
    )


def _sends(spec: ToolSpec, attempts: Sequence[ToolAttempt]) -> int:
    """Count how often a call was sent: to this tool, or to anybody if it changes something."""
    own = [each for each in attempts if spec.effect.changes or (each.server, each.tool) == (spec.server, spec.tool)]
    return sum(each.sends for each in own)


def _is_of_the_session(outcome: ToolOutcome) -> bool:
    """Whether a server has refused a call only for the session that it was made in."""
    return outcome.cause is not None and VERDICTS[outcome.cause].step in _OF_THE_SESSION


def _might_act_twice(outcome: ToolOutcome, following: ToolSpec) -> bool:
    return outcome.executed != "no" and following.effect.changes


def _doubted(outcome: ToolOutcome, attempts: Sequence[ToolAttempt]) -> ToolOutcome:
    """Believe no server that refuses, for the session, a call that was sent before: that session was opened for it."""
    was_sent = any(each.sends and (each.server, each.tool) == (outcome.server, outcome.tool) for each in attempts)
    if outcome.cause is None or outcome.executed != "no" or not was_sent or not _is_of_the_session(outcome):
        return outcome
    return outcome.in_doubt()


def _as_candidate(member: Member, arguments: Mapping[str, Any]) -> _Candidate:
    assert member.spec is not None, "only usable members are candidates"  # noqa: S101 -- narrows the type
    return _Candidate(member.spec, member.arguments_for(arguments), member.config)


def _mapped(outcome: ToolOutcome, member: MemberConfig | None) -> ToolOutcome:
    """Give a member's result in the capability's shape."""
    if outcome.cause is not None or member is None or not member.result:
        return outcome
    try:
        value = result_at(member.result, outcome.structured, outcome.text)
    except LookupError:
        verdict = VERDICTS[Cause.BAD_RESULT]
        detail = f"the result has no {member.result!r}"
        return replace(outcome, text=verdict.text, is_error=True, cause=Cause.BAD_RESULT, detail=detail)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return replace(outcome, text=text, structured={"result": value}, content=())


def _nobody_left(outcome: ToolOutcome | None, attempts: Sequence[ToolAttempt]) -> ToolOutcome:
    """Give the outcome of a call that every tool was asked for in vain."""
    assert outcome is not None, "there was a candidate"  # noqa: S101 -- narrows the type
    if len({(each.server, each.tool) for each in attempts}) == 1:
        return replace(outcome, attempts=tuple(attempts))
    tried = "; ".join(f"{each.server}/{each.tool}: {str(each.cause).replace('_', ' ')}" for each in attempts)
    executed: Executed = "no" if all(each.executed == "no" for each in attempts) else "unknown"
    return replace(outcome, text=f"{_NOBODY_LEFT} ({tried}).", executed=executed, attempts=tuple(attempts))
