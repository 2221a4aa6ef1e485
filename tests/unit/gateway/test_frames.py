"""Frames come out the same however the network cut them, and no frame is taken for what it is not."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.attempts import Usage
from sentinel.errors import ProviderProtocolError
from sentinel.gateway.frames import (
    MAX_FRAME_BYTES,
    Chunk,
    FrameSplitter,
    payload_of,
    raw_frames,
    read_chunk,
    read_usage,
)

LINES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=20)
FRAMES = st.lists(st.lists(LINES.filter(bool), min_size=1, max_size=3), max_size=8)
CUTS = st.lists(st.integers(0, 400), max_size=30)
WORDS = (
    *("choices", "delta", "index", "content", "role", "tool_calls", "function", "arguments", "finish_reason"),
    *("usage", "prompt_tokens", "completion_tokens", "id", "error", "refusal", "reasoning_content"),
)
KEYS = st.sampled_from(WORDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut the bytes at these places."""
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def split(parts: Sequence[bytes]) -> list[bytes]:
    """Give all frames, the unfinished last one too."""
    splitter = FrameSplitter()
    found = [frame for part in parts for frame in splitter.feed(part)]
    return [*found, splitter.rest()] if splitter.rest() else found


@given(FRAMES, CUTS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_frames_do_not_depend_on_how_they_were_cut(
    frames: list[list[str]], cuts: list[int], end: str, is_closed: bool
) -> None:
    wire = "".join(end.join(lines) + end + end for lines in frames).encode()
    wire = wire if is_closed else wire[: -len(end)]
    assert split(pieces(wire, cuts)) == ["\n".join(lines).encode() for lines in frames]


@given(st.binary(max_size=200), CUTS)
def test_any_bytes_give_the_same_frames_in_one_piece_and_in_many(data: bytes, cuts: list[int]) -> None:
    assert split(pieces(data, cuts)) == split([data])


def read_or_refused(payload: bytes) -> Chunk | None:
    """Give the chunk, or None for a frame that is refused as garbled; nothing else may happen."""
    try:
        return read_chunk(payload)
    except ProviderProtocolError as error:
        return None if error.cause == "malformed_frame" else pytest.fail(f"refused as {error.cause}")


@given(JSON)
def test_any_json_is_a_chunk_or_a_malformed_frame(data: Any) -> None:
    chunk = read_or_refused(json.dumps(data).encode())
    if chunk is not None:
        assert isinstance(chunk.text, str)
        assert all(isinstance(reason, str) for reason in chunk.finish_reasons.values())
        assert chunk.is_content or not chunk.is_held


@given(st.binary(max_size=60))
def test_any_payload_is_a_chunk_or_a_malformed_frame(payload: bytes) -> None:
    assert read_or_refused(payload) is None or payload.strip().startswith(b"{")


def test_a_chunk_keeps_its_original_bytes() -> None:
    payload = b'{"id": "x",  "choices":[{"delta":{"content":"\\u00fc"},"index":0}], "x_new":1.0}'
    chunk = read_chunk(payload)
    assert raw_frames([chunk]) == b"data: " + payload + b"\n\n"
    assert (chunk.text, chunk.is_content, chunk.is_held) == ("ü", True, False)


@pytest.mark.parametrize(
    ("delta", "is_content", "is_held"),
    [
        ({}, False, False),
        ({"role": "assistant"}, False, False),
        ({"role": "assistant", "content": ""}, False, False),
        ({"content": None, "tool_calls": []}, False, False),
        ({"content": " "}, True, False),
        ({"refusal": "No."}, True, False),
        ({"reasoning_content": "hm"}, True, False),
        ({"audio": {"data": "AA"}}, True, False),
        ({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}, True, True),
        ({"function_call": {"name": "f"}}, True, True),
    ],
)
def test_what_counts_as_content_and_what_is_held(delta: dict[str, Any], is_content: bool, is_held: bool) -> None:
    chunk = read_chunk(orjson.dumps({"choices": [{"index": 0, "delta": delta}]}))
    assert (chunk.is_content, chunk.is_held) == (is_content, is_held)


def test_the_text_of_a_chunk_is_that_of_the_first_choice() -> None:
    choices = [{"index": index, "delta": {"content": str(index)}} for index in (2, 0, 1)]
    assert read_chunk(orjson.dumps({"choices": choices})).text == "0"
    other = read_chunk(orjson.dumps({"choices": choices[:1]}))
    assert (other.text, other.is_content) == ("", True)


@pytest.mark.parametrize(
    ("frame", "payload"),
    [
        (b"data: x", b"x"),
        (b"data:x", b"x"),
        (b": comment", None),
        (b"event: ping\ndata: x", b"x"),
        (b"data: a\ndata: b", b"a b"),
        (b"\xef\xbb\xbfdata: x", b"x"),
        (b'event: error\ndata: {"message":"boom"}', b'{"error":{"message":"boom"}}'),
        (b'event: error\ndata: {"error":{"message":"boom"}}', b'{"error":{"message":"boom"}}'),
        (b"event: error\ndata: boom", b'{"error":"boom"}'),
        (b"event: error", None),
        (b"id: 7", None),
        (b"", None),
    ],
)
def test_the_payload_of_a_frame_is_its_data(frame: bytes, payload: bytes | None) -> None:
    assert payload_of(frame) == payload


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 2}, Usage(3, 2)),
        ({"prompt_tokens": 3}, Usage(3, 0)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage(0, 0)),
        ({"prompt_tokens": -1, "completion_tokens": 2}, None),
        ({"prompt_tokens": 3.5, "completion_tokens": 2}, None),
        ({"prompt_tokens": 2**60, "completion_tokens": 2}, None),
        ({"completion_tokens": 2}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage_that_is_impossible_is_none(usage: object, expected: Usage | None) -> None:
    assert read_usage(usage) == expected


def test_a_frame_without_end_is_given_up() -> None:
    splitter = FrameSplitter()
    list(splitter.feed(b"x" * (MAX_FRAME_BYTES - 1)))
    with pytest.raises(ProviderProtocolError, match="more than") as refused:
        list(splitter.feed(b"xx"))
    assert refused.value.cause == "malformed_frame"
