"""Callers, targets with weather of their own, and the real recovery between them, on an event loop of virtual time.

Everything that decides is the product's: pipeline, protection, planner, gate, and the gateway's loop over targets. Only
the exchanges are made up. What must hold for every single request is asserted where the request is made.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import Outcome, ProviderError, ProviderUnavailableError
from sentinel.gateway.call import Call, Recovery, first_success
from sentinel.providers.attempt import AttemptPipeline, Meter
from sentinel.providers.classification import from_exception
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadConfig
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time

PRIMARY, FALLBACK = Target("one", "large"), Target("two", "small")
MAX_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What one request meets: a wait for the first content and one for the rest, unless it fails or hangs first."""

    first_content: float = 0.3
    rest: float = 0.7
    error: ProviderError | None = None
    hangs: bool = False


FINE = Fate()
DOWN = Fate(first_content=0.05, error=ProviderUnavailableError("down", cause="server_error"))
HUNG = Fate(hangs=True)
Weather = Callable[[float, random.Random], Fate]
"""Gives the fate of a request that is made so many seconds after the start."""


def fine(_: float, __: random.Random) -> Fate:
    return FINE


def always(fate: Fate) -> Weather:
    return lambda _, __: fate


def noise(share: float, *, bad: Fate = DOWN) -> Weather:
    """Each request fails by itself with this probability."""
    return lambda _, rng: bad if rng.random() < share else FINE


def between(start: float, end: float, *, inside: Weather, outside: Weather = fine) -> Weather:
    return lambda at, rng: (inside if start <= at < end else outside)(at, rng)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the targets see it; `states` are those of the circuits on the way when it was made."""

    at: float
    call: int
    target: Target
    states: tuple[BreakerState, ...]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One caller's whole story."""

    at: float
    seconds: float
    served_by: Target | None
    attempts: tuple[Attempt, ...]

    @property
    def requests(self) -> int:
        return sum(not attempt.skipped for attempt in self.attempts)


class World:
    """One process; `weather` is by target, in the order of the route."""

    def __init__(self, weather: Mapping[Target, Weather], *, seed: int, deadlines: Deadlines) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.began = self.clock.monotonic()
        self.weather = weather
        self.rng = random.Random(seed)
        self.transitions: list[Transition] = []
        self._changed_at: list[float] = []
        self.requests: list[Request] = []
        self.ended: list[Ended] = []
        board = BreakerBoard(self.clock, rng=self.rng.random, listener=self._note)
        roomy = BulkheadBoard(BulkheadConfig(max_concurrency=200))
        self.protection = replace(open_protection(self.clock, board=board), bulkheads=roomy)
        self.audit = RetryAudit()
        self._probing: Counter[tuple[str, int]] = Counter()
        self._route = Route(name="default", targets=tuple(weather), deadlines=deadlines)
        self._recovery = self._build()

    def _build(self) -> Recovery:
        protection = self.protection
        gate = TargetGate(
            protection.board, lambda *_: False, cooldowns=protection.cooldowns, bulkheads=protection.bulkheads
        )
        return Recovery(
            pipeline=AttemptPipeline(protection=protection, clock=self.clock, observe=[self.audit.learn]),
            planner=RecoveryPlanner(
                max_attempts=MAX_ATTEMPTS,
                backoff=Backoff(rng=self.rng.random),
                allows_retry=protection.budget.allows,
            ),
            gate=gate,
            hedges=hedge_planner(gate, protection),
            clock=self.clock,
        )

    def _note(self, change: Transition) -> None:
        self.transitions.append(change)
        self._changed_at.append(self.now)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return self.clock.monotonic() - self.began

    # Callers ----------------------------------------------------------------------------------------------------------

    async def call(self) -> None:
        """Be one caller, to the end."""
        began, deadlines = self.now, self._route.deadlines
        number = len(self.ended)
        deadline = Deadline(self.clock, deadlines.total_seconds)
        call = Call(recovery=self._recovery, route=self._route, deadlines=deadlines, deadline=deadline, is_stream=True)
        answered, _ = await first_success(call, lambda target: FakeExchange(self, call, target, number))
        served = answered.target if answered else None
        ended = Ended(at=began, seconds=self.now - began, served_by=served, attempts=tuple(call.attempts))
        assert ended.requests <= MAX_ATTEMPTS
        assert ended.seconds <= deadlines.total_seconds + 1e-6
        self.ended.append(ended)

    async def calls(self, *, every: float, until: float) -> None:
        """Let callers come at random, one in so many seconds on average, and see all of them out."""
        async with asyncio.TaskGroup() as callers:
            while (pause := self.rng.expovariate(1 / every)) and self.now + pause < until:
                await self.clock.sleep(pause)
                callers.create_task(self.call())

    async def crowd(self, size: int) -> None:
        """Let so many callers come at one instant, and see them out."""
        async with asyncio.TaskGroup() as callers:
            for _ in range(size):
                callers.create_task(self.call())

    # What holds for every request -------------------------------------------------------------------------------------

    def admit(self, exchange: "FakeExchange") -> list[tuple[str, int]]:
        """Take down a request that is being made; gives what it probes."""
        board, target = self.protection.board, exchange.target
        circuits = [board.get(key) for key in target.breaker_keys]
        states = tuple(circuit.state for circuit in circuits)
        assert BreakerState.OPEN not in states, f"{target} was called at {self.now:.1f} s through an open circuit"
        assert not exchange.call.deadline.expired, "an attempt began after the deadline"
        self.requests.append(Request(at=self.now, call=exchange.number, target=target, states=states))
        self.audit.begin(target.provider, is_retry=exchange.is_retry)
        half_open = [circuit for circuit in circuits if circuit.state is BreakerState.HALF_OPEN]
        probes = [(circuit.key, circuit.snapshot().epoch) for circuit in half_open]
        for probe in probes:
            assert not self._probing[probe], f"two probes of {probe[0]} at {self.now:.1f} s"
            self._probing[probe] += 1
        return probes

    def leave(self, exchange: "FakeExchange", probes: list[tuple[str, int]]) -> None:
        self._probing.subtract(probes)
        self.audit.end(exchange.target.provider, is_retry=exchange.is_retry)

    def assert_at_rest(self) -> None:
        """Nothing is held by anybody any more."""
        protection = self.protection
        for snapshot in protection.board.snapshot():
            assert not snapshot.is_probe_in_flight, snapshot
        for target in self.weather:
            assert protection.bulkheads.in_flight(target) == 0
        for account in protection.budget._accounts.values():
            assert (account.calls, account.retries) == (0, 0)
        assert all(latch.probe is None for latch in protection.cooldowns._latches.values())
        assert not +self._probing

    # What happened ----------------------------------------------------------------------------------------------------

    def changes(self, target: Target, to: BreakerState, *, since: float = 0.0) -> list[float]:
        """When the circuit of the model came to be in a state."""
        key = target.breaker_keys[1]
        told = zip(self._changed_at, self.transitions, strict=True)
        return [at for at, change in told if change.key == key and change.to_state is to and at >= since]

    def asked(self, target: Target, start: float = 0.0, end: float = float("inf")) -> list[Request]:
        """The requests that a target has seen in a time."""
        return [request for request in self.requests if request.target == target and start <= request.at < end]

    def state(self, target: Target) -> BreakerState:
        return self.protection.board.get(target.breaker_keys[1]).state

    @property
    def unserved(self) -> list[Ended]:
        return [ended for ended in self.ended if ended.served_by is None]

    @property
    def trace(self) -> list[object]:
        """Everything that was seen, in order."""
        return [*self.requests, *self.transitions, *self.ended]


@dataclass
class RetryAudit:
    """The retry budget once more, from what can be seen: a bucket of ten for each provider, half of it for retries."""

    tokens: defaultdict[str, float] = field(default_factory=lambda: defaultdict(lambda: 10.0))
    calls: Counter[str] = field(default_factory=Counter)
    retrying: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)

    def begin(self, provider: str, *, is_retry: bool) -> None:
        if is_retry:
            assert self.tokens[provider] > 5, "a retry without budget"
            assert self.retrying[provider] + 1 <= max(3, 0.2 * self.calls[provider]), "too many retries in flight"
            self.retries[provider] += 1
        self.calls[provider] += 1
        self.retrying[provider] += is_retry

    def end(self, provider: str, *, is_retry: bool) -> None:
        self.calls[provider] -= 1
        self.retrying[provider] -= is_retry

    def learn(self, attempt: Attempt) -> None:
        provider = attempt.target.provider
        if attempt.outcome is Outcome.FAILURE:
            self.tokens[provider] = max(0.0, self.tokens[provider] - 1)
        elif attempt.outcome is Outcome.SUCCESS:
            self.tokens[provider] = min(10.0, self.tokens[provider] + 0.1)


class FakeExchange:
    """One request to a target that does what its weather says."""

    usage: Usage | None = None
    asked_characters = 0

    def __init__(self, world: World, call: Call, target: Target, number: int) -> None:
        self.world, self.call, self.target, self.number = world, call, target, number
        self.is_retry = any(made.target == target and not made.skipped for made in call.attempts)

    async def perform(self, meter: Meter) -> None:
        probes = self.world.admit(self)
        try:
            await self._meet(self.world.weather[self.target](self.world.now, self.world.rng), meter)
        finally:
            self.world.leave(self, probes)

    async def _meet(self, fate: Fate, meter: Meter) -> None:
        if fate.hangs:
            await asyncio.get_running_loop().create_future()
        await self.world.clock.sleep(fate.first_content)
        if fate.error is not None:
            raise fate.error
        meter.content()
        await self.world.clock.sleep(fate.rest)

    def map_error(self, error: Exception) -> ProviderError:
        return error if isinstance(error, ProviderError) else from_exception(error)


def simulate(
    weather: Mapping[Target, Weather],
    *phases: Callable[[World], Awaitable[None]],
    seed: int = 1,
    deadlines: Deadlines | None = None,
) -> World:
    """Let one phase after the other happen, and look whether everything came to rest."""

    async def work() -> World:
        world = World(weather, seed=seed, deadlines=deadlines or Deadlines())
        for phase in phases:
            await phase(world)
        world.assert_at_rest()
        return world

    return run_in_virtual_time(work())
