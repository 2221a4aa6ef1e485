"""One attempt of a request that is answered in one piece: the provider's bytes, once they are known to be an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sentinel.domain.attempts import Usage
from sentinel.domain.routes import Target
from sentinel.errors import ProviderEmptyError, ProviderError, ProviderProtocolError, ProviderRejectedError
from sentinel.gateway import wire_json
from sentinel.gateway.endings import usage_block
from sentinel.gateway.estimates import asked_characters, estimated, said_characters
from sentinel.gateway.frames import read_usage
from sentinel.gateway.stream_exchange import check_arguments
from sentinel.gateway.upstream import (
    Refusal,
    UpstreamClient,
    parse_answer,
    raise_for,
    read_whole,
    refusal_of,
    refuse_failed,
    refuse_pages,
)
from sentinel.providers.attempt import Meter

Check = Callable[[dict[str, Any]], None]
"""Raises a ProviderError for a body that is no answer."""


@dataclass(kw_only=True)
class PlainExchange:
    """Asks, reads the whole answer and checks it; `answer` has the provider's bytes, `data` what they say."""

    client: UpstreamClient
    target: Target
    path: str
    body: Mapping[str, Any]
    connect_seconds: float
    check: Check
    usage: Usage | None = None
    refusal: Refusal | None = None
    answer: bytes | None = None
    data: dict[str, Any] | None = None

    async def perform(self, meter: Meter) -> None:
        """Ask and read; nothing is metered, since a whole answer has no first content before its end.

        Raises:
            ProviderError: the provider refused, or what came is no complete answer.
        """
        async with self.client.post(
            self.target.provider, self.path, dict(self.body), connect_seconds=self.connect_seconds
        ) as response:
            self.refusal = await refusal_of(response)
            if self.refusal is not None:
                raise_for(self.refusal, response.headers)
            refuse_pages(response)
            raw = await read_whole(response.content.iter_any())
        data = parse_answer(raw)
        self.usage = read_usage(data.get("usage")) or self._estimate(data)
        self.answer, self.data = raw, data
        self.check(data)

    def answer_with(self, spent: Usage) -> bytes:
        """Give the answer with the usage that was really spent: as it came, if that is what it says."""
        assert self.answer is not None, "there is an answer"  # noqa: S101 - asked for after a success alone
        assert self.data is not None, "it was read"  # noqa: S101 - as above
        original = self.data.get("usage")
        if read_usage(original) == spent:
            return self.answer
        return wire_json.dumps(
            {**self.data, "usage": usage_block(spent, original if isinstance(original, dict) else None)}
        )

    @property
    def asked_characters(self) -> int:
        """How much text the request has."""
        return asked_characters(self.body)

    def _estimate(self, data: dict[str, Any]) -> Usage | None:
        choices = data.get("choices")
        said = [choice.get("message") for choice in choices or () if isinstance(choice, dict)]
        return estimated(self.asked_characters, said_characters(said)) if choices or "data" in data else None

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what the provider's request raised."""
        return self.client.map_error(self.target.provider, error)


def completion_check(choices: int) -> Check:
    """Make the check of a chat completion with so many choices."""

    def check(data: dict[str, Any]) -> None:
        found = [choice for choice in data.get("choices") or () if isinstance(choice, dict)]
        if not found:
            message = "the provider gave an answer without choices"
            raise ProviderEmptyError(message, cause="empty_answer")
        if len(found) < choices or not all(choice.get("finish_reason") for choice in found):
            message = "the answer is incomplete: a choice has no finish_reason"
            raise ProviderProtocolError(message, cause="truncated")
        for choice in found:
            _check_choice(choice)

    return check


def _check_choice(choice: dict[str, Any]) -> None:
    message = choice.get("message") or {}
    if choice["finish_reason"] == "content_filter":
        text = "the provider's content filter ended the answer"
        raise ProviderRejectedError(text, cause="content_filter")
    refuse_failed(choice["finish_reason"])
    calls = message.get("tool_calls") or ()
    if not any(value for key, value in message.items() if key not in ("role", "annotations")):
        text = "the provider gave an empty answer"
        raise ProviderEmptyError(text, cause="empty_answer")
    if choice["finish_reason"] != "length":
        for call in calls:
            check_arguments((call.get("function") or {}).get("arguments") or "")


def embeddings_check(data: dict[str, Any]) -> None:
    """Raise for an answer without embeddings."""
    if not (isinstance(data.get("data"), list) and data["data"]):
        message = "the provider gave no embeddings"
        raise ProviderEmptyError(message, cause="empty_answer")
