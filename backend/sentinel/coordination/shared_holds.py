"""Cool-downs and latches of several processes: what a provider has said to one is true for all, and needs no quorum."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sentinel.clock import Clock
from sentinel.coordination.facts import Covers, Fact, FactTable, covers, is_covered, merge, prune, read_covers
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.holds import HoldChange, HoldKind, HoldStep

HOLD, RELEASE = "hold", "release"
RELEASE_SECONDS = 60.0
_KINDS = frozenset(kind.value for kind in HoldKind)


class SharedHolds:
    """Joins the holds of one process with those of the others. Listens to its board's changes."""

    def __init__(
        self, board: CooldownBoard, facts: FactTable, *, clock: Clock, is_shared: Callable[[str], bool]
    ) -> None:
        """`is_shared` tells which providers and targets are told of: those that are configured."""
        self._board = board
        self._facts = facts
        self._clock = clock
        self._is_shared = is_shared
        self._reasons: dict[str, Covers] = {}
        self._void: dict[str, Covers] = {}
        facts.listen(HOLD, self._take_hold)
        facts.listen(RELEASE, self._take_release)

    def change(self, change: HoldChange) -> None:
        """Tell the others what a target has told this process."""
        hold = change.hold
        name = f"{hold.kind.value}:{hold.key}"
        if not self._is_shared(hold.key):
            return
        if change.step is HoldStep.RELEASED:
            self._released(name, is_followed=change.is_followed)
        elif not change.is_followed:
            seconds = (hold.until - change.at) / timedelta(seconds=1)
            data = {"cause": hold.cause, "detail": hold.detail}
            told = self._facts.tell(HOLD, name, data, seconds=seconds)
            self._reasons.setdefault(name, {})[told.author] = told.number

    def _released(self, name: str, *, is_followed: bool) -> None:
        answered = covers(self._facts.of(HOLD, name))
        merge(answered, self._reasons.pop(name, {}))
        self._answer(name, answered)
        self._facts.withdraw(HOLD, name)
        if not is_followed:
            self._facts.tell(RELEASE, name, {"covers": answered}, seconds=RELEASE_SECONDS)

    def _answer(self, name: str, answered: Covers) -> None:
        void = self._void.setdefault(name, {})
        merge(void, answered)
        prune(void, self._facts.is_alive)

    def _take_hold(self, name: str) -> None:
        for fact in self._facts.of(HOLD, name):
            reasons = self._reasons.setdefault(name, {})
            seen = max(self._void.get(name, {}).get(fact.author, 0), reasons.get(fact.author, 0))
            if fact.number > seen:
                reasons[fact.author] = fact.number
                self._follow(name, fact)

    def _follow(self, name: str, fact: Fact) -> None:
        kind, _, key = name.partition(":")
        if kind not in _KINDS or not self._is_shared(key):
            return
        cause, detail = (_text(fact.data.get(word)) for word in ("cause", "detail"))
        seconds = fact.until - self._clock.monotonic()
        self._board.follow(HoldKind(kind), key, seconds, cause=cause or kind, detail=detail)

    def _take_release(self, name: str) -> None:
        kind, _, key = name.partition(":")
        for fact in self._facts.of(RELEASE, name):
            answered = read_covers(fact.data.get("covers"))
            if fact.author == self._facts.author:
                continue
            self._answer(name, answered)
            reasons = self._reasons.get(name)
            if reasons and kind in _KINDS and is_covered(reasons, answered):
                self._board.follow_release(HoldKind(kind), key)


def _text(said: Any) -> str | None:
    return said if isinstance(said, str) else None
