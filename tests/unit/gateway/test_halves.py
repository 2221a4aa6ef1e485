"""Characters that a provider cuts in two: bytes go through as they are, and what is gone on from has whole ones.

That breaks anywhere leave a whole answer or a beginning of one is in `test_seams_on_the_wire`.
"""

import json
from typing import Any

import orjson
import pytest

from sentinel.domain.characters import with_whole_characters
from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.support.canned import chunk, usage
from tests.support.openai_wire import WITH_USAGE, Heard
from tests.support.virtual_gateway import FakeUpstream, Given, Reply, VirtualGateway

HIGH, LOW, FACE = "\ud83d", "\ude00", "\U0001f600"
START = "The first half of a long answer that smiles"
ENDED = [chunk(finish="stop"), usage()]
TARGETS = (Target("one", "large"), Target("two", "small"))


def said(*texts: str) -> list[dict[str, Any]]:
    return [chunk({"role": "assistant", "content": ""}), *(chunk({"content": text}) for text in texts)]


def stream(*chunks: dict[str, Any] | str) -> Reply:
    """Give a stream whose frames arrive one by one."""
    payloads = [payload if isinstance(payload, str) else json.dumps(payload) for payload in chunks]
    return Reply(parts=[f"data: {payload}\n\n".encode() for payload in payloads])


def whole_stream(*texts: str) -> Reply:
    return stream(*said(*texts), *ENDED, "[DONE]")


def heard_from(first: Reply, second: Reply | None = None, **body: Any) -> tuple[Given, FakeUpstream]:
    """Ask a gateway before one or two providers; gives the answer, and the second provider."""

    async def play() -> tuple[Given, FakeUpstream]:
        upstreams = {
            "one": FakeUpstream(lambda *_: first),
            "two": FakeUpstream(lambda *_: second or first),
        }
        targets = TARGETS if second else TARGETS[:1]
        gateway = VirtualGateway(upstreams, Route(name="default", targets=targets, deadlines=Deadlines()))
        return await gateway.ask(**{"stream": True, "stream_options": WITH_USAGE, **body}), upstreams["two"]

    return run_in_virtual_time(play())


def read(given: Given) -> Heard:
    return Heard(given.status, given.headers, given.raw)


def asked_to_go_on_from(upstream: FakeUpstream) -> str:
    ((_, body),) = upstream.requests
    return str(body["messages"][-2]["content"])


@pytest.mark.parametrize(
    "texts",
    [
        (START + HIGH, LOW + " and goes on."),
        (START, HIGH, LOW, " and goes on."),
        (HIGH, LOW),
        (HIGH, LOW + HIGH, LOW),
        (START, LOW, "x", HIGH, "y"),
        (START, HIGH),
        (HIGH,),
        (LOW,),
    ],
    ids=ascii,
)
def test_halves_go_through_byte_for_byte(texts: tuple[str, ...]) -> None:
    answer = whole_stream(*texts)
    given, _ = heard_from(answer)
    assert given.raw == b"".join(answer.parts)


def test_a_chunk_goes_on_as_soon_as_its_other_half_is_there() -> None:
    answer = whole_stream(START, HIGH, LOW + "x", "y")
    given, _ = heard_from(answer)
    sent = [message["body"] for message in given.messages[1:]]
    role, start, high, low, last = answer.parts[:5]
    assert sent[:3] == [role + start, high + low, last]


def test_a_break_within_a_character_is_gone_on_from_the_last_whole_one() -> None:
    given, second = heard_from(stream(*said(START, HIGH)), whole_stream(START, FACE, " and goes on."))
    heard = read(given)
    assert heard.text == f"{START}{FACE} and goes on."
    assert heard.is_whole()
    assert asked_to_go_on_from(second) == START


def test_halves_that_came_together_before_a_break_are_one_character_to_the_next_target() -> None:
    first = stream(*said(START + HIGH, LOW, " once"))
    given, second = heard_from(first, whole_stream(START + HIGH, LOW + " once", " more " + HIGH, LOW + "."))
    heard = read(given)
    assert with_whole_characters(heard.text) == f"{START}{FACE} once more {FACE}."
    assert heard.is_whole()
    assert asked_to_go_on_from(second) == f"{START}{FACE} once"


def test_half_a_character_at_the_end_of_a_whole_answer_is_no_fault() -> None:
    message = {"role": "assistant", "content": f"cut off here {HIGH}"}
    answer = {"choices": [{"index": 0, "message": message, "finish_reason": "length"}]}
    reply = Reply(parts=[json.dumps(answer).encode()], content_type="application/json")
    given, _ = heard_from(reply, stream=False)
    assert given.status == 200
    assert json.loads(given.raw)["choices"] == answer["choices"]


@pytest.mark.parametrize("payload", ['{"choices": "\\ud83d', '{"choices": NaN, "x": "\\ud83d"}'])
def test_what_is_no_json_besides_is_a_fault_as_before(payload: str) -> None:
    given, second = heard_from(stream(*said(START), payload), whole_stream(START, " and goes on."))
    assert read(given).text == START + " and goes on."
    assert given.record is not None
    assert [attempt.cause for attempt in given.record.attempts] == ["malformed_frame", None]
    assert asked_to_go_on_from(second) == START


def test_words_that_came_together_with_a_fault_are_not_lost() -> None:
    """Once something was said; before that a fault stays invisible, and the next target answers as the first."""
    reported = b'data: {"error": {"message": "no", "type": "server_error"}}\n\n'
    parts = stream(*said(START, " again")).parts
    late = Reply(parts=[parts[0] + parts[1], parts[2] + reported])
    given, second = heard_from(late, whole_stream(START, " again and again."))
    assert read(given).text == START + " again and again."
    assert asked_to_go_on_from(second) == START + " again"
    early = Reply(parts=[b"".join(parts) + reported])
    given, second = heard_from(early, whole_stream("An answer."))
    assert read(given).text == "An answer."
    assert read(given).comments == []
    ((_, body),) = second.requests
    assert body["messages"] == [{"role": "user", "content": "Hello"}]


def test_the_record_of_such_an_answer_can_be_kept() -> None:
    given, _ = heard_from(whole_stream(START, HIGH))
    assert given.record is not None
    orjson.dumps(given.record.to_dict())
