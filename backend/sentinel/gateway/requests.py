"""A caller's completion request: checked just enough to be routed and recovered, otherwise left as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sentinel.domain.routes import Midstream
from sentinel.errors import RequestError
from sentinel.gateway.parameters import check_completion, lowered, require
from sentinel.providers.estimates import estimated_tokens
from sentinel.resilience.continuation import Continuation

_DAY = 86_400
_SURELY_WRITABLE_DEPTH = 200  # levels; orjson reads more of them than it writes


@dataclass(frozen=True, slots=True)
class CallerOptions:
    """What a caller may say in headers."""

    route: str | None = None
    midstream: Midstream | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A chat completion. `body` is the caller's JSON, unknown fields and all."""

    body: dict[str, Any]
    options: CallerOptions

    @property
    def model(self) -> str:
        """The name the caller gave."""
        return str(self.body["model"])

    @property
    def is_stream(self) -> bool:
        """Whether the answer is wanted in pieces."""
        return bool(self.body.get("stream"))

    @property
    def choices(self) -> int:
        """How many answers are wanted."""
        return int(self.body.get("n") or 1)

    @property
    def wants_usage(self) -> bool:
        """Whether the caller asked for a usage frame of its own."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def is_constrained(self) -> bool:
        """Whether the answer must be JSON: a half of it can not be gone on with."""
        wanted = (self.body.get("response_format") or {}).get("type")
        return wanted in ("json_object", "json_schema")

    @property
    def has_tools(self) -> bool:
        """Whether the model may act by its answer."""
        return bool(self.body.get("tools") or self.body.get("functions"))

    @property
    def allows_continuation(self) -> bool:
        """Whether a broken text may be gone on with by another target."""
        forced = self.body.get("tool_choice") not in (None, "auto", "none")
        modalities = self.body.get("modalities") or ["text"]
        plain = self.choices == 1 and not self.is_constrained and not forced and modalities == ["text"]
        return plain and not self.body.get("logprobs")

    def for_target(self, model: str, *, adds_usage: bool = True) -> dict[str, Any]:
        """Give the body for a target: its model name, and usage asked for in streams if `adds_usage`."""
        body = {**self.body, "model": model}
        if self.is_stream and adds_usage:
            body["stream_options"] = {**(self.body.get("stream_options") or {}), "include_usage": True}
        return body

    def to_go_on(self, model: str, continuation: Continuation, *, adds_usage: bool = True) -> dict[str, Any]:
        """Give the body that asks a target to go on with a broken answer; its limit is lowered by what was said."""
        body = self.for_target(model, adds_usage=adds_usage)
        body["messages"] = [*body["messages"], *continuation.turns]
        said = estimated_tokens(len(continuation.emitted))
        for name in ("max_tokens", "max_completion_tokens"):
            if name in body:
                body[name] = lowered(body[name], said)
        return body


def read_completion_request(raw: bytes, headers: Mapping[str, str]) -> CompletionRequest:
    """Check a request.

    Raises:
        RequestError: it is no chat completion; `extra["param"]` names the field.
    """
    body = read_json(raw, headers)
    check_completion(body)
    return CompletionRequest(body, read_options(headers))


def read_json(raw: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Read a body, whatever type it says it has; raises RequestError when it is no JSON object."""
    is_plain = headers.get("content-encoding", "identity") == "identity"
    require(is_plain, "Content-Encoding", "must be identity: bodies that are compressed are not read")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"the body is no valid JSON: {error}"
        raise RequestError(message, param=None) from error
    if not isinstance(body, dict):
        message = "the body must be a JSON object"
        raise RequestError(message, param=None)
    if raw.count(b"{") + raw.count(b"[") > _SURELY_WRITABLE_DEPTH:
        _require_writable(body)
    return body


def _require_writable(body: dict[str, Any]) -> None:
    """Refuse what can be read but not written again: it would fail at every target, and none would be to blame."""
    try:
        orjson.dumps(body)
    except TypeError as error:
        message = "the body is nested too deeply"
        raise RequestError(message, param=None) from error


def read_options(headers: Mapping[str, str]) -> CallerOptions:
    """Read what a caller says in headers; raises RequestError for values that make no sense."""
    midstream = headers.get("x-sentinel-midstream")
    allowed = [each.value for each in Midstream]
    require(midstream is None or midstream in allowed, "X-Sentinel-Midstream", f"must be one of {', '.join(allowed)}")
    return CallerOptions(
        route=headers.get("x-sentinel-route"),
        midstream=Midstream(midstream) if midstream else None,
        timeout_seconds=_seconds(headers.get("x-sentinel-timeout-seconds")),
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    require(0 < seconds <= _DAY, "X-Sentinel-Timeout-Seconds", f"must be a number of seconds above 0, at most {_DAY}")
    return seconds
