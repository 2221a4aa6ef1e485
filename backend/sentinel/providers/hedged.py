"""Attempts of which at most one speaks: the first, and a hedge that is sent when the first is slow to begin.

Both go through the attempt pipeline, each with its own permits, timers and row. The first content claims the race; the
other one is interrupted as if it had met an error: its connection is closed, its permits are given back, what it will
have read is booked. Agent runs and the gateway use this for every attempt; without a hedge it is the pipeline alone.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt, Usage
from sentinel.errors import HedgeLostError, Outcome
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Exchange, Failure, Meter
from sentinel.providers.estimates import estimated_tokens
from sentinel.resilience.failure_table import Elsewhere, rule_of
from sentinel.tasks import ended

E = TypeVar("E", bound=Exchange)

CANCELLED = "cancelled"
"""The cause of an attempt that the caller's leaving ended."""
_LOST = "another target, asked at the same time, answered first"


@dataclass(kw_only=True, eq=False)
class Entrant(Generic[E]):
    """One attempt of a race, and the exchange that the pipeline sees: it may speak once the race is its own.

    `attempt` is its row when it has ended.
    """

    spec: AttemptSpec
    exchange: E
    clock: Clock
    attempt: Attempt | None = None
    is_lost: bool = False
    began_at: datetime = field(init=False)
    _began: float = field(init=False)
    _claim: Callable[["Entrant[E]"], None] | None = None
    _scope: asyncio.Timeout | None = None

    def __post_init__(self) -> None:
        self.began_at, self._began = self.clock.now(), self.clock.monotonic()

    @property
    def usage(self) -> Usage | None:
        """What the exchange knows; of a lost one at least the question, which the target will have read."""
        spent = self.exchange.usage
        if spent is None and self.is_lost:
            return Usage(estimated_tokens(self.exchange.asked_characters), 0, estimated=True)
        return spent

    @property
    def asked_characters(self) -> int:
        """How much text the request has."""
        return self.exchange.asked_characters

    async def run(self, pipeline: AttemptPipeline, claim: Callable[["Entrant[E]"], None]) -> None:
        """Make the attempt; `claim` raises HedgeLostError if somebody else may speak."""
        self._claim = claim
        self.attempt = await pipeline.run(self.spec, self)

    async def perform(self, meter: Meter) -> None:
        """Do what the exchange does, unless interrupted."""
        try:
            async with asyncio.timeout(None) as self._scope:
                await self.exchange.perform(meter.claimed_by(self._speak))
                self._speak()
        finally:
            self._scope = None

    def map_error(self, error: Exception) -> Failure:
        """Translate; whatever an interrupted exchange raises comes from its being interrupted."""
        return HedgeLostError(_LOST) if self.is_lost else self.exchange.map_error(error)

    def interrupt(self) -> None:
        """End the attempt, for the sake of the other one."""
        self.is_lost = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    def so_far(self) -> Attempt:
        """Give the row as it stands, if the attempt ended now without a word from its target."""
        return Attempt(
            number=self.spec.number,
            target=self.spec.target,
            outcome=Outcome.NEUTRAL,
            cause=HedgeLostError.code if self.is_lost else CANCELLED,
            detail=_LOST if self.is_lost else None,
            started_at=self.began_at,
            ended_at=self.clock.now(),
            duration_ms=round((self.clock.monotonic() - self._began) * 1000, 3),
            usage=self.usage,
            hedge=self.spec.is_hedge,
        )

    def _speak(self) -> None:
        if self._claim is not None:
            self._claim(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Second(Generic[E]):
    """The other attempt of a race: `send` is asked for it after so many seconds of silence, and may say no."""

    after_seconds: float
    send: Callable[[], Entrant[E] | None]


def ignore(_: object) -> None:
    """Do nothing: for races that nobody watches."""


@dataclass(kw_only=True, eq=False)
class Race(Generic[E]):
    """One attempt, and maybe a second one.

    `on_claim` hears who speaks, before the first content goes anywhere. `on_left` hears of the one that no longer
    counts, as soon as that is known, with its row as it then stands: it lost, or it failed while the other goes on.
    """

    pipeline: AttemptPipeline
    first: Entrant[E]
    hedge: Second[E] | None = None
    on_claim: Callable[[Entrant[E]], None] = ignore
    on_left: Callable[[Attempt], None] = ignore
    second: Entrant[E] | None = field(default=None, init=False)
    _winner: Entrant[E] | None = field(default=None, init=False)
    _left: Entrant[E] | None = field(default=None, init=False)

    async def run(self) -> None:
        """Make the attempts. Never raises for what the targets do; the caller's cancellation ends both.

        Whatever happens, `rows` has all that were begun.
        """
        if self.hedge is None:
            self.first.attempt = await self.pipeline.run(self.first.spec, self.first.exchange)
            return
        later = asyncio.create_task(self._run_second(self.hedge))
        try:
            await self._run(self.first)
            if self.second is not None or later.done():
                await asyncio.wait([later])
                later.result()
        finally:
            await ended(later)

    @property
    def counts(self) -> Entrant[E]:
        """The one that decides what comes next: the winner, else the one that held out longest."""
        return self.second if self.second is not None and self._left is self.first else self.first

    @property
    def rows(self) -> list[Attempt]:
        """The rows of all that were begun, the one that counts last."""
        other = self.second if self.counts is self.first else self.first
        return [entrant.attempt or self._so_far(entrant) for entrant in (other, self.counts) if entrant is not None]

    async def _run_second(self, hedge: Second[E]) -> None:
        await self.pipeline.clock.sleep(hedge.after_seconds)
        if self._winner is not None:
            return
        self.second = hedge.send()
        if self.second is not None:
            await self._run(self.second)

    async def _run(self, entrant: Entrant[E]) -> None:
        await entrant.run(self.pipeline, self._claim)
        other = self.second if entrant is self.first else self.first
        if self._left is not None or other is None or entrant.attempt is None or other.attempt is not None:
            return
        if entrant is self.first and _ends_request(entrant.attempt):
            self._leave(other)
        else:
            self._left = entrant
            self.on_left(entrant.attempt)

    def _claim(self, entrant: Entrant[E]) -> None:
        """Let one speak, and the other one never."""
        if self._winner is entrant:
            return
        if entrant.is_lost:
            raise HedgeLostError(_LOST)
        self._winner = entrant
        other = self.second if entrant is self.first else self.first
        if other is not None and other.attempt is None:
            self._leave(other)
        self.on_claim(entrant)

    def _leave(self, entrant: Entrant[E]) -> None:
        self._left = entrant
        entrant.interrupt()
        self.on_left(self._so_far(entrant))

    def _so_far(self, entrant: Entrant[E]) -> Attempt:
        return self.pipeline.booked(entrant.so_far())


def _ends_request(attempt: Attempt) -> bool:
    """Whether it must not be answered by anybody else: then a hedge may not do it either."""
    return attempt.final or rule_of(attempt).elsewhere is Elsewhere.NONE
