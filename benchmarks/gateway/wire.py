"""What the load generator and the mock provider agree on: a request says itself how it wants to be answered.

The wish is the JSON text of the first message, because every gateway passes messages on untouched.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

MARKER = b"w0rd"
"""Stands exactly once in every token that the mock provider sends, and nowhere else."""
MAX_TOKENS = 500
GOOD_MODEL = "good"
FAILING_MODEL = "failing"
"""Answers 500."""
BREAKING_MODEL = "breaking"
"""Begins its stream, and breaks the connection before the first content."""
CUT_MODEL = "cut"
"""Breaks the connection after `CUT_AFTER` tokens."""
CUT_AFTER = 20
BREAK_PAUSE_SECONDS = 0.02
"""How long a connection is silent before it breaks, so that what was sent has surely been read."""
PADDING = "The quick brown fox jumps over the lazy dog, and nobody knows why it does so. " * 6


@dataclass(frozen=True, slots=True)
class Wish:
    """How the mock provider shall answer: after a delay, with so many tokens, with a pause before each."""

    tokens: int = 100
    delay_seconds: float = 0.0
    interval_seconds: float = 0.0

    @classmethod
    def read(cls, body: dict[str, Any]) -> "Wish":
        """Take it out of a request."""
        return cls(**orjson.loads(body["messages"][0]["content"]))

    def body(self, model: str, *, is_stream: bool) -> bytes:
        """Write a request of an ordinary size."""
        messages = [
            {"role": "user", "content": orjson.dumps(asdict(self)).decode()},
            {"role": "assistant", "content": PADDING},
            {"role": "user", "content": PADDING},
        ]
        return orjson.dumps({"model": model, "messages": messages, "stream": is_stream, "temperature": 0.7})


def tokens_already_said(body: dict[str, Any]) -> int:
    """Count the tokens of a partial answer that the provider shall go on from."""
    last = body["messages"][-1]
    return last["content"].count(MARKER.decode()) if last["role"] == "assistant" else 0
