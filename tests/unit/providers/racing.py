"""Two targets that do what a script says, second by second, and everything that protects them, in virtual time."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import ProviderError, ProviderProtocolError
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Meter
from sentinel.providers.classification import from_exception
from sentinel.providers.hedged import Entrant, Race, Second
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection
from sentinel.testing.virtual_time import LoopClock

A, B = Target("a", "large"), Target("b", "small")
Step = tuple[float, str | Exception | None]
"""A wait in seconds, and what comes after it: a word, an error, or nothing. After the last the answer is complete."""


@dataclass
class ScriptedExchange:
    """Says its words to `heard`, as an exchange does: told to the meter first."""

    script: Sequence[Step]
    heard: list[str]
    asked_characters: int = 40
    usage: Usage | None = None
    is_open: bool = False
    was_sent: bool = False

    async def perform(self, meter: Meter) -> None:
        self.is_open = self.was_sent = True
        try:
            for seconds, said in self.script:
                await asyncio.sleep(seconds)
                if said is not None:
                    self._say(said, meter)
        finally:
            self.is_open = False
        if not self.script:
            message = "nothing came"
            raise ProviderProtocolError(message, cause="truncated")

    def _say(self, said: str | Exception, meter: Meter) -> None:
        if isinstance(said, Exception):
            raise said
        meter.content()
        self.usage = Usage(10, (self.usage.output_tokens if self.usage else 0) + 1, estimated=True)
        self.heard.append(said)

    def map_error(self, error: Exception) -> ProviderError:
        return error if isinstance(error, ProviderError) else from_exception(error)


@dataclass
class Track:
    """A race between A and B: `heard` is what the caller gets, `left` and `claimed` what was told on the way."""

    clock: Clock
    first: Sequence[Step]
    second: Sequence[Step] | None
    after_seconds: float = 1.0
    deadlines: Deadlines = field(default_factory=Deadlines)
    total_seconds: float = 60.0
    may_send: bool = True
    heard: list[str] = field(default_factory=list)
    left: list[Attempt] = field(default_factory=list)
    claimed: list[Target] = field(default_factory=list)
    exchanges: list[ScriptedExchange] = field(default_factory=list)
    observed: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.protection = open_protection(self.clock)
        self.deadline = Deadline(self.clock, self.total_seconds)
        second = Second(after_seconds=self.after_seconds, send=self._send) if self.second is not None else None
        self.race = Race(
            pipeline=AttemptPipeline(protection=self.protection, clock=self.clock, observe=[self.observed.append]),
            first=self._entrant(1, A, self.first),
            hedge=second,
            on_claim=lambda entrant: self.claimed.append(entrant.spec.target),
            on_left=self.left.append,
        )

    async def run(self) -> None:
        await self.race.run()
        assert self.is_at_rest

    @property
    def rows(self) -> list[tuple[int, str | None]]:
        """Number and cause of each attempt, in the order of the ledger."""
        return [(attempt.number, attempt.cause) for attempt in self.race.rows]

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is held and nothing is open."""
        return not any(self._held())

    def _held(self) -> Iterator[object]:
        for target in (A, B):
            yield self.protection.bulkheads.in_flight(target)
            yield self.protection.budget._account(target.provider).calls
            yield from (self.protection.board.get(key).snapshot().is_probe_in_flight for key in target.breaker_keys)
        yield from (exchange.is_open for exchange in self.exchanges)

    def _send(self) -> "Entrant[ScriptedExchange] | None":
        return self._entrant(2, B, self.second or ()) if self.may_send else None

    def _entrant(self, number: int, target: Target, script: Sequence[Step]) -> "Entrant[ScriptedExchange]":
        self.exchanges.append(ScriptedExchange(script, self.heard))
        spec = AttemptSpec(
            number=number, target=target, deadlines=self.deadlines, deadline=self.deadline, is_hedge=number > 1
        )
        return Entrant(spec=spec, exchange=self.exchanges[-1], clock=self.clock)


def track(first: Sequence[Step], second: Sequence[Step] | None, **more: object) -> Track:
    """Lay out a race on the running loop."""
    return Track(LoopClock(asyncio.get_running_loop()), first, second, **more)  # type: ignore[arg-type]


def answer(name: str, *, after: float, words: int = 3, gap: float = 0.5) -> list[Step]:
    """Give the script of a whole answer whose words name their target."""
    return [(gap if number else after, f"{name}{number} ") for number in range(words)]
