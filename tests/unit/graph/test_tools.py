"""Runs in which the model calls tools."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sentinel.domain.runs import ToolCall
from sentinel.errors import ProviderUnavailableError
from sentinel.providers.base import ToolRequest
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect, RunBudget
from tests.unit.graph.conftest import Rig

ASKS = Behaviour(
    words=["Let me see."],
    tool_requests=[ToolRequest("call-1", "calculator__evaluate", {"expression": "6*7"})],
    finish_reason="tool_calls",
)
ANSWERS = Behaviour(words=["It is 42."])
DOWN = Behaviour(error=ProviderUnavailableError("gone", cause="connection_refused"))


def calculator() -> FakeToolbox:
    return FakeToolbox({"calculator__evaluate": lambda arguments: "42"})


async def test_a_tool_result_goes_back_to_the_model_that_asked(rig: Callable[..., Rig]) -> None:
    setup = rig(one=ScriptedProvider("one", [ASKS, ANSWERS]), toolbox=calculator())
    emitted = await setup.run()
    assert emitted.text == "Let me see.\n\nIt is 42." == emitted.ending.text
    assert emitted.phases == ["attempt_started", "tool_started", "tool_finished", "attempt_started"]
    told = setup.one.calls[1].turns
    assert [turn["role"] for turn in told] == ["system", "user", "assistant", "tool"]
    assert told[-1]["content"] == "42"
    assert emitted.ending.tool_calls[0].result == "42"


class LateToolbox(FakeToolbox):
    """One whose tools are there only when somebody has waited for them."""

    async def settled(self) -> None:
        self.functions = calculator().functions


async def test_a_run_in_the_first_moment_waits_for_the_tools(rig: Callable[..., Rig]) -> None:
    setup = rig(one=ScriptedProvider("one", [ASKS, ANSWERS]), toolbox=LateToolbox())
    emitted = await setup.run()
    assert [tool.name for tool in setup.one.calls[0].tools] == ["calculator__evaluate"]
    assert emitted.ending.tool_calls[0].result == "42"


async def test_a_failed_tool_is_told_to_the_model_and_the_run_goes_on(rig: Callable[..., Rig]) -> None:
    def broken(_: object) -> str:
        raise ValueError("division by zero")

    toolbox = FakeToolbox({"calculator__evaluate": broken})
    setup = rig(one=ScriptedProvider("one", [ASKS, ANSWERS]), toolbox=toolbox)
    emitted = await setup.run()
    assert "tool_failed" in emitted.phases
    assert setup.one.calls[1].turns[-1]["is_error"]
    assert emitted.ending.error is None


async def test_after_a_failover_the_serving_target_keeps_the_conversation(rig: Callable[..., Rig]) -> None:
    setup = rig(
        one=ScriptedProvider("one", [DOWN, Behaviour(words=["never"])]),
        two=ScriptedProvider("two", [ASKS, ANSWERS]),
        toolbox=calculator(),
    )
    emitted = await setup.run()
    assert emitted.ending.provider == "two"
    assert len(setup.one.calls) == 1


async def test_the_serving_target_may_die_between_two_turns(rig: Callable[..., Rig]) -> None:
    setup = rig(one=ScriptedProvider("one", [ASKS, DOWN]), two=ScriptedProvider("two", [ANSWERS]), toolbox=calculator())
    emitted = await setup.run()
    assert emitted.text == "Let me see.\n\nIt is 42."
    assert emitted.ending.provider == "two"
    assert [attempt.target.provider for attempt in emitted.ending.attempts] == ["one", "one", "two"]


async def test_a_break_in_the_second_turn_keeps_the_text_of_the_first(rig: Callable[..., Rig]) -> None:
    cut = Behaviour(words=["It is 4"], error=ProviderUnavailableError("cut", cause="connection_lost"))
    setup = rig(one=ScriptedProvider("one", [ASKS, cut]), two=ScriptedProvider("two", [ANSWERS]), toolbox=calculator())
    emitted = await setup.run()
    assert emitted.text == "Let me see.\n\nIt is 42." == emitted.ending.text


async def test_a_model_that_calls_tools_without_end_is_stopped(rig: Callable[..., Rig]) -> None:
    setup = rig(one=ScriptedProvider("one", [ASKS]), toolbox=calculator(), max_steps=3)
    ending = (await setup.run()).ending
    assert ending.error is not None
    assert ending.error["code"] == "recursion_limit"
    assert len(setup.one.calls) == 3


def asking(*names: str) -> Behaviour:
    """A model that calls these tools at once."""
    requests = [ToolRequest(f"call-{number}", name, {}) for number, name in enumerate(names, start=1)]
    return Behaviour(words=["Let me see."], tool_requests=requests, finish_reason="tool_calls")


class Overlapping(FakeToolbox):
    """Tools that tell which of them ran together."""

    running: set[str]
    seen: list[frozenset[str]]

    async def call(self, name: str, arguments: Mapping[str, Any], **more: Any) -> Any:
        self.running.add(name)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.seen.append(frozenset(self.running))
        self.running.discard(name)
        return await super().call(name, arguments, **more)


async def test_what_only_reads_runs_together_and_what_changes_something_alone(rig: Callable[..., Rig]) -> None:
    """In the order asked: reads before a change are over when it begins."""
    names = ("s__read_a", "s__read_b", "s__write_a", "s__write_b", "s__read_c")
    changing = {name: Effect.MUTATING for name in names if "write" in name}
    toolbox = Overlapping({name: lambda _: "done" for name in names}, effects=changing)
    toolbox.running, toolbox.seen = set(), []
    setup = rig(one=ScriptedProvider("one", [asking(*names), ANSWERS]), toolbox=toolbox)
    emitted = await setup.run()
    assert [set(each) for each in toolbox.seen[:1]] == [{"s__read_a", "s__read_b"}]
    assert [set(each) for each in toolbox.seen[2:]] == [{"s__write_a"}, {"s__write_b"}, {"s__read_c"}]
    assert [call.tool for call in emitted.ending.tool_calls] == ["read_a", "read_b", "write_a", "write_b", "read_c"]


async def test_a_change_is_begun_only_when_the_log_has_it(rig: Callable[..., Rig]) -> None:
    """And the round is over only when the log has its end. A read is not held up by the log."""
    toolbox = FakeToolbox({"s__write": lambda _: "done"}, effects={"s__write": Effect.MUTATING})
    setup = rig(one=ScriptedProvider("one", [asking("s__write"), ANSWERS]), toolbox=toolbox)
    called_before_commit = []
    emitted = await setup.run(on_commit=lambda: called_before_commit.append(len(toolbox.calls)))
    assert called_before_commit == [0, 1]
    assert emitted.phases[1:3] == ["tool_started", "tool_finished"]


async def test_each_call_has_a_key_of_its_run(rig: Callable[..., Rig]) -> None:
    """For servers that carry out one call once."""
    toolbox = calculator()
    await rig(one=ScriptedProvider("one", [ASKS, ANSWERS]), toolbox=toolbox).run()
    assert (toolbox.contexts[0].caller, toolbox.contexts[0].idempotency_key) == ("run-1", "run-1:call-1")


@pytest.mark.parametrize(
    ("budget", "made"), [(RunBudget(max_calls=2), 2), (RunBudget(max_seconds=0.0015), 2), (RunBudget(), 4)]
)
async def test_the_tools_of_a_run_have_a_budget(rig: Callable[..., Rig], budget: RunBudget, made: int) -> None:
    """What is over it is not called, and the model is told so."""
    changing = {"s__write": Effect.MUTATING}
    toolbox = FakeToolbox({"s__write": lambda _: "done"}, effects=changing)
    provider = ScriptedProvider("one", [asking("s__write", "s__write"), asking("s__write", "s__write"), ANSWERS])
    setup = rig(one=provider, toolbox=toolbox, tool_budget=budget)
    calls = (await setup.run()).ending.tool_calls
    assert len(toolbox.calls) == made
    assert [call.cause for call in calls] == [None] * made + ["budget"] * (4 - made)
    assert all(call.executed == "no" for call in calls[made:])


async def test_a_call_that_a_crash_cut_off_is_not_made_again_if_it_changes_something(rig: Callable[..., Rig]) -> None:
    """Its outcome is unknown, and the model is told so; what had ended is taken as it was, what only reads is asked."""
    names = ("s__ended", "s__begun", "s__read", "s__again")
    effects = {"s__ended": Effect.MUTATING, "s__begun": Effect.MUTATING, "s__again": Effect.IDEMPOTENT}
    toolbox = FakeToolbox({name: lambda _: "anew" for name in names}, effects=effects)
    setup = rig(one=ScriptedProvider("one", [asking(*names), ANSWERS]), toolbox=toolbox)
    at = setup.clock.now()

    def begun(number: int, tool: str, effect: str, **more: Any) -> ToolCall:
        call_id = f"call-{number}"
        return ToolCall(tool_call_id=call_id, server="s", tool=tool, arguments={}, started_at=at, effect=effect, **more)

    setup.interrupted_tools = {
        "call-1": begun(1, "ended", "mutating", ended_at=at, result="as it was"),
        "call-2": begun(2, "begun", "mutating"),
        "call-3": begun(3, "read", "read_only"),
        "call-4": begun(4, "again", "idempotent"),
    }
    emitted = await setup.run()
    assert [name for name, _ in toolbox.calls] == ["s__read", "s__again"]
    ended, cut_off, read, again = emitted.ending.tool_calls
    assert (ended.result, read.result, again.result) == ("as it was", "anew", "anew")
    assert (cut_off.cause, cut_off.executed, cut_off.is_error) == ("interrupted", "unknown", True)
    assert '"error": "outcome_unknown"' in str(cut_off.result)
    assert len(setup.one.calls[1].turns) == 7


class ComesUp(Overlapping):
    """Tools of a server that is not up when they are looked for, unless `is_up`, and is by the time they are called."""

    is_up = False

    def find(self, name: str) -> ToolSpec | None:
        return super().find(name) if self.is_up else None


def bank() -> ComesUp:
    names = ("bank__pay", "bank__refund")
    toolbox = ComesUp({name: lambda _: "done" for name in names}, effects=dict.fromkeys(names, Effect.MUTATING))
    toolbox.running, toolbox.seen = set(), []
    return toolbox


async def test_what_is_not_known_yet_is_called_alone_and_only_when_the_log_has_it(rig: Callable[..., Rig]) -> None:
    """Its server may come up meanwhile, and nobody has said yet that it only reads."""
    toolbox = bank()
    setup = rig(one=ScriptedProvider("one", [asking("bank__pay", "bank__refund"), ANSWERS]), toolbox=toolbox)
    called_before_commit = []
    emitted = await setup.run(on_commit=lambda: called_before_commit.append(len(toolbox.calls)))
    assert called_before_commit == [0, 1, 2]
    assert toolbox.seen == [{"bank__pay"}, {"bank__refund"}]
    assert emitted.phases[1:5] == ["tool_started", "tool_finished"] * 2


@pytest.mark.parametrize("is_known_now", [False, True])
async def test_a_call_that_was_begun_without_knowing_the_tool_is_not_made_again(
    rig: Callable[..., Rig], is_known_now: bool
) -> None:
    """It may have been carried out. The receipt names the tool as far as it is known now."""
    toolbox = bank()
    toolbox.is_up = is_known_now
    setup = rig(one=ScriptedProvider("one", [asking("bank__pay"), ANSWERS]), toolbox=toolbox)
    at = setup.clock.now()
    begun = ToolCall(tool_call_id="call-1", server="", tool="bank__pay", arguments={}, started_at=at, effect=None)
    setup.interrupted_tools = {"call-1": begun}
    setup.clock.advance(5.0)
    emitted = await setup.run()
    assert toolbox.calls == []
    [row] = emitted.ending.tool_calls
    assert (row.server, row.tool) == (("bank", "pay") if is_known_now else ("", "bank__pay"))
    assert (row.cause, row.executed, row.effect, row.started_at) == ("interrupted", "unknown", "mutating", at)
    assert '"error": "outcome_unknown"' in str(row.result)
