"""Whatever a caller sends: an answer, or an error of OpenAI's shape that blames the request; never a fault of ours."""

import asyncio
import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.testing.providers import Behaviour, ScriptedProvider
from simulator.faulting.effects import Pace
from simulator.server import Simulator, SimulatorOptions
from tests.support.gateway import over, running_gateway
from tests.support.openai_wire import HELLO, client_of

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("role", "content", "tool_calls", "tool_call_id", "name"), JSON),
)
NAMES = [
    *("n", "stop", "temperature", "max_tokens", "max_completion_tokens", "tools", "tool_choice", "functions"),
    *("response_format", "stream_options", "modalities", "logprobs", "top_p", "input", "unheard_of"),
]
ALMOST_GOOD = st.fixed_dictionaries(
    {
        "model": st.just("default") | st.just("chat/model") | JSON,
        "messages": st.just(HELLO) | st.lists(MESSAGE | st.just(HELLO[0]), max_size=3) | JSON,
    },
    optional={"stream": st.booleans() | JSON, **dict.fromkeys(NAMES, JSON)},
)
PATHS = st.sampled_from(["/chat/completions", "/embeddings"])


async def post(path: str, raw: bytes) -> None:
    simulator = Simulator(SimulatorOptions(pace=Pace(words_per_second=0), seed=7))
    chat = ScriptedProvider("chat", [Behaviour(words=["Hi"])])
    async with (
        simulator.running(),
        running_gateway(over(simulator, providers={"chat": chat})) as gateway,
        client_of(gateway.base_url) as caller,
        asyncio.timeout(20),
    ):
        answer = await caller.post(path, content=raw)
    assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR, answer.text
    if answer.status_code != httpx.codes.OK:
        assert answer.json()["error"]["message"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=PATHS, body=JSON | ALMOST_GOOD)
def test_any_json_gets_an_answer_or_is_refused(path: str, body: Any) -> None:
    asyncio.run(post(path, json.dumps(body).encode()))


@settings(max_examples=20, deadline=None)
@given(path=PATHS, raw=st.binary(max_size=200))
def test_any_bytes_get_an_answer_or_are_refused(path: str, raw: bytes) -> None:
    asyncio.run(post(path, raw))
