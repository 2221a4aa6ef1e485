"""Carries facts between processes that live in one, at once and without loss: `redis_facts` without a Redis."""

from collections.abc import Callable

from sentinel.coordination.facts import FactTable


class MemoryHub:
    """Joins fact tables that share a clock."""

    def __init__(self) -> None:
        """Begin without any."""
        self._tables: list[FactTable] = []

    def join(self, table: FactTable) -> None:
        """Carry what `table` says to all that have joined, and what they have said to it."""
        self._tables.append(table)
        for other in self._tables:
            other.count_alive([each.author for each in self._tables])
            if other is not table:
                table.hear(other.author, other.own)
        table.carried_by(self._carrier(table))

    def leave(self, table: FactTable) -> None:
        """Carry nothing more from or to it: the process has ended."""
        self._tables.remove(table)
        table.carried_by(lambda: None)
        for other in self._tables:
            other.count_alive([each.author for each in self._tables])

    def _carrier(self, table: FactTable) -> Callable[[], None]:
        def carry() -> None:
            unsent = table.take_unsent()
            facts = [fact for fact in unsent.values() if fact is not None]
            gone = [name for name, fact in unsent.items() if fact is None]
            for other in self._tables:
                if other is not table:
                    other.hear(table.author, facts, gone)

        return carry
