"""For every break, cut, chunking and way of going on: a client reads the whole answer, or one that ends in an error."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import aiohttp
import httpx2
import openai
import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sentinel.domain.characters import with_whole_characters
from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import Capabilities, Deadlines, Route, Target
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.support.canned import chunk, usage
from tests.support.going_on import HABITS, SIZES, WHOLE_ANSWERS, Habits, Model, is_beginning
from tests.support.openai_wire import WITH_USAGE, Heard
from tests.support.virtual_gateway import FakeUpstream, Given, Reply, VirtualGateway
from tests.unit.resilience import answers
from tests.unit.resilience.answers import chunks

TARGETS = [Target("one", "large"), Target("two", "small"), Target("three", "tiny"), Target("four", "other")]
LIMITS = Deadlines(connect_seconds=5, first_token_seconds=5, stall_seconds=5, total_seconds=100)
ARGUMENTS = '{"expression": "12*(3+4)", "note": "é"}'
TOOL = {"type": "function", "function": {"name": "calculate", "parameters": {}}}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a server writes: its frames' line ends and escapes, the bytes of its network parts, how its streams break.

    One that `finishes_at_once` says its finish with the last content, one that `is_joined` says all in a single frame.
    One that `halves_pairs` counts its pieces in UTF-16, and may cut between the two halves of a character. One that
    `filters` says that a filter has ended a text.
    """

    line_end: bytes = b"\n"
    is_ascii: bool = False
    halves_pairs: bool = False
    finishes_at_once: bool = False
    is_joined: bool = False
    filters: bool = False
    has_done: bool = True
    parts: tuple[int, ...] = (1 << 20,)
    breaks_by: str = "error"

    def reply(self, payloads: Sequence[dict[str, Any]], share: float) -> Reply:
        """Give the stream of these chunks, up to the share of its bytes after which it breaks."""
        data = b"".join(self._frame(payload) for payload in payloads)
        if self.has_done:
            data += b"data: [DONE]" + 2 * self.line_end
        kept = data if share >= 1 else data[: int(share * len(data))]
        parts = tuple(self._network(kept))
        if share >= 1:
            return Reply(parts=parts)
        error = aiohttp.ClientPayloadError("cut") if self.breaks_by == "error" else None
        if self.breaks_by == "event":
            parts = (*parts, 2 * self.line_end + b'data: {"error": {"message": "no", "type": "server_error"}}\n\n')
        return Reply(parts=parts, error=error, hangs=self.breaks_by == "stall")

    def _frame(self, payload: dict[str, Any]) -> bytes:
        text = json.dumps(payload, ensure_ascii=self.is_ascii or self.halves_pairs).encode()
        return b"data: " + text + 2 * self.line_end

    def _network(self, data: bytes) -> Iterator[bytes]:
        at = 0
        for size in cycle(self.parts):
            if at >= len(data):
                return
            yield data[at : at + size]
            at += size


WIRES = st.builds(
    Wire,
    line_end=st.sampled_from([b"\n", b"\n", b"\r\n"]),
    is_ascii=st.booleans(),
    halves_pairs=st.sampled_from([False, False, False, True]),
    finishes_at_once=st.booleans(),
    is_joined=st.sampled_from([False, False, False, True]),
    filters=st.sampled_from([False, False, False, True]),
    has_done=st.sampled_from([True, True, False]),
    parts=st.lists(st.one_of(st.integers(1, 80), st.just(1 << 20)), min_size=1, max_size=4).map(tuple),
    breaks_by=st.sampled_from(["error", "end", "stall", "event"]),
)


def spoken(said: str, habits: Habits, wire: Wire, *, arguments: str = "") -> list[dict[str, Any]]:
    """Give the chunks of an answer: role, text, tool call, finish, usage."""
    said = "".join(map(_halves, said)) if wire.halves_pairs else said
    finish = "tool_calls" if arguments else "content_filter" if wire.filters else "stop"
    if wire.is_joined:
        delta = {"role": "assistant", "content": said, **(_call(arguments) if arguments else {})}
        return [chunk(delta, finish, usage=usage()["usage"])]
    pieces = [chunk({"content": piece}) for piece in chunks(said, habits.sizes)]
    if arguments:
        pieces.append(chunk(_call("")))
        parts = [{"index": 0, "function": {"arguments": piece}} for piece in chunks(arguments, habits.sizes)]
        pieces.extend(chunk({"tool_calls": [part]}) for part in parts)
    if wire.finishes_at_once and pieces:
        pieces[-1]["choices"][0]["finish_reason"] = finish
    else:
        pieces.append(chunk(finish=finish))
    return [chunk({"role": "assistant", "content": ""}), *pieces, usage()]


def _call(arguments: str) -> dict[str, Any]:
    function = {"name": "calculate", "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}


def _halves(character: str) -> str:
    """Give a character as JavaScript counts it."""
    units = character.encode("utf-16-le", "surrogatepass")
    return "".join(units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2))


@dataclass
class Scene:
    """One answer, the models that know it in the order in which they are asked, and how the caller wants it."""

    text: str
    habits: Sequence[Habits]
    wires: Sequence[Wire]
    kind: str = "text"

    def __post_init__(self) -> None:
        first, *others = self.habits
        assert not first.is_stranger
        self.models = [Model(self.text, each) for each in (first, *others)]

    @property
    def arguments(self) -> str:
        return ARGUMENTS if self.kind == "tool" else ""

    def upstream(self, number: int) -> FakeUpstream:
        model, wire = self.models[number], self.wires[number]

        def reply(body: dict[str, Any], _: int) -> Reply:
            said = model.say(body["messages"])
            payloads = spoken(said, model.habits, wire, arguments=self.arguments)
            return wire.reply(payloads, model.habits.breaks_at)

        return FakeUpstream(reply)

    async def play(self) -> Given:
        targets = TARGETS[: len(self.habits)]
        gateway = VirtualGateway(
            {target.provider: self.upstream(number) for number, target in enumerate(targets)},
            Route(name="default", targets=tuple(targets), deadlines=LIMITS),
            capabilities={
                target: Capabilities(prefill=habits.has_prefill)
                for target, habits in zip(targets, self.habits, strict=True)
            },
            max_attempts=4,
        )
        body: dict[str, Any] = {"stream": True, "stream_options": WITH_USAGE}
        body |= {"tools": [TOOL]} if self.kind == "tool" else {}
        body |= {"response_format": {"type": "json_object"}} if self.kind == "json" else {}
        given = await gateway.ask(**body)
        gateway.assert_at_rest()
        return given


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    others = draw(st.lists(HABITS, min_size=1, max_size=3))
    first = Habits(
        well=answers.anchored,
        prefilled=answers.direct,
        choice=0,
        sizes=draw(SIZES),
        breaks_at=draw(st.floats(0, 0.999)),
    )
    wires = draw(st.lists(WIRES, min_size=len(others) + 1, max_size=len(others) + 1))
    kind = draw(st.sampled_from(["text", "text", "text", "text", "json", "tool"]))
    return Scene(draw(WHOLE_ANSWERS), [first, *others], wires, kind)


def assert_exact_or_honest(scene: Scene, given: Given) -> Heard | None:
    """The whole answer, once, or an error behind a beginning of it; gives what was heard if it was a stream."""
    record = given.record
    assert record is not None
    given.assert_is_one_response()
    if given.status != 200:
        assert "error" in orjson.loads(given.raw)
        assert record.outcome is RequestOutcome.FAILED
        return None
    heard = Heard(given.status, given.headers, given.raw)
    assert heard.is_whole() != heard.is_honestly_broken()
    assert (record.outcome is RequestOutcome.COMPLETED) == heard.is_whole()
    assert len(heard.roles) == 1
    is_all = heard.is_whole() and "content_filter" not in heard.finishes  # a filter may leave words out
    assert is_beginning(with_whole_characters(heard.text), scene.text, is_whole=is_all)
    if heard.is_whole():
        assert heard.arguments == ([scene.arguments] if scene.arguments else [])
        assert len({(each["id"], each["created"], each["model"]) for each in heard.chunks}) == 1
    else:
        assert heard.arguments == []
    return heard


def assert_read_alike(given: Given, heard: Heard) -> None:
    """OpenAI's own client reads the same text from these bytes, and the same end."""
    response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=given.raw)
    transport = httpx2.MockTransport(lambda _: response)
    with openai.OpenAI(
        api_key="sk", base_url="http://x/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    ) as client:
        stream = client.chat.completions.create(model="m", messages=[], stream=True)
        text, finishes = "", []
        try:
            for part in stream:
                for choice in part.choices:
                    text += choice.delta.content or ""
                    finishes += [choice.finish_reason] if choice.finish_reason else []
            is_whole = True
        except openai.APIError:
            is_whole = False
    assert (text, finishes, is_whole) == (heard.text, heard.finishes, heard.is_whole())


@settings(max_examples=200, deadline=None)
@given(scenes())
def test_what_a_client_reads_is_the_whole_answer_once_or_ends_with_an_error(scene: Scene) -> None:
    given = run_in_virtual_time(scene.play())
    assume(not any(model.is_ambiguous for model in scene.models))
    heard = assert_exact_or_honest(scene, given)
    if heard is not None:
        assert_read_alike(given, heard)
