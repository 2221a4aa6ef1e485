"""One attempt through the pipeline: what is emitted, what the ledger says, what the circuit learns."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import Outcome, ProviderAuthError, ProviderRateLimitedError, ProviderUnavailableError
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.base import ToolRequest
from sentinel.providers.chat import ChatAttempts, ChatRequest, ChatResult
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.deadline import Deadline
from sentinel.telemetry.hooks import Hooks
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import open_protection
from sentinel.testing.providers import Behaviour, ScriptedProvider
from tests.support.bounded import bounded

TARGET = Target("one", "large")


class Rig:
    """A pipeline with one scripted provider."""

    def __init__(self, *script: Behaviour) -> None:
        self.clock = FakeClock()
        self.board = BreakerBoard(self.clock)
        self.provider = ScriptedProvider("one", list(script))
        self.observed: list[Attempt] = []
        self.emitted: list[str] = []
        pipeline = AttemptPipeline(
            protection=open_protection(self.clock, board=self.board), clock=self.clock, observe=[self.observed.append]
        )
        self.models = ChatAttempts(providers={"one": self.provider}, pipeline=pipeline)

    async def attempt(self, *, deadlines: Deadlines | None = None, seconds: float = 60.0) -> ChatResult:
        request = ChatRequest(
            number=1,
            target=TARGET,
            turns=[Turn(role="user", content="Hi?")],
            tools=(),
            deadlines=deadlines or Deadlines(),
            deadline=Deadline(self.clock, seconds),
        )
        return await self.models.run(request, self.emitted.append)

    @property
    def circuit(self) -> tuple[int, int]:
        """Successes and failures that the provider's circuit has counted."""
        snapshot = self.board.get("provider:one").snapshot()
        return snapshot.successes, snapshot.failures

    @property
    def permits_in_use(self) -> bool:
        return self.board.get("provider:one").snapshot().is_probe_in_flight


async def test_text_is_emitted_as_it_comes_and_the_ledger_has_the_figures() -> None:
    rig = Rig(Behaviour(words=["Hel", "lo"], usage=Usage(5, 2)))
    result = await rig.attempt()
    assert rig.emitted == ["Hel", "lo"]
    assert result.succeeded
    assert result.text == "Hello"
    assert result.attempt.usage == Usage(5, 2)
    assert result.attempt.ttft_ms is not None
    assert rig.circuit == (1, 0)
    assert rig.observed == [result.attempt]


@pytest.mark.parametrize(
    ("behaviour", "cause", "outcome"),
    [
        (Behaviour(words=["Hel"], finish_reason=None), "truncated", Outcome.FAILURE),
        (Behaviour(), "empty_answer", Outcome.QUALITY),
        (Behaviour(words=["  \n"]), "empty_answer", Outcome.QUALITY),
        (Behaviour(words=["no"], finish_reason="content_filter"), "content_filter", Outcome.NEUTRAL),
        (Behaviour(bad_tool_requests=['{"a":'], finish_reason="tool_calls"), "bad_tool_json", Outcome.QUALITY),
        (Behaviour(error=ProviderRateLimitedError("slow", cause="rate_limit")), "rate_limit", Outcome.THROTTLE),
        (Behaviour(error=ProviderAuthError("key", cause="auth")), "auth", Outcome.LATCH),
        (Behaviour(error=ValueError("what is this")), "unreadable", Outcome.FAILURE),
    ],
)
async def test_what_is_no_answer_is_classified(behaviour: Behaviour, cause: str, outcome: Outcome) -> None:
    rig = Rig(behaviour)
    result = await rig.attempt()
    assert not result.succeeded
    assert (result.attempt.cause, result.attempt.outcome) == (cause, outcome)
    assert rig.circuit == (0, 1 if outcome is Outcome.FAILURE else 0)


async def test_a_tool_call_without_text_is_an_answer() -> None:
    request = ToolRequest("call-1", "calculator__evaluate", {"expression": "1+1"})
    result = await Rig(Behaviour(tool_requests=[request], finish_reason="tool_calls")).attempt()
    assert result.succeeded
    assert result.tool_requests == (request,)


async def test_usage_that_the_provider_does_not_tell_is_estimated_and_says_so() -> None:
    result = await Rig(Behaviour(words=["12345678"], usage=None)).attempt()
    assert result.attempt.usage == Usage(1, 2, estimated=True)


async def test_an_open_circuit_is_not_called() -> None:
    rig = Rig(Behaviour(words=["Hello"]))
    rig.board.get("model:one/large").trip(actor="test")
    result = await rig.attempt()
    assert result.attempt.skipped
    assert result.attempt.cause == "circuit_open"
    assert rig.provider.calls == []


async def test_silence_before_the_first_token_ends_the_attempt_at_its_limit() -> None:
    rig = Rig(Behaviour(hangs=True))
    result = await rig.attempt(deadlines=Deadlines(first_token_seconds=0.01))
    assert result.attempt.cause == "first_token_timeout"
    assert result.attempt.outcome is Outcome.FAILURE
    assert rig.provider.closed == 1


async def test_silence_in_mid_answer_is_a_stall() -> None:
    rig = Rig(Behaviour(words=["Hel"], hangs=True))
    result = await rig.attempt(deadlines=Deadlines(stall_seconds=0.01))
    assert result.attempt.cause == "stall"
    assert result.text == "Hel"


async def test_the_callers_deadline_does_not_count_against_the_target() -> None:
    rig = Rig(Behaviour(words=["Hel"], hangs=True))
    result = await rig.attempt(seconds=0.01)
    assert result.attempt.cause == "deadline_exceeded"
    assert result.attempt.outcome is Outcome.NEUTRAL
    assert result.attempt.final
    assert rig.circuit == (0, 0)


async def test_a_cancelled_attempt_closes_its_stream_and_counts_nothing() -> None:
    rig = Rig(Behaviour(words=["Hel"], hangs=True))
    task = asyncio.create_task(rig.attempt())
    await bounded(rig.provider.hanging.wait(), 5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert rig.provider.closed == 1
    assert rig.circuit == (0, 0)


async def test_a_cancelled_probe_gives_its_place_back() -> None:
    rig = Rig(Behaviour(error=ProviderUnavailableError("down", cause="connection_refused")))
    for _ in range(5):
        await rig.attempt()
    rig.clock.advance(60.0)
    rig.provider.script = [Behaviour(hangs=True)]
    task = asyncio.create_task(rig.attempt())
    await bounded(rig.provider.hanging.wait(), 5)
    assert rig.permits_in_use
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not rig.permits_in_use


async def test_an_observer_that_fails_takes_nothing_from_the_circuit_and_none_that_is_hooked_ends_the_call() -> None:
    def fail(_: Attempt) -> None:
        message = "a bug"
        raise ZeroDivisionError(message)

    rig = Rig(Behaviour(words=["Hi"]), Behaviour(words=["Hi"]))
    pipeline = replace(rig.models.pipeline, observe=[fail])
    rig.models = replace(rig.models, pipeline=pipeline)
    with pytest.raises(ZeroDivisionError):
        await rig.attempt()
    assert rig.circuit == (1, 0)
    rig.models = replace(rig.models, pipeline=replace(pipeline, observe=[Hooks(fail, rig.observed.append)]))
    assert (await rig.attempt()).succeeded
    assert (rig.circuit, len(rig.observed)) == ((2, 0), 1)
