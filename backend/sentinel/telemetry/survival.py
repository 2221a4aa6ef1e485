"""Loops that must not end: what they look after would cease silently, long before anybody notices."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from sentinel.clock import Clock
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)


@contextmanager
def survived(step: str) -> Iterator[None]:
    """Log an error that nobody expected and go on after the block. A loop around it has to pause outside of it."""
    try:
        yield
    except Exception:
        logger.exception("step_failed", step=step)


async def repeated(step: str, work: Callable[[], Awaitable[object]], *, clock: Clock, every_seconds: float) -> None:
    """Pause and work, until this task is cancelled; an error that nobody expected is logged."""
    while True:
        await clock.sleep(every_seconds)
        with survived(step):
            await work()
