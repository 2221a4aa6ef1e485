"""What was given and has no effect, so that nobody relies on it in silence.

Some of it has none in this version: a row leaves the table with the change that makes its key work. Other variables are
unknown, or offer what the file does not use.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sentinel.domain.routes import Route, Target
from sentinel.settings.defaults import Offer
from sentinel.settings.document import Document
from sentinel.settings.environment import Environment, Variables
from sentinel.settings.problems import KeyPath, did_you_mean, dotted

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

_OURS: Final = "SENTINEL_"
_OF_OTHERS: Final = re.compile(
    r"SENTINEL_IMAGE"  # of docker-compose.yml, which reads the same `.env`
    r"|SENTINEL_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT\w*|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?)"
)
"""Not mistyped: such as what Kubernetes gives all containers beside a service whose name begins with `sentinel`."""


def idle_offers(document: Document, offers: Iterable[Offer], routes: Mapping[str, Route]) -> dict[str, Target]:
    """Give the variables whose provider the file's own providers and routes leave aside, each with its target."""
    if not (document.data.get("providers") or document.data.get("routes")):
        return {}
    asked = {target.provider for route in routes.values() for target in route.targets}
    if document.data.get("providers"):
        asked = set()  # of the same name, perhaps, but not the environment's: only `${…}` brings that in
    return {
        offer.variable: offer.target
        for offer in offers
        if offer.target.provider not in asked and offer.variable not in document.variables
    }


def unknown_variables(variables: Variables) -> dict[str, str]:
    """Name the variables that look like ours and are none, each with `; did you mean …?` or an empty text."""
    known = [name.upper() for name in Environment.model_fields]
    strange = sorted(name for name in variables.values if name.startswith(_OURS) and name not in known)
    return {name: did_you_mean(name, known, prefix=_OURS) for name in strange if not _OF_OTHERS.fullmatch(name)}


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
