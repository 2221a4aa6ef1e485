"""An answer in one piece where a stream was asked for, as the few chunks that a stream of it would have had."""

from collections.abc import Iterator
from typing import Any

_NOT_IN_CHUNKS = frozenset({"choices", "usage", "object"})


def chunks_of(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what was said, how it ended, and what it took."""
    common = {key: value for key, value in answer.items() if key not in _NOT_IN_CHUNKS}
    common["object"] = "chat.completion.chunk"
    choices = [choice for choice in answer.get("choices") or () if isinstance(choice, dict)]
    yield {**common, "choices": [_said(choice) for choice in choices]}
    yield {**common, "choices": [_ended(choice) for choice in choices]}
    if answer.get("usage"):
        yield {**common, "choices": [], "usage": answer["usage"]}


def _said(choice: dict[str, Any]) -> dict[str, Any]:
    delta = dict(choice.get("message") or {})
    if isinstance(calls := delta.get("tool_calls"), list):
        delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(calls) if isinstance(call, dict)]
    rest = {key: value for key, value in choice.items() if key not in ("message", "finish_reason")}
    return {"index": 0, **rest, "delta": delta, "finish_reason": None}


def _ended(choice: dict[str, Any]) -> dict[str, Any]:
    return {"index": choice.get("index") or 0, "delta": {}, "finish_reason": choice.get("finish_reason")}
