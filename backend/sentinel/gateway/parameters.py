"""What no server that speaks this wire would take: refused here by name, before anybody is asked.

Everything else is the provider's to judge. Unknown fields, new roles and odd values pass untouched: LM Studio takes
`max_tokens: -1` for no limit, llama.cpp a temperature below zero.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sentinel.errors import RequestError
from sentinel.redaction import redact_text

MAX_CHOICES: Final = 128
MAX_NAME_LENGTH: Final = 512
_MOST_TOKENS: Final = 2**31 - 1
_NO_LIMIT: Final = -1

Allowed = Callable[[Any], bool]


def require(condition: object, param: str, rule: str) -> None:
    """Raise RequestError, which names the parameter, unless the condition holds."""
    if not condition:
        message = f"{param} {rule}"
        raise RequestError(message, param=param)


def check_completion(body: Mapping[str, Any]) -> None:
    """Check the fields of a chat completion; raises RequestError for the first that is wrong."""
    check_model(body)
    _check_messages(body.get("messages"))
    for name, (is_allowed, rule) in _FIELDS.items():
        value = body.get(name)
        require(value is None or is_allowed(value), name, rule)


def check_embeddings(body: Mapping[str, Any]) -> None:
    """Check the fields of an embeddings request; raises RequestError as above."""
    check_model(body)
    require(body.get("input"), "input", "must be a text or a list that is not empty")


def check_model(body: Mapping[str, Any]) -> None:
    """Check the name of the model; it is kept and shown with every request, so that it must be short and no secret."""
    name = body.get("model")
    is_name = isinstance(name, str) and 0 < len(name) <= MAX_NAME_LENGTH
    require(is_name, "model", f"must be a string of 1 to {MAX_NAME_LENGTH} characters")
    require(redact_text(str(name)) == name, "model", "looks like a credential, which belongs in a header")


def _check_messages(messages: Any) -> None:
    require(isinstance(messages, list) and messages, "messages", "must be a list with at least one message")
    for index, message in enumerate(messages):
        is_message = isinstance(message, dict) and isinstance(message.get("role"), str)
        require(is_message, f"messages[{index}]", "must be an object with a role")
        is_content = isinstance(message.get("content"), str | list | dict | None)
        require(is_content, f"messages[{index}].content", "must be a text, a list of parts or null")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_CHOICES


def _is_limit(value: Any) -> bool:
    """Tell whether it limits tokens; a limit of none would only ever give an empty answer, which is a fault."""
    if not _is_number(value) or not float(value).is_integer():
        return False
    return bool(1 <= value <= _MOST_TOKENS or value == _NO_LIMIT)


def _of(*kinds: type) -> Allowed:
    return lambda value: isinstance(value, kinds)


_NUMBER: Final = (_is_number, "must be a number")
_LIMIT: Final = (_is_limit, f"must be a whole number from 1 to {_MOST_TOKENS}")

_FIELDS: Final[Mapping[str, tuple[Allowed, str]]] = MappingProxyType(
    {
        "n": (_is_count, f"must be a whole number from 1 to {MAX_CHOICES}"),
        "stream": (_of(bool), "must be true or false"),
        "stream_options": (_of(dict), "must be an object"),
        "response_format": (_of(dict), "must be an object"),
        "tools": (_of(list), "must be a list"),
        "tool_choice": (_of(str, dict), "must be a word or an object"),
        "temperature": _NUMBER,
        "top_p": _NUMBER,
        "frequency_penalty": _NUMBER,
        "presence_penalty": _NUMBER,
        "max_tokens": _LIMIT,
        "max_completion_tokens": _LIMIT,
    }
)


def lowered(limit: Any, said_tokens: int) -> Any:
    """Give what is left of a limit of tokens when so many were said; no limit stays none."""
    if limit is None or limit == _NO_LIMIT:
        return limit
    return max(1, math.floor(limit) - said_tokens)


def translated(limit: Any) -> int | None:
    """Give a limit of tokens for a chat model, which knows no number for none."""
    return None if limit is None or limit == _NO_LIMIT else int(limit)
