"""Whether a result is what the tool's own schema promises, decided within a bounded effort.

Schemas come from servers: only what is harmless of them is used, and the check gives up after a number of steps. What
is small is checked at once; the rest is checked on a thread, which costs a call more than everything else that guards
it.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, Final

from jsonschema import (  # type: ignore[import-untyped]  # it has no types of its own
    Draft202012Validator,
    ValidationError,
    validators,
)
from referencing import Registry

from sentinel.tools.catalogue.harmless_schemas import harmless

MAX_STEPS: Final = 50_000
AT_ONCE_VALUES: Final = 64
"""A result of more values and names than this is not checked on the event loop."""
AT_ONCE_CHARACTERS: Final = 4_000
AT_ONCE_STEPS: Final = 100
_AT_ONCE_EFFORT: Final = 40_000  # steps times bytes of the schema: a step may compare with all of it


class _TooMuchWork(Exception):  # noqa: N818 -- never leaves this module
    pass


class _BoundedCheck:
    """A schema, checked with an allowance of steps that all its keywords share; one check at a time on each thread."""

    def __init__(self, schema: Mapping[str, Any], max_steps: int) -> None:
        self._schema = schema
        self._max_steps = max_steps
        self._allowance = threading.local()  # of each check its own: what one uses up must not end another
        self._validator: Any = None

    def first_fault(self, structured: Mapping[str, Any]) -> str | None:
        """Give what is wrong; raises _TooMuchWork, or whatever a schema that is wrong makes the library raise."""
        if self._validator is None:
            self._validator = self._bounded()(self._schema, registry=Registry())
        self._allowance.steps = self._max_steps
        error = next(self._validator.iter_errors(structured), None)
        if error is None:
            return None
        place = "/".join(str(step) for step in list(error.absolute_path)[:10])
        return f"the result does not fit its schema at /{place}: {error.validator}"[:300]

    def _bounded(self) -> Any:
        def bounded(check: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
            def step(*arguments: Any) -> Iterator[ValidationError]:
                self._allowance.steps -= 1
                if self._allowance.steps < 0:
                    raise _TooMuchWork
                yield from check(*arguments) or ()

            return step

        keywords = {name: bounded(check) for name, check in Draft202012Validator.VALIDATORS.items()}
        return validators.extend(Draft202012Validator, keywords)


class ResultChecker:
    """The schema of one tool's results, made harmless; None of it is left if it is too large or too deep."""

    def __init__(self, schema: Mapping[str, Any], *, executor: Executor, max_steps: int = MAX_STEPS) -> None:
        """Prepare to check on threads of `executor`."""
        kept = harmless(schema)
        self._executor = executor
        self._at_once = None if kept is None else _BoundedCheck(kept, _steps_at_once(kept))
        self._thorough = None if kept is None else _BoundedCheck(kept, max_steps)

    async def fault(self, structured: Mapping[str, Any] | None) -> str | None:
        """Return what is wrong with a result; None if nothing is, or if it cannot be told with a bounded effort."""
        if self._at_once is None or self._thorough is None:
            return None
        if structured is None:
            return "no structured content, which the tool's schema promises"
        if _is_small(structured):
            with suppress(_TooMuchWork):
                return _told(self._at_once, structured)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, _told_at_length, self._thorough, structured)


def _told(check: _BoundedCheck, structured: Mapping[str, Any]) -> str | None:
    try:
        return check.first_fault(structured)
    except _TooMuchWork:
        raise
    except Exception:  # noqa: BLE001 -- a schema can be wrong in ways that raise anything; then it promises nothing
        return None


def _told_at_length(check: _BoundedCheck, structured: Mapping[str, Any]) -> str | None:
    """Check on a thread; what is too much work even there is not told."""
    with suppress(_TooMuchWork):
        return _told(check, structured)
    return None


def _steps_at_once(schema: Mapping[str, Any]) -> int:
    return min(AT_ONCE_STEPS, _AT_ONCE_EFFORT // len(json.dumps(schema)))


def _is_small(value: Any) -> bool:
    """Tell whether plain data has few values and little text, without looking at more of it than that."""
    values, characters, below = 0, 0, [value]
    while below:
        current = below.pop()
        values += 1
        if isinstance(current, str):
            characters += len(current)
        elif isinstance(current, Mapping | list):
            if len(current) > AT_ONCE_VALUES:
                return False
            below += [*current, *current.values()] if isinstance(current, Mapping) else current
        if values > AT_ONCE_VALUES or characters > AT_ONCE_CHARACTERS:
            return False
    return True
