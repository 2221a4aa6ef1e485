"""The rule of the circuit breaker once more, as plainly as it can be said: lists, scans and words.

Written from the rule, not from the code, for the state machine test to compare with. It keeps every event and
looks through all of them each time; nothing is cached and nothing is fast. Calls take no time here, so the
window stays at its 60 seconds.
"""

from dataclasses import dataclass

BUCKET, BUCKETS = 5.0, 12
THRESHOLD, STREAK_AGE = 5, 600.0
RECOVERY, LONGEST_OPEN, STABLE = 30.0, 300.0, 300.0
HALF_OPEN_MAX, TO_CLOSE = 60.0, 2


@dataclass
class Token:
    """A permit of the model."""

    epoch: int
    is_done: bool = False
    marked_at: float | None = None


class BreakerModel:
    """What the circuit should be."""

    def __init__(self, now: float) -> None:
        self.state = "closed"
        self.epoch = 0
        self.events: list[tuple[float, str]] = []  # failure, success, slow, known (of its slowness)
        self.streak: list[float] = []
        self.not_before = 0.0
        self.reopens = 0
        self.closed_at = now
        self.open_until = 0.0
        self.half_open_until = 0.0
        self.probe: Token | None = None
        self.good_probes = 0
        self.is_by_hand = False
        self.override: tuple[str, float] | None = None
        self.ignored = self.neutral = self.rejected = 0
        self.jitter = 0.0

    # What can be seen -------------------------------------------------------------------------------------------------

    def count(self, kind: str, now: float) -> int:
        """Events of a kind in the running bucket and the eleven before it."""
        return sum(1 for at, event in self.events if event == kind and now // BUCKET - at // BUCKET < BUCKETS)

    def rule(self, now: float) -> str | None:
        """A, B, C or nothing."""
        failures, successes = self.count("failure", now), self.count("success", now)
        if failures >= THRESHOLD and failures / (failures + successes) >= 0.5:
            return "A"
        if len(self.streak) >= THRESHOLD and now - self.streak[-THRESHOLD] <= STREAK_AGE:
            return "B"
        slow, known = self.count("slow", now), self.count("known", now)
        if known >= 10 and slow / known >= 0.8:
            return "C"
        return None

    def refuses(self, now: float) -> bool:
        """Whether a call would be refused."""
        self.let_time_pass(now)
        if self.state == "open":
            return now < self.open_until
        return self.state == "half_open" and self.probe is not None

    # What can happen --------------------------------------------------------------------------------------------------

    def let_time_pass(self, now: float) -> None:
        """End what is over."""
        if self.override and now >= self.override[1]:
            self.override = None
        if self.state == "half_open" and now >= self.half_open_until:
            if self.probe:
                self.reopens += 1
                self.good_probes = 0
            self.open(self.half_open_until)

    def acquire(self, now: float) -> Token | None:
        """A token, or nothing if refused."""
        if self.refuses(now):
            self.rejected += 1
            return None
        if self.state == "open":
            self.state, self.half_open_until = "half_open", now + HALF_OPEN_MAX
            self.epoch += 1
        token = Token(self.epoch)
        if self.state == "half_open":
            self.probe = token
        return token

    def panic(self, now: float) -> Token | None:
        """A token that goes past an open circuit, unless an operator opened it."""
        if self.refuses(now) and self.state == "open" and not self.is_by_hand:
            return Token(self.epoch)
        return self.acquire(now)

    def finish(self, token: Token, outcome: str, now: float, *, slow: bool = False, retry_after: float = 0) -> None:
        """A result: success, failure or neutral."""
        self.let_time_pass(now)
        if token.is_done:
            self.ignored += 1
            return
        token.is_done = True
        if outcome == "neutral":
            self.neutral += 1
            self.unmark(token)
            self.probe = None if self.probe is token else self.probe
        elif token.epoch != self.epoch:
            self.ignored += 1
        elif self.state == "open":
            self.panicked(outcome, now, retry_after)
        elif self.state == "half_open":
            self.verdict(outcome, now, retry_after)
        elif not (self.override and self.override[0] == "forced_closed"):
            self.record(token, outcome, now, slow=slow, retry_after=retry_after)

    def mark(self, token: Token, now: float) -> None:
        """The call is slow and still runs."""
        self.let_time_pass(now)
        if token.is_done or token.marked_at is not None or self.state != "closed":
            return
        if token.epoch != self.epoch:
            self.ignored += 1
        elif not (self.override and self.override[0] == "forced_closed"):
            token.marked_at = now
            self.events += [(now, "slow"), (now, "known")]
            self.judge(now)

    def unmark(self, token: Token) -> None:
        """The call has ended, and its mark with it."""
        if token.marked_at is not None and token.epoch == self.epoch:
            self.events.remove((token.marked_at, "slow"))
            self.events.remove((token.marked_at, "known"))

    def record(self, token: Token, outcome: str, now: float, *, slow: bool, retry_after: float) -> None:
        """Count a result of a closed circuit."""
        self.unmark(token)
        self.events += [(now, outcome), (now, "known")] + [(now, "slow")] * (slow or token.marked_at is not None)
        if outcome == "success":
            self.streak, self.not_before = [], 0.0
        else:
            self.streak.append(now)
            self.not_before = max(self.not_before, now + retry_after)
        self.judge(now)

    def judge(self, now: float) -> None:
        """Open if the rule says so and nobody holds the circuit."""
        if self.rule(now) and not self.override:
            if now - self.closed_at >= STABLE:
                self.reopens = 0
            self.open(now)

    def verdict(self, outcome: str, now: float, retry_after: float) -> None:
        """What a probe found."""
        self.probe = None
        if outcome == "failure":
            self.not_before = max(self.not_before, now + retry_after)
            self.reopens += 1
            self.good_probes = 0
            self.open(now)
            return
        self.good_probes += 1
        if self.good_probes >= TO_CLOSE:
            self.close(now)

    def panicked(self, outcome: str, now: float, retry_after: float) -> None:
        """What a call found that went through the open circuit."""
        if outcome == "failure":
            self.not_before = max(self.not_before, now + retry_after)
            self.open_until = max(self.open_until, self.not_before)
            return
        self.state, self.half_open_until = "half_open", now + HALF_OPEN_MAX
        self.epoch += 1
        self.verdict(outcome, now, retry_after)

    def open(self, at: float) -> None:
        """30 seconds, doubled by each reopening, 300 at most, jitter on top, Retry-After at least."""
        seconds = min(RECOVERY * 2**self.reopens, LONGEST_OPEN) * (1 + 0.2 * self.jitter)
        self.state, self.open_until, self.probe = "open", max(at + seconds, self.not_before), None
        self.is_by_hand = False
        self.epoch += 1

    def close(self, now: float) -> None:
        """Start from nothing."""
        self.state, self.closed_at, self.probe, self.good_probes = "closed", now, None, 0
        self.events, self.streak, self.not_before = [], [], 0.0
        self.epoch += 1

    # Operators --------------------------------------------------------------------------------------------------------

    def trip(self, now: float, seconds: float) -> None:
        """Open by hand for a given time."""
        self.let_time_pass(now)
        self.override = None
        self.open(now)
        self.open_until, self.good_probes, self.is_by_hand = now + seconds, 0, True

    def reset(self, now: float) -> None:
        """Close by hand."""
        self.let_time_pass(now)
        self.override, self.reopens = None, 0
        self.close(now)

    def force(self, kind: str, now: float, seconds: float) -> None:
        """Hold the circuit."""
        self.let_time_pass(now)
        if kind == "forced_open":
            self.trip(now, seconds)
        elif kind == "forced_closed" or self.state != "closed":
            self.close(now)
        self.override = (kind, now + seconds)
