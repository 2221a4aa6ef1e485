"""Agent runs over the real SDKs: characters that a provider cuts in two come out whole, and halves never come out."""

import json
from typing import Any

import pytest

from sentinel.clock import SystemClock
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts, ChatRequest, ChatResult
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection
from tests.support.canned import chunk, usage
from tests.support.scripted_server import ScriptedServer, answer, events
from tests.support.wire_paths import MODEL, OLLAMA, OPENAI, PATIENT, wire_paths

HIGH, LOW, FACE = "\ud83d", "\ude00", "\U0001f600"


def on_openai(*chunks: dict[str, Any]) -> bytes:
    return events(*(json.dumps(each) for each in chunks), "[DONE]")


def on_ollama(*texts: str) -> bytes:
    common = {"model": MODEL, "created_at": "2026-01-01T00:00:00Z"}
    lines = [{**common, "message": {"role": "assistant", "content": text}, "done": False} for text in texts]
    last = {**common, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return answer(200, b"".join(json.dumps(line).encode() + b"\n" for line in [*lines, last]))


def said(path: str, *texts: str) -> bytes:
    if path == OLLAMA:
        return on_ollama(*texts)
    return on_openai(*(chunk({"content": text}) for text in texts), chunk(finish="stop"), usage())


async def asked(path: str, response: bytes) -> tuple[ChatResult, list[str]]:
    """Ask a server that answers with these bytes; gives what came of it, and the text as it was emitted."""
    clock, emitted = SystemClock(), list[str]()
    async with wire_paths() as paths, ScriptedServer(response).running() as server:
        models = ChatAttempts(
            providers={path: paths.provider(path, f"http://127.0.0.1:{server.port}")},
            pipeline=AttemptPipeline(protection=open_protection(clock), clock=clock),
        )
        request = ChatRequest(
            number=1,
            target=Target(path, MODEL),
            turns=[Turn(role="user", content="Smile")],
            tools=(),
            deadlines=PATIENT,
            deadline=Deadline(clock, PATIENT.total_seconds),
        )
        return await models.run(request, emitted.append), emitted


@pytest.mark.parametrize(
    ("texts", "emitted"),
    [
        (("Hi " + HIGH, LOW + "!"), ["Hi ", FACE + "!"]),
        ((HIGH, LOW), [FACE]),
        (("a" + LOW, "b"), ["a\ufffd", "b"]),
        (("a", HIGH), ["a", "\ufffd"]),
        ((HIGH, "b"), ["\ufffdb"]),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
async def test_text_comes_out_in_whole_characters(path: str, texts: tuple[str, ...], emitted: list[str]) -> None:
    result, heard = await asked(path, said(path, *texts))
    assert result.attempt.outcome is Outcome.SUCCESS, result.attempt.detail
    assert heard == emitted
    assert result.text == "".join(emitted)


async def test_a_break_within_a_character_leaves_only_whole_ones() -> None:
    result, heard = await asked(OPENAI, events(*(json.dumps(chunk({"content": text})) for text in ("Hi ", HIGH))))
    assert result.attempt.cause == "truncated"
    assert heard == ["Hi "]


async def test_arguments_of_tools_have_whole_characters() -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "smile", "arguments": ""}}
    parts = [json.dumps({"face": HIGH + LOW, "half": HIGH})]
    pieces = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}) for part in parts]
    response = on_openai(chunk({"tool_calls": [call]}), *pieces, chunk(finish="tool_calls"), usage())
    result, _ = await asked(OPENAI, response)
    assert [request.arguments for request in result.tool_requests] == [{"face": FACE, "half": "\ufffd"}]
