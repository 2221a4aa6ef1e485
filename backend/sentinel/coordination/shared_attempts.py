"""Newest attempts of several processes: what each shows of a provider is what all of them have seen of it.

A server whose runs are made by workers calls nobody itself. These figures are only shown; no circuit learns from them.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from sentinel.clock import Clock
from sentinel.coordination.facts import Fact, FactTable
from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome
from sentinel.health.providers import WINDOW_SECONDS, Observation
from sentinel.tasks import ended

ATTEMPTS: Final = "attempts"
TOLD: Final = 50
"""How many of a provider's newest attempts a process tells of."""
PAUSE_SECONDS: Final = 1.0
"""The least time between two messages about one provider."""


class SharedAttempts:
    """Tells the others of this process's attempts, and knows theirs. Enter it to tell."""

    def __init__(self, facts: FactTable, *, clock: Clock, providers: Collection[str]) -> None:
        """Tell of these providers."""
        self._facts = facts
        self._clock = clock
        self._providers = providers
        self._newest: dict[str, deque[Observation]] = {}
        self._untold: set[str] = set()
        self._wake = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._teller = asyncio.create_task(self._tell(), name="shared-attempts")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._teller)

    def observe(self, attempt: Attempt) -> None:
        """Take in a finished attempt of this process."""
        name = attempt.target.provider
        if name in self._providers and not attempt.skipped:
            self._newest.setdefault(name, deque(maxlen=TOLD)).append(Observation.of(attempt))
            self._untold.add(name)
            self._wake.set()

    def of_others(self, provider: str) -> list[Observation]:
        """Give the newest attempts of all other processes, in no order."""
        facts = self._facts.of(ATTEMPTS, provider)
        return [seen for fact in facts if fact.author != self._facts.author for seen in self._read(fact)]

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            names, self._untold = self._untold, set()
            for name in names:
                self._facts.tell(ATTEMPTS, name, {"seen": self._lines(name)}, seconds=WINDOW_SECONDS)
            await self._clock.sleep(PAUSE_SECONDS)

    def _lines(self, name: str) -> list[list[Any]]:
        now = self._clock.now()
        return [
            [round((now - each.ended_at).total_seconds(), 3), each.outcome.value, each.duration_ms, each.ttft_ms]
            for each in self._newest[name]
        ]

    def _read(self, fact: Fact) -> Iterator[Observation]:
        """Read what another process said, which may be of another version. Ages need no common clock."""
        told_seconds_ago = self._clock.monotonic() - (fact.until - WINDOW_SECONDS)
        now = self._clock.now()
        try:
            for age, outcome, duration_ms, ttft_ms in fact.data["seen"]:
                yield Observation(
                    ended_at=now - timedelta(seconds=told_seconds_ago + age),
                    outcome=Outcome(outcome),
                    duration_ms=float(duration_ms),
                    ttft_ms=None if ttft_ms is None else float(ttft_ms),
                )
        except (KeyError, TypeError, ValueError):
            return
