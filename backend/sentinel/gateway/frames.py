"""The OpenAI streaming wire: bytes into frames, each frame parsed once, its original bytes kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from sentinel.domain.attempts import Usage
from sentinel.errors import ProviderProtocolError
from sentinel.gateway.wire_json import loads_with_halves

DONE: Final = b"data: [DONE]\n\n"
BLANK_CHOICES: Final = [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}, "finish_reason": None}]
"""What is said while a tool call is written by a model that tells of it only when it is complete."""
MAX_FRAME_BYTES: Final = 32 * 1024 * 1024
"""A frame longer than this is garbage: the longest real ones hold a picture."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TOO_MANY_TOKENS: Final = 2**53
_LIFECYCLE: Final = frozenset({"role", "content", "refusal", "function_call", "tool_calls", "audio"})


class FrameSplitter:
    """Cuts a byte stream into server-sent events, wherever the network cut it.

    Lines may end as the WHATWG's specification of server-sent events allows: with CR LF, LF or CR.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._more: list[bytes] = []
        self._waiting = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the complete frames, without their closing blank line.

        Raises:
            ProviderProtocolError: a frame is longer than any real one.
        """
        if b"\n" not in data and b"\r" not in data and not self._rest.endswith(b"\r"):
            # In the middle of a long frame: looking at all of it again and again would be quadratic.
            self._more.append(data)
            self._count(self._waiting + len(data))
            return
        text = self._joined() + data
        if b"\r" in text:
            text = _with_line_feeds(text)
        *frames, self._rest = text.split(b"\n\n")
        yield from frames
        self._count(len(self._rest))

    @property
    def is_between_frames(self) -> bool:
        """Whether what comes next begins a frame."""
        return not self._rest and not self._more

    def rest(self) -> bytes:
        """Give what came after the last complete frame; some servers leave the last blank line out."""
        return self._joined().strip(b"\r\n")

    def _joined(self) -> bytes:
        if not self._more:
            return self._rest
        self._rest, self._more = b"".join((self._rest, *self._more)), []
        return self._rest

    def _count(self, waiting: int) -> None:
        self._waiting = waiting
        if waiting > MAX_FRAME_BYTES:
            message = f"the provider sent a frame of more than {MAX_FRAME_BYTES} bytes"
            raise ProviderProtocolError(message, cause="malformed_frame")


def _with_line_feeds(text: bytes) -> bytes:
    """End all lines alike; a CR at the very end may be the first half of a CR LF."""
    text = text.replace(b"\r\n", b"\n")
    return text[:-1].replace(b"\r", b"\n") + text[-1:]


@dataclass(slots=True)
class Chunk:
    """One frame: its original payload, and what recovery has to know of it. Not frozen, which would make it dearer.

    `text` is the text of choice 0. `is_content` is false for lifecycle (role only), finish and usage frames.
    `is_held` marks parts of tool calls, which are only sent when they are complete; `is_blank` those that say no more
    than that a call is being written, which are never sent; `has_halves` those in which a character is cut in two.
    """

    payload: bytes
    data: dict[str, Any]
    usage: Usage | None
    text: str = ""
    is_content: bool = False
    is_held: bool = False
    finish_reasons: dict[int, str] = field(default_factory=dict)
    has_halves: bool = False
    is_blank: bool = False


def raw_frames(chunks: Iterable[Chunk]) -> bytes:
    """Give frames as they go to the caller; one or more."""
    return b"data: " + b"\n\ndata: ".join([chunk.payload for chunk in chunks]) + b"\n\n"


def payload_of(frame: bytes) -> bytes | None:
    """Give the data of a frame in one line; None for comments and other fields.

    What comes as an event named `error` is an error object, whatever its own keys are.
    """
    if frame.startswith(b"data:") and b"\n" not in frame:
        return frame[5:].strip()
    fields = [line.partition(b":")[::2] for line in frame.removeprefix(_BYTE_ORDER_MARK).split(b"\n")]
    data = b" ".join(value.strip() for name, value in fields if name == b"data")
    is_error = any(name == b"event" and value.strip() == b"error" for name, value in fields)
    return _error_object(data) if is_error and data else data or None


def _error_object(data: bytes) -> bytes:
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        said = data.decode("utf-8", "replace")
    return data if isinstance(said, dict) and "error" in said else orjson.dumps({"error": said})


def read_chunk(payload: bytes) -> Chunk:
    """Parse the data of a frame.

    Raises:
        ProviderProtocolError: it is no JSON, or none of the shape that clients rely on.
    """
    has_halves = False
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        data, has_halves = _with_halves(payload, error), True
    try:
        chunk = _chunk(payload, data)
    except (AttributeError, TypeError, ValueError) as error:
        message = "the provider sent a frame of another shape than a chunk's"
        raise ProviderProtocolError(message, cause="malformed_frame") from error
    chunk.has_halves = has_halves
    return chunk


def _with_halves(payload: bytes, error: orjson.JSONDecodeError) -> Any:
    try:
        return loads_with_halves(payload, error)
    except orjson.JSONDecodeError as unreadable:
        message = "the provider sent a frame that does not parse"
        raise ProviderProtocolError(message, cause="malformed_frame") from unreadable


def _chunk(payload: bytes, data: dict[str, Any]) -> Chunk:
    """Read what recovery has to know, in one pass; a shape that cannot be read raises by itself."""
    chunk = Chunk(payload=payload, data=data, usage=read_usage(data.get("usage")))
    for choice in data.get("choices") or ():
        delta = choice.get("delta") or {}
        said = delta.get("content")
        if isinstance(said, str) and not (choice.get("index") or chunk.text):
            chunk.text = said
        if delta.get("tool_calls") or delta.get("function_call"):
            _require_calls(delta)
            chunk.is_held = True
        if chunk.is_held or _has_content(delta):
            chunk.is_content = True
        if choice.get("finish_reason"):
            chunk.finish_reasons[_index(choice)] = _word(choice["finish_reason"])
    chunk.is_blank = chunk.is_held and data["choices"] == BLANK_CHOICES
    return chunk


def _index(choice: dict[str, Any]) -> int:
    return int(choice.get("index") or 0)


def _word(reason: object) -> str:
    if not isinstance(reason, str):
        message = "a finish reason is a word"
        raise TypeError(message)
    return reason


def _require_calls(delta: dict[str, Any]) -> None:
    """Raise for parts of tool calls that could not be put together."""
    for call in delta.get("tool_calls") or ():
        arguments = (call.get("function") or {}).get("arguments")
        if not isinstance(arguments, str | None) or not isinstance(call.get("index"), int | None):
            message = "a part of a tool call has an index and text"
            raise TypeError(message)


def _has_content(delta: dict[str, Any]) -> bool:
    if delta.get("content") or delta.get("refusal") or delta.get("audio"):
        return True
    return any(value for key, value in delta.items() if key not in _LIFECYCLE)


def read_usage(usage: object) -> Usage | None:
    """Read a usage block; one that is missing or impossible is no usage."""
    if not isinstance(usage, dict):
        return None
    asked, said = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if not (isinstance(asked, int) and isinstance(said, int)):
        return None
    if not (0 <= asked < _TOO_MANY_TOKENS and 0 <= said < _TOO_MANY_TOKENS):
        return None
    return Usage(asked, said)
