"""One round of tool calls: those that only read together, others in order; each has its events, its row and its turn.

A call that changes something is begun only when the log says so, for the case that the process ends meanwhile. So is
one whose tool is not known: its server may come up while it is made. A name that a model made up costs a commit, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sentinel.domain.events import Phase
from sentinel.domain.messages import Role, Turn
from sentinel.domain.runs import ToolCall
from sentinel.graph.context import RunContext
from sentinel.graph.emissions import Emit, Status, committed
from sentinel.graph.state import RunState
from sentinel.tools.call import CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect
from sentinel.tools.outcome import Cause, Failure, ToolOutcome, unmade
from sentinel.tools.routing.router import Fallback

Pending = dict[str, Any]

_MILLISECONDS = 1000.0
_REPEATABLE = frozenset(effect.value for effect in Effect if not effect.changes)


async def call_tools(state: RunState, context: RunContext, emit: Emit) -> tuple[list[dict[str, Any]], list[Turn]]:
    """Make the calls that are pending; gives their rows and the turns that answer the model, in the order asked."""
    found = [(call, context.parts.tools.find(call["name"])) for call in state["pending"]]
    spent = [ToolCall.from_dict(row) for row in state["tool_calls"]]
    rows: list[ToolCall] = []
    for only_reads, group in groupby(found, key=lambda each: _only_reads(each[1])):
        calls = list(group)
        if only_reads:
            budgets = _split(_left([*spent, *rows], context), len(calls))
            made = (_made(each, budget, context, emit=emit) for each, budget in zip(calls, budgets, strict=True))
            rows += await asyncio.gather(*made)
        else:
            for each in calls:
                rows.append(await _made(each, _left([*spent, *rows], context), context, emit=emit))
    return [row.to_dict() for row in rows], [_turn(row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Budget:
    """What is left for tool calls in this run."""

    calls: int
    seconds: float

    @property
    def is_spent(self) -> bool:
        return self.calls <= 0 or self.seconds <= 0


def _left(rows: Sequence[ToolCall], context: RunContext) -> _Budget:
    made = [row for row in rows if row.cause != Cause.BUDGET]
    seconds = sum(row.duration_ms or 0.0 for row in made) / _MILLISECONDS
    whole = context.parts.tool_budget
    return _Budget(whole.max_calls - len(made), whole.max_seconds - seconds)


def _split(budget: _Budget, count: int) -> list[_Budget]:
    return [replace(budget, calls=budget.calls - position) for position in range(count)]


def _only_reads(spec: ToolSpec | None) -> bool:
    return spec is not None and spec.read_only


async def _made(
    asked: tuple[Pending, ToolSpec | None], budget: _Budget, context: RunContext, *, emit: Emit
) -> ToolCall:
    """Make one call. One that an earlier drive of the run began is made again only if that is known to do no harm."""
    call, spec = asked
    before = context.interrupted_tools.get(call["id"])
    if before is not None and before.ended_at is not None:
        return before
    started = _started(call, spec, context)
    if before is not None and before.effect not in _REPEATABLE:
        cut_off = before if before.effect else replace(started, started_at=before.started_at)  # perhaps known by now
        return _told(cut_off, _unmade(cut_off, Cause.INTERRUPTED), context, emit=emit)
    if budget.is_spent:
        return _told(started, _unmade(started, Cause.BUDGET), context, emit=emit)
    await context.may_act()
    emit(Status(Phase.TOOL_STARTED, _fields(started)))
    if not _only_reads(spec):
        await committed(emit)
        await context.may_act()  # the commit may have waited for a database that was away
    return _told(started, await _called(started, call["name"], budget, context=context, emit=emit), context, emit=emit)


async def _called(started: ToolCall, name: str, budget: _Budget, *, context: RunContext, emit: Emit) -> ToolOutcome:
    def fell_back(fallback: Fallback) -> None:
        fields = _fields(started) | {
            "server": fallback.failed.server,
            "tool": fallback.failed.tool,
            "cause": fallback.cause,
            "next": f"{fallback.next.server}/{fallback.next.tool}",
        }
        emit(Status(Phase.TOOL_FALLBACK, fields))

    return await context.parts.tools.call(
        name,
        started.arguments,
        timeout_seconds=min(context.deadline.remaining(), budget.seconds),
        context=CallContext(caller=context.run_id, idempotency_key=f"{context.run_id}:{started.tool_call_id}"),
        on_fallback=fell_back,
    )


def _started(call: Pending, spec: ToolSpec | None, context: RunContext) -> ToolCall:
    return ToolCall(
        tool_call_id=call["id"],
        server=spec.server if spec else "",
        tool=spec.tool if spec else call["name"],
        arguments=call["arguments"],
        started_at=context.parts.clock.now(),
        capability=spec.capability if spec else None,
        effect=spec.effect.value if spec else None,
    )


def _told(started: ToolCall, outcome: ToolOutcome, context: RunContext, *, emit: Emit) -> ToolCall:
    """Say how a call ended, to readers; gives its row."""
    finished = replace(
        started,
        server=outcome.server or started.server,
        tool=outcome.tool,
        ended_at=context.parts.clock.now(),
        result=outcome.for_model(),
        is_error=outcome.is_error,
        cause=outcome.cause and outcome.cause.value,
        duration_ms=outcome.duration_ms,
        effect=outcome.effect.value,
        executed=outcome.executed,
        attempts=tuple(attempt.to_dict() for attempt in outcome.attempts),
    )
    emit(Status(_phase(outcome), _fields(finished)))
    return finished


def _phase(outcome: ToolOutcome) -> Phase:
    if outcome.failure is None:
        return Phase.TOOL_FINISHED
    return Phase.TOOL_UNAVAILABLE if outcome.failure is Failure.TOOL_UNAVAILABLE else Phase.TOOL_FAILED


def _unmade(call: ToolCall, cause: Cause) -> ToolOutcome:
    """Give the outcome of a call that is not made, or not made again."""
    effect = Effect(call.effect) if call.effect else Effect.MUTATING
    return replace(unmade(cause, server=call.server, tool=call.tool, effect=effect), capability=call.capability)


def _turn(row: ToolCall) -> Turn:
    return Turn(role=Role.TOOL.value, content=row.result or "", tool_call_id=row.tool_call_id, is_error=row.is_error)


def _fields(row: ToolCall) -> dict[str, Any]:
    fields = {
        "tool_call_id": row.tool_call_id,
        "server": row.server,
        "tool": row.tool,
        "capability": row.capability,
        "effect": row.effect,
        "arguments": row.arguments,
    }
    if row.ended_at is None:
        return fields
    return fields | {
        "result": row.result,
        "duration_ms": row.duration_ms,
        "cause": row.cause,
        "executed": row.executed,
        "attempts": list(row.attempts),
    }
