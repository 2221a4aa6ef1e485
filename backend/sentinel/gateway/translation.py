"""Between the OpenAI wire and a model call: what a caller asks, and what a chat model answers, in the other's words.

What would change the meaning of a request if it were left out is refused, so that another target is asked; what only
tunes it (`top_p`, `seed`, `user` …) is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from sentinel.domain.attempts import Usage
from sentinel.domain.messages import Role, Turn
from sentinel.errors import ProviderRejectedError, ProviderUnsupportedError
from sentinel.gateway.frames import BLANK_CHOICES, DONE
from sentinel.gateway.parameters import translated
from sentinel.providers.base import ModelCall, ToolRequest, ToolSchema

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}
_FINISH_REASONS = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}
"""Everything else is an ordinary end."""
_PLAIN_MODALITIES: tuple[object, ...] = (None, [], ["text"])
_FREE_CHOICES = (None, "auto", "none")


def model_call(body: dict[str, Any], *, connect_seconds: float) -> ModelCall:
    """Read a chat completion request.

    Raises:
        ProviderUnsupportedError: it asks for what cannot be translated.
        ProviderRejectedError: it contradicts itself.
    """
    _refuse_unsupported(body)
    offers_tools = body.get("tool_choice") != "none"
    return ModelCall(
        model=str(body["model"]),
        turns=[_turn(message) for message in body["messages"]],
        tools=[_tool(tool) for tool in body.get("tools") or ()] if offers_tools else (),
        temperature=body.get("temperature"),
        max_tokens=translated(body.get("max_completion_tokens") or body.get("max_tokens")),
        connect_seconds=connect_seconds,
    )


def _refuse_unsupported(body: dict[str, Any]) -> None:
    response_format = (body.get("response_format") or {}).get("type", "text")
    unsupported = {
        "n": (body.get("n") or 1) > 1,
        "logprobs": bool(body.get("logprobs")),
        "stop": bool(body.get("stop")),
        "response_format": response_format != "text",
        "tool_choice": body.get("tool_choice") not in _FREE_CHOICES,
        "modalities": body.get("modalities") not in _PLAIN_MODALITIES,
        "functions": bool(body.get("functions")),
    }
    for name, is_asked in unsupported.items():
        if is_asked:
            _refuse(repr(name))


def _turn(message: dict[str, Any]) -> Turn:
    role = _ROLES.get(message["role"])
    if role is None:
        _refuse(f"a message of role {message['role']!r}")
    turn = Turn(role=role.value, content=_text(message.get("content")))
    if role is Role.TOOL:
        turn["tool_call_id"] = str(message.get("tool_call_id") or "")
    if role is Role.ASSISTANT and message.get("tool_calls"):
        turn["tool_calls"] = [_made_call(call) for call in message["tool_calls"]]
    return turn


def _text(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts: list[Any] = content if isinstance(content, list) else [content]
    if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts):
        _refuse("anything but text in a message")
    return "".join(part["text"] for part in parts)


def _made_call(call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        _refuse("a call of anything but a function")
    try:
        arguments = orjson.loads(function.get("arguments") or "{}")
    except (orjson.JSONDecodeError, TypeError) as error:
        message = "the arguments of an earlier tool call are no JSON"
        raise ProviderRejectedError(message, cause="bad_request") from error
    return {"id": str(call.get("id") or ""), "name": str(function.get("name") or ""), "arguments": arguments}


def _tool(tool: Any) -> ToolSchema:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        _refuse("a tool that is no function")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return ToolSchema(function["name"], str(function.get("description") or ""), schema)


def _refuse(what: str) -> NoReturn:
    message = f"{what} cannot be translated for this model"
    raise ProviderUnsupportedError(message, cause="unsupported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes one answer on the OpenAI wire; `created` is in seconds since 1970."""

    id: str
    created: int
    model: str

    def role(self) -> bytes:
        """Give the frame that begins the answer."""
        return self._frame({"role": Role.ASSISTANT.value, "content": ""})

    def text(self, text: str) -> bytes:
        """Give the frame of a piece of text."""
        return self._frame({"content": text})

    def tool_part(self) -> bytes:
        """Give the frame that says that a tool call is being written; it counts as content, and no caller sees it."""
        return _sse(self._body("chat.completion.chunk", choices=BLANK_CHOICES))

    def tools(self, calls: Sequence[dict[str, Any]]) -> bytes:
        """Give the frame of all tool calls."""
        return self._frame({"tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]})

    def end(self, finish_reason: str | None, usage: Usage | None) -> bytes:
        """Give the frames that end the answer; without a finish reason it stays visibly incomplete."""
        counted = _sse(self._body("chat.completion.chunk", choices=[], usage=_usage(usage))) if usage else b""
        return self._frame({}, finish_reason) + counted + DONE if finish_reason else counted

    def whole(
        self, text: str, calls: Sequence[dict[str, Any]], *, finish_reason: str | None, usage: Usage | None
    ) -> bytes:
        """Give the answer in one piece."""
        message: dict[str, Any] = {"role": Role.ASSISTANT.value, "content": text or None}
        if calls:
            message["tool_calls"] = list(calls)
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        more = {"usage": _usage(usage)} if usage else {}
        return orjson.dumps(self._body("chat.completion", choices=[choice], **more))

    def _frame(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _sse(self._body("chat.completion.chunk", choices=[choice]))

    def _body(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, **more}


def wire_calls(requests: Sequence[ToolRequest], garbled: Sequence[str]) -> list[dict[str, Any]]:
    """Give tool calls as the wire has them; garbled arguments stay as they are, for whoever checks them."""
    good = [_wire_call(call.id, call.name, orjson.dumps(call.arguments).decode()) for call in requests]
    return good + [_wire_call(f"call_garbled_{index}", "", text) for index, text in enumerate(garbled)]


def wire_finish_reason(reason: str | None, *, has_calls: bool) -> str | None:
    """Give the finish reason in OpenAI's words."""
    if reason is None:
        return None
    return _FINISH_REASONS.get(reason.lower(), "tool_calls" if has_calls else "stop")


def _wire_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }


def _sse(data: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"
