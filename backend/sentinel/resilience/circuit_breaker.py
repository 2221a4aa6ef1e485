"""The circuit breaker: a state machine that stops calls to a target which does not serve them.

Pure and synchronous: clock and randomness are arguments, and time moves the state only when somebody looks.
Every permit carries the epoch of the state that gave it; what comes back from an older epoch changes nothing.
Meant for the one thread of an event loop. The rule that opens a circuit is in `trip_rule`.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from sentinel.clock import Clock
from sentinel.errors import CircuitOpenError, RequestError
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import (
    BreakerSnapshot,
    BreakerState,
    CircuitRefusal,
    Listener,
    MayProbe,
    Override,
    OverrideKind,
    Transition,
    TransitionRule,
    Why,
    ignore_transition,
    probes_alone,
)
from sentinel.resilience.circuit_permit import CircuitPermit
from sentinel.resilience.trip_rule import Evidence

_CLOSED, _OPEN, _HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
_MAX_DOUBLINGS = 30
_MAX_TTL_SECONDS = 365 * 86400.0


class CircuitBreaker:
    """One circuit: closed, open or half-open, for one target.

    Closed counts results and opens by the rule. Open refuses for a time that doubles with each reopening. The
    first call after that makes it half-open: one probe at a time, `successes_to_close` successes close it, the
    first failure reopens it, a neutral result gives the slot back. Half-open that lasts too long opens again.

    A call in a panic goes through an open circuit, unless an operator opened it: its success makes the circuit
    half-open and counts as one of a probe, its failure leaves everything as it was.
    """

    def __init__(
        self,
        key: str,
        *,
        clock: Clock,
        config: BreakerConfig | None = None,
        rng: Callable[[], float],
        listener: Listener = ignore_transition,
        may_probe: MayProbe = probes_alone,
    ) -> None:
        """Start closed. `rng` gives floats in [0, 1); `listener` gets each transition, after it is done.

        `may_probe` is asked before a probe; while it says no, another process probes.
        """
        self.key = key
        self._clock = clock
        self._config = config or BreakerConfig()
        self._rng = rng
        self._listener = listener
        self._may_probe = may_probe
        self._evidence = Evidence(self._config)
        self._override: Override | None = None
        self._override_until = -math.inf
        self._state = _CLOSED
        self._epoch = 0
        self._closed_since = clock.monotonic()
        self._opened_at = self._open_until = self._half_open_until = -math.inf
        self._opened_for = Why(TransitionRule.MANUAL)
        self._reopens = 0
        self._probe: CircuitPermit | None = None
        self._probe_successes = 0
        self._rejected = self._ignored = self._neutral = 0

    # Calls ----------------------------------------------------------------------------------------------------------

    def acquire(self, *, is_panic: bool = False) -> CircuitPermit:
        """Return a permit for one call; `is_panic` takes it past an open circuit (see `admits_panic`).

        Raises:
            CircuitOpenError: The circuit does not admit the call; the error says how long to wait.
        """
        if self._state is not _CLOSED:
            return self._acquire_guarded(is_panic)
        return CircuitPermit(self, _CLOSED, epoch=self._epoch, started=self._clock.monotonic())

    def refusal(self) -> CircuitRefusal | None:
        """Tell whether a call would be refused now, without taking a slot or starting to probe."""
        if self._state is _CLOSED:
            return None
        now = self._clock.monotonic()
        self._settle(now)
        if self._state is _OPEN and now < self._open_until:
            return CircuitRefusal(self.key, _OPEN, self._open_until - now)
        if self._state is _HALF_OPEN and self._probe is not None:
            wait = min(self._config.half_open_retry_seconds, self._half_open_until - now)
            return CircuitRefusal(self.key, _HALF_OPEN, wait)
        if not self._may_probe(self.key):
            return CircuitRefusal(self.key, self._state, self._config.half_open_retry_seconds)
        return None

    @property
    def admits_panic(self) -> bool:
        """Whether a call in a panic would be admitted: not by a circuit that an operator opened or that is probing."""
        refusal = self.refusal()
        is_own_verdict = self._state is _OPEN and self._opened_for.rule is not TransitionRule.MANUAL
        return refusal is None or is_own_verdict

    def _acquire_guarded(self, is_panic: bool) -> CircuitPermit:
        refusal = self.refusal()
        now = self._clock.monotonic()
        if refusal is None and self._state is _OPEN:
            self._change(_HALF_OPEN, Why(TransitionRule.ELAPSED), now)
            refusal = self.refusal()  # asked again: the listener may have come back here and taken the slot
        if refusal is not None and not (is_panic and self.admits_panic):
            self._rejected += 1
            raise CircuitOpenError(self.key, refusal.retry_after)
        permit = CircuitPermit(self, self._state, epoch=self._epoch, started=now)
        if self._state is _HALF_OPEN:
            self._probe = permit
        return permit

    # Results, told by the permits -----------------------------------------------------------------------------------

    def _succeeded(self, permit: CircuitPermit, slow: bool, duration: float | None) -> None:
        now = self._clock.monotonic()
        if not self._counts(permit, now):
            return
        if self._state is not _CLOSED:
            self._probe_succeeded(now)
            return
        took = now - permit.started if duration is None else duration
        self._evidence.add_success(now, slow=slow, marked_slot=permit.marked_slot, duration=took)
        self._judge(now, None)

    def _failed(
        self,
        permit: CircuitPermit,
        slow: bool,
        duration: float | None,
        *,
        cause: str | None,
        retry_after: float | None,
    ) -> None:
        now = self._clock.monotonic()
        if not self._counts(permit, now):
            return
        if retry_after is not None and retry_after > 0:
            self._evidence.hold_off(now + min(retry_after, self._config.max_retry_after_seconds))
        if self._state is _OPEN:  # a panic: it was known to fail, so only a pause that it asks for is news
            self._open_until = max(self._open_until, self._evidence.not_before)
            return
        took = now - permit.started if duration is None else duration
        self._evidence.add_failure(now, slow=slow, marked_slot=permit.marked_slot, duration=took)
        if self._state is _HALF_OPEN:
            self._reopen(TransitionRule.PROBE, now, reason=cause)
        else:
            self._judge(now, cause)

    def _returned(self, permit: CircuitPermit) -> None:
        now = self._clock.monotonic()
        self._settle(now)
        self._neutral += 1
        if self._probe is permit:
            self._probe = None
        if permit.marked_slot is not None and permit.epoch == self._epoch:
            self._evidence.window.take_back_slow(permit.marked_slot, now)

    def _repeated(self) -> None:
        self._ignored += 1

    def _marked_slow(self, permit: CircuitPermit) -> None:
        now = self._clock.monotonic()
        if self._state is _CLOSED and self._counts(permit, now):
            permit.marked_slot = self._evidence.window.mark_slow(now)
            self._judge(now, None)

    def _counts(self, permit: CircuitPermit, now: float) -> bool:
        if self._state is not _CLOSED or self._override is not None:
            self._settle(now)
        if permit.epoch != self._epoch:
            self._ignored += 1
            return False
        return self._override is None or self._override.kind is not OverrideKind.FORCED_CLOSED

    def _judge(self, now: float, cause: str | None) -> None:
        rule = self._evidence.verdict(now)
        if rule is None or self._override is not None:
            return
        self._open(rule, now, reason=cause)

    def _probe_succeeded(self, now: float) -> None:
        self._probe = None
        self._probe_successes += 1
        if self._state is _OPEN:
            self._change(_HALF_OPEN, Why(TransitionRule.PANIC), now)
        if self._state is _HALF_OPEN and self._probe_successes >= self._config.successes_to_close:
            self._change(_CLOSED, Why(TransitionRule.PROBE), now)

    # Transitions ----------------------------------------------------------------------------------------------------

    def _settle(self, now: float) -> None:
        """Let end what time has ended: an override, half-open."""
        if self._override is not None and now >= self._override_until:
            self._override = None
        if self._state is not _HALF_OPEN or now < self._half_open_until:
            return
        if self._probe is not None:
            self._reopen(TransitionRule.EXPIRED, self._half_open_until)
        else:
            # Too few calls are no verdict: the open time does not grow and no success is lost, or a target that is
            # rarely called could never close again.
            self._open(TransitionRule.EXPIRED, self._half_open_until)

    def _reopen(self, rule: TransitionRule, now: float, *, reason: str | None = None) -> None:
        self._probe_successes = 0
        self._reopens = min(self._reopens + 1, _MAX_DOUBLINGS)
        self._open(rule, now, reason=reason)

    def _open(self, rule: TransitionRule, now: float, *, reason: str | None = None) -> None:
        self._open_until = max(now + self._open_seconds(now), self._evidence.not_before)
        self._change(_OPEN, Why(rule, reason), now)

    def _open_seconds(self, now: float) -> float:
        config = self._config
        if self._state is _CLOSED and now - self._closed_since >= config.stable_seconds:
            self._reopens = 0
        seconds = min(config.recovery_seconds * 2.0**self._reopens, config.longest_open_seconds)
        return seconds * (1 + config.open_jitter * self._rng())

    def _change(self, state: BreakerState, why: Why, now: float) -> None:
        before, self._state = self._state, state
        self._epoch += 1
        self._probe = None
        transition = self._transition(before, why, now)
        if state is _OPEN:
            self._opened_at, self._opened_for = now, why
        elif state is _HALF_OPEN:
            self._half_open_until = now + self._config.half_open_max_seconds
        else:
            self._closed_since = now
            self._probe_successes = 0
            self._evidence.clear()
        if before is not state:
            self._listener(transition)

    # Operators ------------------------------------------------------------------------------------------------------

    def trip(
        self, *, actor: str, reason: str | None = None, ttl_seconds: float | None = None, is_followed: bool = False
    ) -> None:
        """Open the circuit for `ttl_seconds`, or as long as a failing target would be; then it probes as usual.

        `is_followed`: the operator is at another process, here and in `reset`.

        Raises:
            RequestError: The time is not above zero, or more than a year.
        """
        now = self._clock.monotonic()
        self._settle(now)
        until = now + self._open_seconds(now) if ttl_seconds is None else _after(now, ttl_seconds)
        self._override = None
        self._open_by_hand(now, until, Why(TransitionRule.MANUAL, reason, actor=actor, is_followed=is_followed))

    def reset(self, *, actor: str, reason: str | None = None, is_followed: bool = False) -> None:
        """Close the circuit, forget everything counted, end an override; calls in flight count no more."""
        now = self._clock.monotonic()
        self._settle(now)
        self._override = None
        self._reopens = 0
        self._change(_CLOSED, Why(TransitionRule.MANUAL, reason, actor=actor, is_followed=is_followed), now)

    def force(self, kind: OverrideKind, *, ttl_seconds: float, actor: str, reason: str | None = None) -> None:
        """Hold the circuit to an override; forced open ends in probing, the others in an ordinary closed circuit.

        Raises:
            RequestError: The time is not above zero, or more than a year.
        """
        now = self._clock.monotonic()
        self._settle(now)
        until = _after(now, ttl_seconds)
        self._override = Override(kind=kind, actor=actor, reason=reason, expires_at=self._wall(until))
        self._override_until = until
        by_hand = Why(TransitionRule.MANUAL, reason, actor=actor)
        if kind is OverrideKind.FORCED_OPEN:
            self._open_by_hand(now, until, by_hand)
        elif kind is OverrideKind.FORCED_CLOSED or self._state is not _CLOSED:
            self._change(_CLOSED, by_hand, now)

    def _open_by_hand(self, now: float, until: float, why: Why) -> None:
        self._open_until, self._probe_successes = until, 0
        self._change(_OPEN, why, now)

    # Other processes ------------------------------------------------------------------------------------------------

    def follow_open(self, seconds: float, *, reason: str | None = None) -> None:
        """Open a closed circuit for what others found out; an operator's override stands."""
        now = self._clock.monotonic()
        self._settle(now)
        if self._state is _CLOSED and self._override is None:
            self._open_until = now + min(seconds, self._config.longest_follow_seconds)
            self._change(_OPEN, Why(TransitionRule.SHARED, reason, is_followed=True), now)

    def follow_hold(self, seconds: float) -> None:
        """Keep an open circuit open for so long at least: the probe of another process failed."""
        if self._state is _OPEN:
            until = self._clock.monotonic() + min(seconds, self._config.longest_follow_seconds)
            self._open_until = max(self._open_until, until)

    def follow_close(self) -> None:
        """Close a circuit that is not: the probes of another process succeeded. An operator's override stands."""
        now = self._clock.monotonic()
        self._settle(now)
        if self._state is not _CLOSED and self._override is None:
            self._change(_CLOSED, Why(TransitionRule.SHARED, is_followed=True), now)

    # Views ----------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> BreakerState:
        """The state now; open lasts until a call comes, however long ago it could have been probed."""
        self._settle(self._clock.monotonic())
        return self._state

    @property
    def is_quiet(self) -> bool:
        """Whether nothing would be lost by forgetting this circuit."""
        self._look()
        return self._state is _CLOSED and self._override is None and self._evidence.is_clean

    def snapshot(self) -> BreakerSnapshot:
        """Return the circuit as it is now."""
        self._look()
        window, is_open = self._evidence.window, self._state is _OPEN
        return BreakerSnapshot(
            key=self.key,
            state=self._state,
            failures=window.failures,
            successes=window.successes,
            slow=window.slow,
            consecutive_failures=self._evidence.consecutive_failures,
            failure_rate=window.failure_rate,
            window_seconds=window.seconds,
            epoch=self._epoch,
            reopens=self._reopens,
            is_probe_in_flight=self._probe is not None,
            rejected=self._rejected,
            ignored=self._ignored,
            neutral=self._neutral,
            opened_at=None if self._state is _CLOSED else self._wall(self._opened_at),
            retry_at=self._wall(self._open_until) if is_open else None,
            override=self._override,
            rule=None if self._state is _CLOSED else self._opened_for.rule,
            reason=None if self._state is _CLOSED else self._opened_for.reason,
        )

    def _look(self) -> None:
        now = self._clock.monotonic()
        self._settle(now)
        if self._state is _CLOSED:  # otherwise the counts that opened it stay to be seen
            self._evidence.window.advance(now)

    def _transition(self, before: BreakerState, why: Why, now: float) -> Transition:
        window = self._evidence.window
        return Transition(
            key=self.key,
            from_state=before,
            to_state=self._state,
            rule=why.rule,
            failures=window.failures,
            successes=window.successes,
            slow=window.slow,
            rate=window.failure_rate,
            epoch=self._epoch,
            at=self._wall(now),
            open_until=self._wall(self._open_until) if self._state is _OPEN else None,
            actor=why.actor,
            reason=why.reason,
            is_followed=why.is_followed,
        )

    def _wall(self, instant: float) -> datetime:
        return self._clock.now() + timedelta(seconds=instant - self._clock.monotonic())


def _after(now: float, ttl_seconds: float) -> float:
    if not 0 < ttl_seconds <= _MAX_TTL_SECONDS:
        message = f"ttl_seconds is {ttl_seconds!r}; it must be above 0 and at most a year"
        raise RequestError(message)
    return now + ttl_seconds
