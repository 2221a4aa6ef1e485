"""Lets others have their turn while an answer comes faster than it is read.

A stream whose bytes have all arrived is read to its end without anybody else running: neither the commit of its own
first token nor any other run. `asyncio` does not interrupt; a reader has to give way by itself.
"""

import asyncio
from collections.abc import Callable
from typing import Final

TURN_SECONDS: Final = 0.00025
"""Some tokens."""
FIRST_PAUSE_SECONDS: Final = 0.002
"""What a first token needs through half a dozen hands and a thread that commits it. Whoever reads on meanwhile takes
the interpreter from them at each step; real models take longer for their second token."""


class Fairness:
    """The turns of one task."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Let the first call of `give_way` end the first turn; `now` gives seconds that only grow."""
        self._now = now
        self._turn_ends = now()
        self._has_begun = False

    async def give_way(self, *, has_text: bool) -> None:
        """Let everybody else run once, if this task has had its turn, and a little longer after the first text."""
        if has_text and not self._has_begun:
            self._has_begun = True
            await asyncio.sleep(FIRST_PAUSE_SECONDS)
        elif self._now() >= self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = self._now() + TURN_SECONDS
