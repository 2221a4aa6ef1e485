"""Lines from a process that may send anything."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCResponse

from sentinel.tools.transport.framing import MALFORMED_CODE, OVERSIZE_CODE, LineSplitter, OverlongLine, read_line

CAP = 1000
PADDING = "x" * 5000


def split(data: bytes, *, cap: int = CAP, step: int | None = None) -> list[bytes | OverlongLine]:
    splitter = LineSplitter(cap=cap)
    step = step or max(1, len(data))
    return [line for start in range(0, len(data), step) for line in splitter.feed(data[start : start + step])]


def error_of(message: SessionMessage | None) -> tuple[int | str | None, int]:
    assert message is not None
    assert isinstance(message.message, JSONRPCError)
    return message.message.id, message.message.error.code


@given(lines=st.lists(st.binary(max_size=50).filter(lambda line: b"\n" not in line)), step=st.integers(1, 64))
def test_lines_are_the_same_however_the_bytes_arrive(lines: list[bytes], step: int) -> None:
    """Pipes cut anywhere. What is between two ends of lines is none."""
    data = b"".join(line + b"\n" for line in lines)
    assert split(data, step=step) == [line for line in lines if line]


@pytest.mark.parametrize("step", [1, 7, None])
def test_empty_lines_end_no_line_that_has_begun_and_hide_none(step: int | None) -> None:
    """However many there are, and wherever the bytes are cut."""
    data = b"\n" * 300 + b"one" + b"\n" * 300 + b"a" * 3000 + b"\n" * 300 + b"two\n\nthr"
    first, early, late, last = split(data, step=step)
    assert (first, last) == (b"one", b"two")
    assert isinstance(early, OverlongLine)
    assert isinstance(late, OverlongLine)
    assert late.size == 3000


def test_an_unfinished_line_is_not_told() -> None:
    """It may yet go on."""
    assert split(b"one\ntw") == [b"one"]


@pytest.mark.parametrize("step", [1, 7, 4096, None])
def test_an_overlong_line_is_told_early_and_at_its_end(step: int | None) -> None:
    """First its beginning, as soon as it is too long; then its end; the next line is whole again."""
    early, late, after = split(b"a" * 3000 + b"z" * 300 + b"\nnext\n", step=step)
    assert isinstance(early, OverlongLine)
    assert isinstance(late, OverlongLine)
    assert early.head == b"a" * 256
    assert early.tail is None
    assert late.tail == b"z" * 256
    assert late.size == 3300
    assert after == b"next"


def test_a_line_of_exactly_the_cap_is_whole() -> None:
    """The cap is the last length that is allowed."""
    assert split(b"a" * CAP + b"\n") == [b"a" * CAP]


def test_a_line_without_an_end_is_noticed() -> None:
    """Not held in memory, and not awaited for ever."""
    splitter = LineSplitter(cap=10)
    for _ in range(70):
        list(splitter.feed(b"0123456789"))
    assert splitter.is_endless


def test_messages_are_read() -> None:
    """A response and a notification."""
    response = read_line(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    notification = read_line(b'{"jsonrpc":"2.0","method":"notifications/message","params":{}}')
    assert response is not None
    assert isinstance(response.message, JSONRPCResponse)
    assert notification is not None
    assert isinstance(notification.message, JSONRPCNotification)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Server listening on stdio",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"id": 1, "level": "info"}',
        b'{"level": "info", "id": 1}',
        b'{"jsonrpc":"2.0","id":1,"method":5}',
        b'{"jsonrpc":"2.0","note":{"jsonrpc":"2.0","id":1},"id":2}' + b" trailing",
    ],
)
def test_noise_answers_nothing(line: bytes) -> None:
    """A log line with an id of its own must not fail the call with that id."""
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        (b'{"jsonrpc":"2.0","id":7,"result":null}', 7),
        (b'{"jsonrpc": "2.0", "id": 0, "result": "text"}', 0),
        (b'{"id":"a-1","jsonrpc":"2.0","result":5}', "a-1"),
        (b'{"result":null,"jsonrpc":"2.0","id":7}', 7),
        (b'{"result":[1,2],"id":7,"jsonrpc":"2.0"}  ', 7),
        (b'{"jsonrpc":"2.0","id":7,"result":{', 7),
    ],
)
def test_an_answer_that_is_no_message_fails_the_call_it_answers(line: bytes, request_id: int | str) -> None:
    """At once, instead of at the deadline."""
    assert error_of(read_line(line)) == (request_id, MALFORMED_CODE)


@pytest.mark.parametrize("last", [False, True])
def test_an_overlong_answer_fails_the_call_it_answers(last: bool) -> None:
    """Once, and as early as its id shows."""
    body = {"result": {"text": PADDING}, "jsonrpc": "2.0", "id": 9}
    if not last:
        body = dict(reversed(body.items()))
    lines = split(json.dumps(body).encode() + b"\n")
    messages = [message for line in lines if (message := read_line(line)) is not None]
    assert [error_of(message) for message in messages] == [(9, OVERSIZE_CODE)]
    assert (read_line(lines[0]) is None) is last


def test_an_overlong_line_that_answers_nothing_is_noise() -> None:
    """A huge notification, or a huge request of the server, fails no call of ours."""
    notification = json.dumps({"jsonrpc": "2.0", "method": "n", "params": {"id": 3, "t": PADDING}})
    request = json.dumps({"jsonrpc": "2.0", "id": 3, "method": "m", "params": {"t": PADDING}})
    for text in (notification, request):
        assert [read_line(line) for line in split(text.encode() + b"\n")] == [None, None]


MANY = 130_000


@pytest.mark.parametrize(
    "values",
    [
        "[" + "1," * MANY + "1]",
        "[" + "null," * MANY + "null]",
        "[" + "[]," * 21_000 + "[]]",
        "[" + "{}," * 41_000 + "{}]",
        "[" + '"",' * 41_000 + '""]',
        "[" + r'"\\",' * 41_000 + '""]',
        '["\\""' + ",[]" * 21_000 + "]",
        '["\\\\"' + ",[]" * 21_000 + "]",
        json.dumps({f"key{number}": number for number in range(41_000)}),
    ],
    ids=["numbers", "nulls", "lists", "objects", "texts", "backslashes", "a quote", "a backslash", "keys"],
)
def test_a_line_with_too_many_values_fails_its_call(values: str) -> None:
    """Each takes its time to be read, however short it is."""
    assert error_of(read_line(f'{{"jsonrpc":"2.0","id":9,"result":{{"n":{values}}}}}'.encode())) == (9, OVERSIZE_CODE)


@pytest.mark.parametrize("text", ["[" * MANY, "," * MANY, '"' * MANY, "\\" * MANY, '\\",[{' * MANY, "[]\n"])
def test_what_a_text_holds_does_not_count(text: str) -> None:
    """It is read in one piece, and may itself be JSON."""
    message = read_line(json.dumps({"jsonrpc": "2.0", "id": 9, "result": {"text": text, "n": [1] * 90_000}}).encode())
    assert message is not None
    assert isinstance(message.message, JSONRPCResponse)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_noise(data: bytes) -> None:
    """Nothing raises."""
    for line in split(data + b"\n", cap=100):
        read_line(line)
