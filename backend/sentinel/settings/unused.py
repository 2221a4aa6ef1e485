"""What is accepted and checked but has no effect in this version, so that nobody relies on it in silence.

A row leaves this table with the change that makes its key work.
"""

from collections.abc import Iterator
from typing import Any, Final

from sentinel.settings.document import Document
from sentinel.settings.environment import Variables
from sentinel.settings.problems import KeyPath, dotted

VARIABLES: Final = (
    "HEALTH_CHECK_INTERVAL_SECONDS",
    "RATE_LIMIT_MAX_REQUESTS",
    "RATE_LIMIT_WINDOW_SECONDS",
    "PII_ACTION",
)
KEYS: Final[
    tuple[tuple[str, object], ...]
] = (  # a path with `*` for any name, and the only value that matters, or None
    ("routes.*.policy", "fastest"),
    ("health", None),
    ("shield", None),
    ("alerts", None),
)


def unused_sections(document: Document, variables: Variables) -> tuple[str, ...]:
    """Name the keys and variables that were given and do nothing yet."""
    keys = [dotted(path) for pattern, value in KEYS for path in _matches(document, pattern, value)]
    return (*keys, *(name for name in VARIABLES if name in variables.values))


def _matches(document: Document, pattern: str, value: object) -> Iterator[KeyPath]:
    for path in _paths(document.data, tuple(pattern.split(".")), ()):
        if value is None or document.value(path) == value:
            yield path


def _paths(data: Any, pattern: tuple[str, ...], path: KeyPath) -> Iterator[KeyPath]:
    if not pattern:
        yield path
        return
    if not isinstance(data, dict):
        return
    head, *rest = pattern
    for key in data if head == "*" else [head] if head in data else []:
        if data[key] is not None:
            yield from _paths(data[key], tuple(rest), (*path, key))
