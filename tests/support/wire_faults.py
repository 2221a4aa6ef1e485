"""Everything a server of the OpenAI wire may do to one request, as data that Hypothesis can draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from hypothesis import strategies as st

from tests.support.canned import chunk, usage
from tests.support.virtual_gateway import FOREVER, Reply

TEXT = "The quick brown fox jumps over the lazy dog, and then it sleeps until the morning comes again."
TOOL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": '}}
WORDS = [word if not number else f" {word}" for number, word in enumerate(TEXT.split(" "))]


def data(*payloads: dict[str, Any] | str) -> list[bytes]:
    """Give the frames of a stream, one part each."""
    texts = [payload.encode() if isinstance(payload, str) else orjson.dumps(payload) for payload in payloads]
    return [b"data: " + text + b"\n\n" for text in texts]


def stream(words: Sequence[str], *, finish: str = "stop") -> list[bytes]:
    """Give a whole answer."""
    return data(
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": word}) for word in words),
        chunk(finish=finish),
        usage(),
        "[DONE]",
    )


def whole(text: str, *, finish: str | None = "stop") -> bytes:
    message = {"role": "assistant", "content": text}
    counted = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return orjson.dumps(
        {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": counted}
    )


@dataclass(frozen=True)
class Fault:
    """One fault. `after` words of a stream come first, where the kind leaves any; `value` is what the kind needs."""

    kind: str
    after: int = 0
    value: Any = None

    def reply(self, body: dict[str, Any]) -> Reply:
        """Give what the server does with this request."""
        at_once = _AT_ONCE.get(self.kind)
        if at_once is not None:
            return at_once(self.value)
        return self._streamed() if body.get("stream") else self._whole()

    def _streamed(self) -> Reply:
        said = stream(WORDS)[: 1 + self.after]
        match self.kind:
            case "cut":
                return Reply(parts=said, error=aiohttp.ClientPayloadError("cut"))
            case "truncate":
                return Reply(parts=said)
            case "stall":
                return Reply(parts=said, hangs=True)
            case "pulse":
                return Reply(parts=said, pulse=b": ping\n\n")
            case "drip":
                return Reply(parts=stream(WORDS), every=self.value)
            case "event":
                return Reply(parts=[*said, *data({"error": {"message": "no", "type": self.value}})])
            case "garbled":
                return Reply(parts=[*said, *data('{"choices'), *stream(WORDS)[1 + self.after :]])
            case "finish":
                return Reply(parts=stream(WORDS[: self.after], finish=self.value))
            case "tool":
                return Reply(parts=[*said, *data(chunk({"tool_calls": [TOOL]}), chunk(finish="tool_calls"), "[DONE]")])
        return Reply(parts=stream(WORDS))

    def _whole(self) -> Reply:
        json = "application/json"
        match self.kind:
            case "cut" | "truncate":
                body = whole(TEXT)[: -1 - self.after]
                error = aiohttp.ClientPayloadError("cut") if self.kind == "cut" else None
                return Reply(parts=[body], error=error, content_type=json)
            case "stall" | "pulse":
                return Reply(parts=[whole(TEXT)[:10]], hangs=True, content_type=json)
            case "drip":
                return Reply(before=10 * self.value, parts=[whole(TEXT)], content_type=json)
            case "event":
                return Reply(parts=[orjson.dumps({"error": {"message": "no", "type": self.value}})], content_type=json)
            case "garbled":
                return Reply(parts=[b"[1]"], content_type=json)
            case "finish":
                return Reply(parts=[whole("".join(WORDS[: self.after]), finish=self.value)], content_type=json)
            case "tool":
                message = {"tool_calls": [TOOL], "content": None}
                choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
                return Reply(parts=[orjson.dumps({"choices": [choice]})], content_type=json)
        return Reply(parts=[whole(TEXT)], content_type=json)


def _status(value: tuple[int, str, dict[str, str]]) -> Reply:
    code, word, headers = value
    body = orjson.dumps({"error": {"message": "no", "type": word, "code": word}})
    return Reply(status=code, headers=headers, parts=[body], content_type="application/json")


_AT_ONCE = {
    "refused": lambda _: Reply(refuses=ConnectionRefusedError("refused")),
    "reset": lambda _: Reply(refuses=ConnectionResetError("reset")),
    "connect_timeout": lambda _: Reply(before=5.0, refuses=aiohttp.ConnectionTimeoutError("connect")),
    "silent": lambda _: Reply(before=FOREVER),
    "html": lambda _: Reply(parts=[b"<html>"], content_type="text/html"),
    "nothing": lambda _: Reply(),
    "status": _status,
}

STATUSES = st.tuples(
    st.sampled_from([400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 498, 500, 502, 503, 504, 529]),
    st.sampled_from(["", "insufficient_quota", "context_length_exceeded", "content_filter", "overloaded_error"]),
    st.sampled_from([{}, {"retry-after": "0"}, {"retry-after": "1"}, {"retry-after": "30"}, {"retry-after": "86400"}]),
)
AFTER = st.integers(0, len(WORDS))
REPORTED = st.sampled_from(["server_error", "overloaded_error", "rate_limit_error"])
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    st.just(Fault("none")),
    st.builds(Fault, st.sampled_from(["refused", "reset", "connect_timeout", "silent", "html", "nothing"])),
    st.builds(Fault, st.just("status"), value=STATUSES),
    st.builds(Fault, st.sampled_from(["cut", "truncate", "stall", "pulse", "garbled", "tool"]), AFTER),
    st.builds(Fault, st.just("drip"), value=st.sampled_from([0.1, 4.0, 12.0])),
    st.builds(
        Fault, st.just("event"), AFTER, st.sampled_from(["server_error", "overloaded_error", "rate_limit_error"])
    ),
    st.builds(Fault, st.just("finish"), AFTER, st.sampled_from(["length", "content_filter", "stop"])),
)
