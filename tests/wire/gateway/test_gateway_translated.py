"""Chat models that speak no wire of their own, behind the gateway: callers see no difference."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from sentinel.clock import SystemClock
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.providers.base import ChatProvider, ToolRequest
from sentinel.providers.custom import custom_provider
from sentinel.testing.providers import Behaviour, ScriptedProvider
from simulator.server import Simulator
from tests.support.bounded import bounded
from tests.support.gateway import FALLBACK, Gateway, over, route, running_gateway
from tests.support.openai_wire import ask, client_of, hear

OWN = Target("own", "chat-model")
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
ADD = ToolRequest("c1", "add", {"a": 1})
Served = tuple[Gateway, httpx.AsyncClient]
Serve = Callable[[ChatProvider], AbstractAsyncContextManager[Served]]


@pytest.fixture
def before(simulator: Simulator) -> Serve:
    """Serve with a chat model first and the simulator's second wire behind it."""

    @asynccontextmanager
    async def serve(provider: ChatProvider) -> AsyncIterator[Served]:
        plan = over(simulator, providers={"own": provider}, routes=route(OWN, FALLBACK))
        async with running_gateway(plan) as gateway, client_of(gateway.base_url) as caller:
            yield gateway, caller

    return serve


async def test_answers_are_the_same_streamed_and_whole(before: Serve) -> None:
    provider = ScriptedProvider("own", [Behaviour(words=["Good ", "day"])])
    async with before(provider) as (gateway, caller):
        heard = await hear(caller)
        answer = (await ask(caller)).json()
        records = await gateway.recorded(2)
    assert heard.is_whole()
    assert heard.text == answer["choices"][0]["message"]["content"] == "Good day"
    assert heard.usages == [answer["usage"]]
    assert answer["usage"]["total_tokens"] == 5
    assert heard.headers["x-sentinel-provider"] == "own"
    assert [record.serving for record in records] == [OWN, OWN]
    assert provider.closed == 2


async def test_the_model_is_asked_what_the_caller_asked(before: Serve) -> None:
    provider = ScriptedProvider("own", [Behaviour(words=["Hi"])])
    async with before(provider) as (_, caller):
        await ask(caller, temperature=0.5, max_tokens=9, tools=[TOOL], top_p=0.1)
    (call,) = provider.calls
    assert (call.model, call.temperature, call.max_tokens) == (OWN.model, 0.5, 9)
    assert [tool.name for tool in call.tools] == ["add"]


async def test_tool_calls_come_whole(before: Serve) -> None:
    provider = ScriptedProvider("own", [Behaviour(tool_requests=[ADD], finish_reason="tool_use")])
    async with before(provider) as (_, caller):
        heard = await hear(caller, tools=[TOOL])
        answer = (await ask(caller, tools=[TOOL])).json()
    assert (heard.is_whole(), heard.arguments, heard.finishes) == (True, ['{"a":1}'], ["tool_calls"])
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert (call["id"], call["function"]["name"]) == ("c1", "add")


FAILING: dict[str, tuple[Behaviour, list[str | None]]] = {
    "an error": (Behaviour(error=httpx.ConnectError("no")), ["connection_refused", None]),
    "no end marker": (Behaviour(finish_reason=None), ["truncated", None]),
    "nothing": (Behaviour(), ["empty_answer", "empty_answer", None]),
    "garbled tool calls": (
        Behaviour(tool_requests=[ADD], bad_tool_requests=["{a:"]),
        ["bad_tool_json", "bad_tool_json", None],
    ),
}


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize(("behaviour", "causes"), FAILING.values(), ids=FAILING)
async def test_failures_are_judged_as_on_any_wire(
    before: Serve, behaviour: Behaviour, causes: list[str | None], is_stream: bool
) -> None:
    async with before(ScriptedProvider("own", [behaviour])) as (gateway, caller):
        if is_stream:
            assert (await hear(caller)).is_whole()
        else:
            assert (await ask(caller)).headers["x-sentinel-provider"] == "fallback"
        (record,) = await gateway.recorded()
    assert [attempt.cause for attempt in record.attempts] == causes


@pytest.mark.parametrize("body", [{"n": 2}, {"response_format": {"type": "json_object"}}, {"logprobs": True}])
async def test_what_cannot_be_translated_is_asked_of_the_next_target(
    before: Serve, gateway: Gateway, body: dict[str, Any]
) -> None:
    provider = ScriptedProvider("own", [Behaviour(words=["Hi"])])
    async with before(provider) as (behind, caller):
        heard = await hear(caller, **body)
        (record,) = await behind.recorded()
        assert behind.failures(OWN) == 0
    assert heard.headers["x-sentinel-provider"] == "fallback"
    first = record.attempts[0]
    assert (first.outcome, first.cause) == (Outcome.NEUTRAL, "unsupported")
    assert provider.calls == []


async def test_embeddings_are_asked_of_the_next_target(before: Serve) -> None:
    async with before(ScriptedProvider("own", [Behaviour()])) as (_, caller):
        answer = await caller.post("/embeddings", json={"model": "default", "input": "one"})
    assert len(answer.json()["data"][0]["embedding"]) == 64


async def test_with_no_other_target_the_caller_is_told_what_cannot_be_asked(before: Serve) -> None:
    async with before(ScriptedProvider("own", [Behaviour()])) as (_, caller):
        answer = await ask(caller, model="own/chat-model", n=2)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "request_rejected"
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_caller_who_leaves_ends_the_model_s_work(before: Serve, is_stream: bool) -> None:
    provider = ScriptedProvider("own", [Behaviour(hangs=True)])
    async with before(provider) as (gateway, caller):
        asking = asyncio.create_task((hear if is_stream else ask)(caller))
        await bounded(provider.hanging.wait(), 10)
        asking.cancel()
        (record,) = await gateway.recorded()
    assert provider.closed == 1
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.NEUTRAL, "cancelled")]


class EchoModel(BaseChatModel):
    """A chat model as an operator might name it in the configuration."""

    model: str = "echo"

    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{self.model}: {messages[-1].text}"))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in self._words(messages):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))

    def _words(self, messages: list[BaseMessage]) -> Iterator[str]:
        yield f"{self.model}: "
        yield messages[-1].text


async def test_a_model_of_langchain_s_serves_openai_s_client(before: Serve) -> None:
    provider = custom_provider("own", class_path=f"{__name__}:EchoModel", params={}, clock=SystemClock())
    async with before(provider) as (gateway, _), openai.DefaultAsyncHttpxClient(verify=False) as transport:
        sdk = openai.AsyncOpenAI(base_url=gateway.base_url, api_key="x", max_retries=0, http_client=transport)
        messages: Any = [{"role": "user", "content": "Hello"}]
        plain = await sdk.chat.completions.create(model="default", messages=messages)
        stream = await sdk.chat.completions.create(model="default", messages=messages, stream=True)
        chunks = [chunk async for chunk in stream]
    assert plain.choices[0].message.content == "chat-model: Hello"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "chat-model: Hello"
    assert chunks[-1].usage
    assert chunks[-1].usage.model_extra == {"estimated": True}
