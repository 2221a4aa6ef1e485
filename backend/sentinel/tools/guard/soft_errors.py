"""Failures that a tool tells in words (`isError`): an outage of what is behind it, or bad arguments of one caller?

Only many of them, with different arguments, from more than one caller and without a success in between, count against
the tool: the mistakes of one model must not take a healthy tool away from everybody.
"""

import hashlib
import json
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sentinel.clock import Clock

WINDOW_SECONDS: Final = 60.0
MIN_ERRORS: Final = 8
MIN_ARGUMENTS: Final = 4
MIN_CALLERS: Final = 2
IDENTICAL: Final = 3
"""The same call that failed the same way this often makes the model be told so."""

_MAX_CALLERS: Final = 256


@dataclass(frozen=True, slots=True)
class _Told:
    at: float
    arguments: str
    caller: str


class SoftErrors:
    """The window of one tool."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self._clock = clock
        self._window: deque[_Told] = deque(maxlen=512)
        self._repeats: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def succeeded(self, caller: str) -> None:
        """Take in a result: the tool works, and this caller has called it well."""
        self._window.clear()
        self._repeats.pop(caller, None)

    def failed(self, arguments: Mapping[str, Any], caller: str) -> bool:
        """Take in a failure, and return whether together they say that the tool is broken; then begin anew."""
        now = self._clock.monotonic()
        self._window.append(_Told(now, digest(arguments), caller))
        while self._window[0].at <= now - WINDOW_SECONDS:
            self._window.popleft()
        is_broken = (
            len(self._window) >= MIN_ERRORS
            and len({told.arguments for told in self._window}) >= MIN_ARGUMENTS
            and len({told.caller for told in self._window}) >= MIN_CALLERS
        )
        if is_broken:
            self._window.clear()
        return is_broken

    def repeats(self, arguments: Mapping[str, Any], text: str, caller: str) -> int:
        """Return how often in a row this caller has now met the same failure with the same arguments."""
        what = digest({"arguments": arguments, "text": text})
        before, count = self._repeats.pop(caller, ("", 0))
        count = count + 1 if before == what else 1
        self._repeats[caller] = (what, count)
        while len(self._repeats) > _MAX_CALLERS:
            self._repeats.popitem(last=False)
        return count


def digest(value: Mapping[str, Any]) -> str:
    """Give a short name for plain data: equal for equal data, and telling nothing about it."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:16]
