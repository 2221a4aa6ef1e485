"""An operator's wish for a new session with a tool server, granted by every process: each has a session of its own."""

from collections.abc import Callable
from typing import Final

from sentinel.coordination.facts import FactTable

RECONNECT: Final = "reconnect"
SECONDS: Final = 10.0
"""How long the wish is told: long enough for who misses a message, and over before a new process would hear of it."""


class SharedReconnects:
    """Tells the others of such a wish, and grants theirs, each once."""

    def __init__(self, facts: FactTable, reconnect: Callable[[str], None]) -> None:
        """`reconnect` opens a new session with a server of that name, if there is one; it must not raise."""
        self._facts = facts
        self._reconnect = reconnect
        self._granted: dict[tuple[str, str], int] = {}
        facts.listen(RECONNECT, self._heard)

    def tell(self, server: str) -> None:
        """Tell the others what an operator has done here."""
        self._facts.tell(RECONNECT, server, seconds=SECONDS)

    def _heard(self, server: str) -> None:
        wishes = [fact for fact in self._facts.of(RECONNECT, server) if fact.author != self._facts.author]
        new = [fact for fact in wishes if fact.number > self._granted.get((server, fact.author), 0)]
        self._granted.update({(server, fact.author): fact.number for fact in new})
        if new:
            self._reconnect(server)
