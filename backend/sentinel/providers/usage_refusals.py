"""Models whose servers refuse a request because of the usage that we ask for in streams, and the caller does not.

Such a refusal looks like the caller's mistake. It is an attempt of its own cause instead, the planner lets the same
target be asked again at once, and from then on the usage is estimated.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from sentinel.errors import ProviderUnsupportedError

_REFUSING: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
_WORDS: Final = ("stream_options", "include_usage")
_MAX_MODELS: Final = 4096


def asks_usage(body: Mapping[str, Any]) -> bool:
    """Tell whether a request on the OpenAI wire asks for the usage of its stream."""
    return bool((body.get("stream_options") or {}).get("include_usage"))


class UsageRefusals:
    """The models that are not asked for usage, by any name that is theirs alone."""

    def __init__(self) -> None:
        """Start with none."""
        self._models: dict[str, None] = {}

    def __contains__(self, model: str) -> bool:
        return model in self._models

    def check(self, model: str, body: Mapping[str, Any], *, status_code: int, said: str) -> None:
        """Take in what a model's server said to a request in which nobody but us could have asked for usage.

        Raises:
            ProviderUnsupportedError: it refuses the usage; the same request may be sent without it.
        """
        if status_code not in _REFUSING:
            return
        if not asks_usage(body):
            self._models.pop(model, None)  # it refuses the request all the same: it may have been that from the start
        elif any(word in said for word in _WORDS):
            self._note(model)
            message = "the provider refused `stream_options`, which was added to the request"
            raise ProviderUnsupportedError(message, cause="usage_refused", status_code=status_code)

    def _note(self, model: str) -> None:
        self._models[model] = None
        if len(self._models) > _MAX_MODELS:
            del self._models[next(iter(self._models))]
