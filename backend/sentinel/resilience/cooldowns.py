"""Cool-downs and latches: facts that a provider tells about a target, as opposed to guesses from its failures.

A throttled target is left alone for as long as it asks. A refused credential or an unknown model is latched: nothing
is sent until one call checks it again, much later. No circuit knows of either. Pure, with an injected clock.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import CoolingDownError, LatchedError, Outcome
from sentinel.resilience.failure_table import LatchScope, rule_of
from sentinel.resilience.holds import Hold, HoldChange, HoldKind, HoldListener, HoldStep, ignore_hold_change
from sentinel.resilience.refusal import Refusal, RefusalCause

_MAX_DOUBLINGS = 30
_NEWS_SECONDS = 1.0
"""A cool-down that grows by less is not told again: calls in flight together ask for nearly the same."""
_CLOCK_GRAIN_SECONDS = 0.001
"""Sleepers may wake this much early; who waited for a cool-down must find it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownConfig:
    """How long targets are held, in seconds.

    `max_seconds` bounds what a target may ask for. A throttle that names no time holds for `guess_seconds`, doubled
    with each further one up to `max_guess_seconds`. `recheck_seconds`: when a latch is checked again;
    `recheck_retry_seconds`: what callers are told while that check is in flight. `max_holds` bounds the memory, since
    callers may name any model.
    """

    max_seconds: float = 120.0
    guess_seconds: float = 1.0
    max_guess_seconds: float = 8.0
    recheck_seconds: float = 600.0
    recheck_retry_seconds: float = 1.0
    max_holds: int = 4096


@dataclass(slots=True)
class _Held:
    """A hold in the making: instants are monotonic.

    `detail`: what the target said; `streak`: throttles in a row; `probe`: who checks a latch now.
    """

    kind: HoldKind
    cause: str
    since: float
    until: float
    detail: str | None = None
    streak: int = 0
    probe: "HoldPermit | None" = None


class HoldPermit:
    """The right to make one call to a target, and the duty to say how it went. The first result counts."""

    __slots__ = ("_board", "_is_done", "checks", "number", "target")

    def __init__(self, board: "CooldownBoard", target: Target, *, number: int, checks: tuple[str, ...]) -> None:
        """Made by `CooldownBoard.enter` alone. `checks` are the keys of the latches that this call checks."""
        self._board = board
        self._is_done = False
        self.target = target
        self.number = number
        self.checks = checks

    def settle(self, attempt: Attempt) -> None:
        """Say how the call ended."""
        if not self._is_done:
            self._is_done = True
            self._board._settled(self, attempt)

    def release(self) -> None:
        """Give the permit back, without a verdict unless one was given before; for `finally`."""
        if not self._is_done:
            self._is_done = True
            self._board._returned(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class CooldownBoard:
    """All cool-downs and latches of the process.

    Cool-downs are kept per `provider/model`, credential latches per `provider`, model latches per `provider/model`.
    """

    def __init__(
        self, clock: Clock, *, config: CooldownConfig | None = None, listener: HoldListener = ignore_hold_change
    ) -> None:
        """Start with nothing held."""
        self._clock = clock
        self._config = config or CooldownConfig()
        self._listener = listener
        self._cooldowns: dict[str, _Held] = {}
        self._latches: dict[str, _Held] = {}
        self._released: dict[str, int] = {}
        self._calls = 0

    # Calls ------------------------------------------------------------------------------------------------------------

    def refusal(self, target: Target) -> Refusal | None:
        """Tell why `target` may not be called now; takes nothing."""
        if not (self._latches or self._cooldowns):
            return None
        now = self._clock.monotonic()
        waits = [(self._latch_wait(latch, now), latch) for _, latch in self._latches_of(target)]
        wait, latch = max(waits, key=lambda pair: pair[0], default=(0.0, None))
        if latch is not None and wait > 0:
            return Refusal(RefusalCause.LATCHED, wait, reason=latch.cause, detail=latch.detail)
        cooldown = self._cooldowns.get(str(target))
        if cooldown is not None and cooldown.until - now > _CLOCK_GRAIN_SECONDS:
            return Refusal(RefusalCause.COOLDOWN, cooldown.until - now)
        return None

    def is_latched(self, target: Target) -> bool:
        """Tell whether its credential or its model is refused, also while a call may check that."""
        return any(True for _ in self._latches_of(target))

    def enter(self, target: Target) -> HoldPermit:
        """Return a permit for one call; where a latch is due to be checked, that call checks it.

        Raises:
            CoolingDownError, LatchedError: The target is held; the error says for how long.
        """
        refusal = self.refusal(target)
        if refusal is not None:
            error = LatchedError if refusal.cause == RefusalCause.LATCHED else CoolingDownError
            raise error(str(target), refusal.retry_after or 0.0)
        latches = list(self._latches_of(target)) if self._latches else []
        checks = tuple(key for key, _ in latches)
        self._calls += 1
        permit = HoldPermit(self, target, number=self._calls, checks=checks)
        for _, latch in latches:
            latch.probe = permit
        return permit

    def _latches_of(self, target: Target) -> Iterator[tuple[str, _Held]]:
        for key in (target.provider, str(target)):
            latch = self._latches.get(key)
            if latch is not None:
                yield key, latch

    def _latch_wait(self, latch: _Held, now: float) -> float:
        if latch.until - now > _CLOCK_GRAIN_SECONDS:
            return latch.until - now
        return self._config.recheck_retry_seconds if latch.probe is not None else 0.0

    # Results, told by the permits -------------------------------------------------------------------------------------

    def _settled(self, permit: HoldPermit, attempt: Attempt) -> None:
        checked = self._returned(permit)
        if attempt.outcome is Outcome.SUCCESS:
            self._forget_streak(str(permit.target))
            for key in checked:
                self._end(self._latches, key)
        elif attempt.outcome is Outcome.THROTTLE:
            self.throttle(permit.target, attempt.retry_after_seconds, cause=attempt.cause)
        else:
            self._latch_after(permit, attempt)

    def _latch_after(self, permit: HoldPermit, attempt: Attempt) -> None:
        scope = rule_of(attempt).latch
        # A call that was under way when an operator mended the fault still tells of the time before.
        if scope is not None and permit.number > self._released_at(permit.target):
            self.latch(permit.target, scope, cause=attempt.cause, detail=attempt.detail)

    def _returned(self, permit: HoldPermit) -> list[str]:
        """Let another call check what this one checked, and give the keys of the latches that it really checked."""
        held = [(key, self._latches.get(key)) for key in permit.checks]
        checked = [(key, latch) for key, latch in held if latch is not None and latch.probe is permit]
        for _, latch in checked:
            latch.probe = None
        return [key for key, _ in checked]

    def throttle(self, target: Target, retry_after: float | None = None, *, cause: str | None = None) -> None:
        """Hold `target` for as long as it asks for, in seconds; a running cool-down grows and is never cut short."""
        now, key = self._clock.monotonic(), str(target)
        held = self._cooldowns.get(key)
        if held is None or held.until <= now:
            streak = held.streak + 1 if held else 1
            held = _Held(HoldKind.COOLDOWN, cause or "rate_limit", since=now, until=-math.inf, streak=streak)
            held.until = now + self._cooldown_seconds(retry_after, streak)
            self._keep(self._cooldowns, key, held)
            self._tell(HoldStep.BEGAN, key, held)
        else:  # calls that were in flight together do not make a streak
            self._grow(key, held, now + self._cooldown_seconds(retry_after, held.streak))

    def _grow(self, key: str, held: _Held, until: float) -> None:
        grown = until - held.until
        held.until = max(held.until, until)
        if grown >= _NEWS_SECONDS:
            self._tell(HoldStep.RENEWED, key, held)

    def latch(self, target: Target, scope: LatchScope, *, cause: str | None = None, detail: str | None = None) -> None:
        """Disable the target's credential or model until a later check succeeds or an operator releases it."""
        now, key = self._clock.monotonic(), _latch_key(target, scope)
        held, step = self._latches.get(key), HoldStep.RENEWED
        if held is None:
            held, step = _Held(HoldKind(scope.value), cause or scope.value, since=now, until=now), HoldStep.BEGAN
            self._keep(self._latches, key, held)
        held.detail = detail or held.detail
        was_due = held.until <= now
        held.until = max(held.until, now + self._config.recheck_seconds)
        if was_due:
            self._tell(step, key, held)

    def _cooldown_seconds(self, retry_after: float | None, streak: int) -> float:
        if retry_after is not None and retry_after > 0:
            return min(retry_after, self._config.max_seconds)
        guess = self._config.guess_seconds * 2.0 ** min(streak - 1, _MAX_DOUBLINGS)
        return min(guess, self._config.max_guess_seconds, self._config.max_seconds)

    def _forget_streak(self, key: str) -> None:
        cooldown = self._cooldowns.get(key)
        if cooldown is not None and cooldown.until <= self._clock.monotonic():
            del self._cooldowns[key]

    # Other processes --------------------------------------------------------------------------------------------------

    def follow(self, kind: HoldKind, key: str, seconds: float, *, cause: str, detail: str | None = None) -> None:
        """Hold what a target has told another process; a running hold grows and is never cut short."""
        holds = self._cooldowns if kind is HoldKind.COOLDOWN else self._latches
        longest = self._config.max_seconds if kind is HoldKind.COOLDOWN else self._config.recheck_seconds
        now, held, step = self._clock.monotonic(), holds.get(key), HoldStep.RENEWED
        if held is None or (kind is HoldKind.COOLDOWN and held.until <= now):
            held, step = _Held(kind, cause, since=now, until=now), HoldStep.BEGAN
            self._keep(holds, key, held)
        grown = now + min(seconds, longest) - held.until
        held.detail = detail or held.detail
        held.until += max(0.0, grown)
        if step is HoldStep.BEGAN or grown >= _NEWS_SECONDS:
            self._tell(step, key, held, is_followed=True)

    def follow_release(self, kind: HoldKind, key: str) -> None:
        """End a hold that another process found to be over."""
        holds = self._cooldowns if kind is HoldKind.COOLDOWN else self._latches
        if key in holds:
            self._released_now(key)
            self._end(holds, key, is_followed=True)

    # Operators and views ----------------------------------------------------------------------------------------------

    def release(self, key: str, *, actor: str, reason: str | None = None, is_followed: bool = False) -> list[Hold]:
        """End all holds of a `provider`, those of its models included, or of one `provider/model`; give what was held.

        A latch comes back with the next refusal, but not by calls that were already in flight.
        """
        running = self._running_cooldowns()
        ended = [
            self._end(holds, each, actor=actor, reason=reason, is_followed=is_followed)
            for holds, keys in ((self._latches, list(self._latches)), (self._cooldowns, list(running)))
            for each in keys
            if each == key or each.startswith(f"{key}/")
        ]
        if ended:
            self._released_now(key)
        return ended

    def _released_now(self, key: str) -> None:
        self._released = dict(list(self._released.items())[-self._config.max_holds + 1 :])
        self._released[key] = self._calls

    def snapshot(self) -> list[Hold]:
        """Return everything that is held now, by key; cool-downs that are over are not."""
        both = [*self._latches.items(), *self._running_cooldowns().items()]
        return [self._view(key, held) for key, held in sorted(both, key=lambda pair: pair[0])]

    def _running_cooldowns(self) -> dict[str, _Held]:
        now = self._clock.monotonic()
        return {key: held for key, held in self._cooldowns.items() if held.until > now}

    def _released_at(self, target: Target) -> int:
        return max(self._released.get(key, 0) for key in (target.provider, str(target)))

    def _keep(self, holds: dict[str, _Held], key: str, held: _Held) -> None:
        if key not in holds and len(holds) >= self._config.max_holds:
            del holds[min(holds, key=lambda each: holds[each].until)]
        holds[key] = held

    def _end(self, holds: dict[str, _Held], key: str, **operator: Any) -> Hold:
        held = holds.pop(key)
        self._tell(HoldStep.RELEASED, key, held, **operator)
        return self._view(key, held)

    def _tell(self, step: HoldStep, key: str, held: _Held, **operator: Any) -> None:
        self._listener(HoldChange(step=step, hold=self._view(key, held), at=self._clock.now(), **operator))

    def _view(self, key: str, held: _Held) -> Hold:
        wall, now = self._clock.now(), self._clock.monotonic()
        return Hold(
            kind=held.kind,
            key=key,
            cause=held.cause,
            since=wall + timedelta(seconds=held.since - now),
            until=wall + timedelta(seconds=held.until - now),
            detail=held.detail,
        )


def _latch_key(target: Target, scope: LatchScope) -> str:
    return target.provider if scope is LatchScope.CREDENTIAL else str(target)
