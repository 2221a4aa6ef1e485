"""What processes tell each other: facts with an author, a number and an end, and the view that each has of the others'.

Nobody changes another's fact, so nothing has to be locked, and a view that misses some is merely older. Numbers grow
over all authors (Lamport): who has seen a fact tells with higher ones. A carrier (`redis_facts`) takes what
is unsent from here and brings what others said; asking the view is a dictionary lookup.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.clock import Clock

Name = tuple[str, str]
"""The kind of a fact and what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a process says; void after `until` (monotonic, of the process that looks)."""

    kind: str
    key: str
    author: str
    number: int
    until: float
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> Name:
        """What it is and what it is about; an author has one fact of each name."""
        return self.kind, self.key


_MANY_AUTHORS = 64
Covers = dict[str, int]
"""Which facts about one thing are answered for: per author, those up to this number."""


def covers(facts: Iterable[Fact]) -> Covers:
    """Name all of these."""
    named: Covers = {}
    for fact in facts:
        named[fact.author] = max(fact.number, named.get(fact.author, 0))
    return named


def merge(into: Covers, more: Mapping[str, int]) -> None:
    """Add what `more` names; no number gets smaller."""
    for author, number in more.items():
        into[author] = max(number, into.get(author, 0))


def prune(kept: Covers, is_alive: Callable[[str], bool]) -> None:
    """Forget the dead when there are many: what they have said counts no more."""
    if len(kept) > _MANY_AUTHORS:
        for author in [author for author in kept if not is_alive(author)]:
            del kept[author]


def read_covers(said: Any) -> Covers:
    """Take what another process said for what it is; it may be of another version."""
    if not isinstance(said, dict):
        return {}
    return {author: number for author, number in said.items() if isinstance(number, int)}


def is_covered(inner: Covers, outer: Mapping[str, int]) -> bool:
    """Tell whether everything that `inner` names is answered for by `outer`."""
    return all(outer.get(author, 0) >= number for author, number in inner.items())


Heard = Callable[[str], None]
"""Is told what a fact is about that came, changed or went."""


class FactTable:
    """What this process says, and what it has heard. Telling never waits."""

    def __init__(self, author: str, *, clock: Clock) -> None:
        """Begin alone. `author` is this process, a name that no other ever has."""
        self.author = author
        self._clock = clock
        self._own: dict[Name, Fact] = {}
        self._others: dict[Name, dict[str, Fact]] = defaultdict(dict)
        self._alive: frozenset[str] = frozenset()
        self._unsent: dict[Name, None] = {}
        self._heard: dict[str, list[Heard]] = defaultdict(list)
        self._carry: Callable[[], None] = _keep
        self._number = 0

    # What this process says -------------------------------------------------------------------------------------------

    def tell(self, kind: str, key: str, data: Mapping[str, Any] | None = None, *, seconds: float) -> Fact:
        """Say something that holds for so long, in place of what this process said under that name."""
        self._number += 1
        until = self._clock.monotonic() + seconds
        fact = Fact(kind=kind, key=key, author=self.author, number=self._number, until=until, data=data or {})
        self._own[fact.name] = fact
        self._send(fact.name)
        return fact

    def withdraw(self, kind: str, key: str) -> None:
        """Say it no more."""
        if self._own.pop((kind, key), None) is not None:
            self._send((kind, key))

    def _send(self, name: Name) -> None:
        self._unsent[name] = None
        self._carry()

    # What is known ----------------------------------------------------------------------------------------------------

    def of(self, kind: str, key: str) -> list[Fact]:
        """Give what is said under that name, by this process and others, and still holds."""
        now, name = self._clock.monotonic(), (kind, key)
        said = [*self._others.get(name, {}).values(), *([self._own[name]] if name in self._own else [])]
        return [fact for fact in said if fact.until > now]

    def keys(self, kind: str) -> list[str]:
        """Give everything that something of this kind is said about."""
        return [key for each, key in {*self._own, *self._others} if each == kind]

    def is_alive(self, author: str) -> bool:
        """Tell whether the process still says that it is there."""
        return author == self.author or author in self._alive

    @property
    def processes(self) -> int:
        """How many processes there are, this one included."""
        return len(self._alive) + 1

    def listen(self, kind: str, heard: Heard) -> None:
        """Be told when others say something else of that kind; it must not raise."""
        self._heard[kind].append(heard)

    # Carriers ---------------------------------------------------------------------------------------------------------

    def carried_by(self, carry: Callable[[], None]) -> None:
        """Call this, which must not wait, whenever there is something to send."""
        self._carry = carry

    def take_unsent(self) -> dict[Name, Fact | None]:
        """Give what others have not been told; None for what is withdrawn."""
        names, self._unsent = self._unsent, {}
        return {name: self._own.get(name) for name in names}

    def send_again(self, names: Iterable[Name]) -> None:
        """Let what could not be sent be sent later."""
        self._unsent = dict.fromkeys([*names, *self._unsent])

    def repeat_all(self) -> None:
        """Say everything again: who carries it has forgotten it."""
        now = self._clock.monotonic()
        self._own = {name: fact for name, fact in self._own.items() if fact.until > now}
        self.send_again(self._own)
        self._carry()

    @property
    def own(self) -> Collection[Fact]:
        """What this process says now."""
        now = self._clock.monotonic()
        return [fact for fact in self._own.values() if fact.until > now]

    def hear(self, author: str, facts: Iterable[Fact], gone: Iterable[Name] = ()) -> None:
        """Take in what another process says, and what it says no more; what is older than what is known is left."""
        self._alive |= {author}
        changed = [fact.name for fact in facts if self._take(fact)]
        changed.extend(name for name in gone if self._others[name].pop(author, None) is not None)
        self._notify(changed)

    def replace(self, facts: Iterable[Fact], *, alive: Collection[str]) -> None:
        """Take in everything that others say; what is not among it is said no more."""
        before, self._others = self._others, defaultdict(dict)
        had, self._alive = self._alive, frozenset(alive) - {self.author}
        for fact in facts:
            if fact.author != self.author:
                self._take(fact)
        names = {*before, *self._others}
        self._notify(name for name in names if had != self._alive or before.get(name) != self._others.get(name))

    def count_alive(self, alive: Collection[str]) -> None:
        """Take in who is there; facts of the others may weigh less now."""
        had, self._alive = self._alive, frozenset(alive) - {self.author}
        if had != self._alive:
            self._notify([*self._others])

    def _take(self, fact: Fact) -> bool:
        self._number = max(self._number, fact.number)
        known = self._others[fact.name].get(fact.author)
        if known is not None and known.number >= fact.number:
            return False
        self._others[fact.name][fact.author] = fact
        return True

    def _notify(self, names: Iterable[Name]) -> None:
        for kind, key in names:
            for heard in self._heard.get(kind, ()):
                heard(key)


def _keep() -> None:
    """Send nothing: the process is alone."""
