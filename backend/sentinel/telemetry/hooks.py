"""The way to those who only watch: logs, incidents, metrics. What they do wrong is logged, and goes no further."""

from collections.abc import Callable
from typing import Generic, ParamSpec

from sentinel.telemetry.logging import get_logger

P = ParamSpec("P")

logger = get_logger(__name__)


class Hooks(Generic[P]):
    """One listener that tells many, in the order in which they came; never raises, so that no call fails for them."""

    def __init__(self, *listeners: Callable[P, None]) -> None:
        """Begin with these."""
        self._listeners = [*listeners]

    def add(self, *listeners: Callable[P, None]) -> None:
        """Tell these, too, from now on."""
        self._listeners += listeners

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in self._listeners:
            try:
                listener(*args, **kwargs)
            except Exception:
                logger.exception("listener_failed", listener=getattr(listener, "__qualname__", repr(listener)))
