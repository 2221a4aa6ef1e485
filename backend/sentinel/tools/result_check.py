"""Whether a result is what the tool's own schema promises, decided off the event loop and within a bounded effort.

Schemas come from servers: what can run wild in them (patterns, remote references) is taken out, their size and depth
are capped, and the check itself gives up after a number of steps.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Any, Final

from jsonschema import (  # type: ignore[import-untyped]  # it has no types of its own
    Draft202012Validator,
    ValidationError,
    validators,
)
from referencing import Registry

MAX_SCHEMA_BYTES: Final = 64_000
MAX_DEPTH: Final = 32
MAX_STEPS: Final = 50_000

_DROPPED: Final = frozenset(
    {
        "pattern",
        "patternProperties",
        "format",
        "uniqueItems",  # quadratic in what it compares
        "$id",
        "$schema",
        "$vocabulary",
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$recursiveAnchor",
        "$recursiveRef",
    }
)
_DATA: Final = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose values are data, in which nothing is a keyword."""
_NAMED: Final = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose values are schemas by names, which are no keywords."""


class _TooMuchWork(Exception):  # noqa: N818 -- never leaves this module
    pass


class ResultChecker:
    """The schema of one tool's results, made harmless; None of it is left if it is too large or too deep."""

    def __init__(self, schema: Mapping[str, Any], *, executor: Executor, max_steps: int = MAX_STEPS) -> None:
        """Prepare to check on threads of `executor`."""
        self._schema = harmless(schema)
        self._executor = executor
        self._max_steps = max_steps
        self._validator: Any = None
        self._steps_left = 0

    async def fault(self, structured: Mapping[str, Any] | None) -> str | None:
        """Return what is wrong with a result; None if nothing is, or if it cannot be told with a bounded effort."""
        if self._schema is None:
            return None
        if structured is None:
            return "no structured content, which the tool's schema promises"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._first_fault, structured)

    # On a thread ------------------------------------------------------------------------------------------------------

    def _first_fault(self, structured: Mapping[str, Any]) -> str | None:
        if self._validator is None:
            self._validator = self._bounded()(self._schema, registry=Registry())
        self._steps_left = self._max_steps
        try:
            error = next(self._validator.iter_errors(structured), None)
        except Exception:  # noqa: BLE001 -- a schema can be wrong in ways that raise anything; then it promises nothing
            return None
        if error is None:
            return None
        place = "/".join(str(step) for step in list(error.absolute_path)[:10])
        return f"the result does not fit its schema at /{place}: {error.validator}"[:300]

    def _bounded(self) -> Any:
        """Make a validator whose keywords share one allowance of steps."""

        def bounded(check: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
            def step(*arguments: Any) -> Iterator[ValidationError]:
                self._steps_left -= 1
                if self._steps_left < 0:
                    raise _TooMuchWork
                yield from check(*arguments) or ()

            return step

        keywords = {name: bounded(check) for name, check in Draft202012Validator.VALIDATORS.items()}
        return validators.extend(Draft202012Validator, keywords)


def harmless(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a schema without what is dangerous in it; None if it is over a cap."""
    try:
        if len(json.dumps(schema)) > MAX_SCHEMA_BYTES or depth_of(schema) > MAX_DEPTH:
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    return {key: _kept(key, value) for key, value in schema.items() if not _is_dangerous(key, value)}


def depth_of(value: Any) -> int:
    """Give how deep plain data is nested."""
    deepest, below = 0, [(value, 1)]
    while below:
        current, depth = below.pop()
        deepest = max(deepest, depth)
        inner = current.values() if isinstance(current, Mapping) else current if isinstance(current, list) else ()
        below.extend((each, depth + 1) for each in inner)
    return deepest


def _without_danger(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_danger(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _kept(key, value) for key, value in schema.items() if not _is_dangerous(key, value)}


def _kept(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    if key in _NAMED and isinstance(value, dict):
        return {name: _without_danger(each) for name, each in value.items()}
    return _without_danger(value)


def _is_dangerous(key: str, value: Any) -> bool:
    return key in _DROPPED or (key == "$ref" and not (isinstance(value, str) and value.startswith("#")))
