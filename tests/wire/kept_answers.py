"""Whole answers after which the connection is kept for the next request."""

from tests.support.scripted_server import answer, events
from tests.support.wire_paths import OLLAMA, PLAIN

KEEP = {"connection": "keep-alive"}
TEXT = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}]}
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
MESSAGE = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
LINE = {"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": True, "done_reason": "stop"}


def good_answer(path: str) -> bytes:
    """A whole answer on that path, after which the connection stays open."""
    if path == PLAIN:
        return answer(200, {"choices": [MESSAGE]}, KEEP)
    if path == OLLAMA:
        return answer(200, LINE, KEEP)
    return events(TEXT, END, "[DONE]").replace(b"connection: close", b"connection: keep-alive")
