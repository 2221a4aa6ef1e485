"""Circuits of several processes: each decides by what it sees itself, and hears what the others found.

A process whose own circuit opens votes; a circuit also opens where enough processes have voted, so one sick process
opens nothing elsewhere. Whoever probes tells the verdict, with the votes that it answers for: a newer opening, which it
did not know of, stands. Nothing here does I/O; calls see circuits only. Operators' acts hold everywhere.
"""

import math
from collections.abc import Callable
from datetime import timedelta

from sentinel.clock import Clock
from sentinel.coordination.facts import Covers, Fact, FactTable, covers, is_covered, merge, prune, read_covers
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState, Transition, TransitionRule

VOTE, VERDICT = "vote", "verdict"
VERDICT_SECONDS = 60.0
"""How long a verdict is said: long enough for who was away for a moment. It answers for old votes only."""
REMEMBERED_SECONDS = 600.0
"""How long a vote is known after it has ceased to count: who probes names it, and so closes the circuit behind it."""

_OPEN, _HALF_OPEN, _CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED


def quorum(processes: int, share: float) -> int:
    """Give how many processes must have opened a circuit before it opens at the others: two at least."""
    return max(2, math.ceil(share * processes))


class SharedCircuits:
    """Joins the circuits of one process with what is said about them. Listens to its board's transitions."""

    def __init__(
        self, board: BreakerBoard, facts: FactTable, *, clock: Clock, share: float, is_shared: Callable[[str], bool]
    ) -> None:
        """`share` of the processes make a quorum; `is_shared` tells what processes have in common, by key."""
        self._board = board
        self._facts = facts
        self._clock = clock
        self._share = share
        self._is_shared = is_shared
        self._reasons: dict[str, Covers] = {}  # what keeps a circuit open here
        self._known: dict[str, Covers] = {}  # what was known when probing began here
        self._void: dict[str, Covers] = {}  # votes that have been answered
        self._obeyed: dict[str, Covers] = {}
        facts.listen(VOTE, self._count)
        facts.listen(VERDICT, self._obey)

    # What happens here ------------------------------------------------------------------------------------------------

    def transition(self, change: Transition) -> None:
        """Tell the others of a change that this process made."""
        if change.is_followed or not self._is_shared(change.key):
            return
        if change.to_state is _OPEN:
            self._opened(change)
        elif change.to_state is _HALF_OPEN:
            self._known[change.key] = self._all_known(change.key)
        else:
            self._closed(change)

    def _opened(self, change: Transition) -> None:
        key, is_own = change.key, self._facts.author in self._reasons.get(change.key, ())
        known = self._known.pop(key, {})
        if change.rule is TransitionRule.MANUAL:
            self._forget(key)
        elif change.rule is not TransitionRule.EXPIRED or is_own:  # probing that came to nothing is no evidence
            seconds = _seconds_open(change)
            self._vote(key, seconds, reason=change.reason)
            if change.rule is TransitionRule.PROBE:
                self._facts.tell(VERDICT, key, {"closed": False, "covers": known}, seconds=seconds)

    def _closed(self, change: Transition) -> None:
        known = self._known.pop(change.key, {})
        if change.rule is TransitionRule.PROBE:
            self._facts.tell(VERDICT, change.key, {"closed": True, "covers": known}, seconds=VERDICT_SECONDS)
            self._answer(change.key, known)
        else:
            self._answer(change.key, self._all_known(change.key))
        self._forget(change.key)

    def _vote(self, key: str, seconds: float, *, reason: str | None) -> None:
        vote = self._facts.tell(VOTE, key, {"reason": reason}, seconds=seconds + REMEMBERED_SECONDS)
        self._reasons[key] = covers([vote])

    # What others say --------------------------------------------------------------------------------------------------

    def _count(self, key: str) -> None:
        """Open a closed circuit if a quorum of living processes has opened theirs."""
        circuit = self._board.find(key) if self._is_shared(key) else None
        if circuit is None or circuit.state is not _CLOSED:
            return
        votes = self._votes(key)
        processes = self._facts.processes
        if len(votes) < quorum(processes, self._share):
            return
        self._reasons[key] = covers(votes)
        seconds = max(vote.until for vote in votes) - REMEMBERED_SECONDS - self._clock.monotonic()
        circuit.follow_open(seconds, reason=f"found by {len(votes)} of {processes} processes{_last_cause(votes)}")

    def _votes(self, key: str) -> list[Fact]:
        """Give the votes that count now: of living processes, not answered, and for circuits that are still open."""
        void = self._void.get(key, {})
        counts_from = self._clock.monotonic() + REMEMBERED_SECONDS
        return [
            vote
            for vote in self._facts.of(VOTE, key)
            if self._facts.is_alive(vote.author) and vote.number > void.get(vote.author, 0) and vote.until > counts_from
        ]

    def open_elsewhere(self, key: str) -> int:
        """Count the other processes that have found a reason to open the circuit, which need not be open here."""
        return sum(vote.author != self._facts.author for vote in self._votes(key))

    def _obey(self, key: str) -> None:
        """Follow the verdicts of other processes' probes, each once and only as far as it answers for."""
        if not self._is_shared(key):
            return
        done = self._obeyed.setdefault(key, {})
        for verdict in sorted(self._facts.of(VERDICT, key), key=lambda fact: fact.number):
            if verdict.author != self._facts.author and verdict.number > done.get(verdict.author, 0):
                done[verdict.author] = verdict.number
                self._follow(key, verdict)
        prune(done, self._facts.is_alive)

    def _follow(self, key: str, verdict: Fact) -> None:
        answered = read_covers(verdict.data.get("covers"))
        is_for_us = is_covered(self._reasons.get(key, {}), answered)
        circuit = self._board.find(key)
        if verdict.data.get("closed"):
            self._answer(key, answered)
            if is_for_us and circuit is not None:
                self._forget(key)
                circuit.follow_close()
        elif is_for_us and circuit is not None and circuit.state is _OPEN:
            seconds = verdict.until - self._clock.monotonic()
            circuit.follow_hold(seconds)
            if self._facts.author in self._reasons.get(key, ()):
                self._vote(key, seconds, reason=None)

    # Operators --------------------------------------------------------------------------------------------------------

    def tripped(self, key: str, act: Fact) -> None:
        """Take note that an operator opened the circuit, here or elsewhere: probing answers for that act."""
        self._forget(key)
        self._reasons[key] = covers([act])

    def reset(self, key: str) -> None:
        """Take note that an operator closed the circuit: no vote that is known now counts any more."""
        self._answer(key, self._all_known(key))
        self._forget(key)

    # Inside -----------------------------------------------------------------------------------------------------------

    def _all_known(self, key: str) -> Covers:
        known = covers(self._facts.of(VOTE, key))
        merge(known, self._reasons.get(key, {}))
        return known

    def _answer(self, key: str, answered: Covers) -> None:
        void = self._void.setdefault(key, {})
        merge(void, answered)
        prune(void, self._facts.is_alive)

    def _forget(self, key: str) -> None:
        self._reasons.pop(key, None)
        self._facts.withdraw(VOTE, key)


def _seconds_open(change: Transition) -> float:
    until = change.open_until or change.at
    return max(0.0, (until - change.at) / timedelta(seconds=1))


def _last_cause(votes: list[Fact]) -> str:
    reason = max(votes, key=lambda vote: vote.number).data.get("reason")
    return f": {reason}" if isinstance(reason, str) else ""
