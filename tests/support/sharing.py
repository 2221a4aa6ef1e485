"""Several processes' circuits and holds in one test, and a bus between them that loses, delays and reorders."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sentinel.chaos.controls import ActKind, OperatorAct
from sentinel.clock import Clock
from sentinel.coordination.acts import SharedActs
from sentinel.coordination.circuits import SharedCircuits
from sentinel.coordination.facts import Fact, FactTable, Name
from sentinel.coordination.probe_tickets import MemoryTickets, ProbeTickets, TicketedProbes
from sentinel.coordination.shared_holds import SharedHolds
from sentinel.errors import CircuitOpenError
from sentinel.resilience.breaker_board import BreakerBoard, Permit
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.holds import HoldChange

KEY = "provider:p"
MODEL = "model:p/m"
STEADY = BreakerConfig(open_jitter=0.0)


class Process:
    """The circuits and holds of one process, joined with those of others through its facts and tickets."""

    def __init__(
        self,
        author: str,
        *,
        clock: Clock,
        tickets: ProbeTickets | None = None,
        share: float = 0.3,
        is_shared: Callable[[str], bool] = lambda key: True,
        config: BreakerConfig = STEADY,
        facts: FactTable | None = None,
    ) -> None:
        self.author = author
        self.clock = clock
        self.transitions: list[Transition] = []
        self.hold_changes: list[HoldChange] = []
        self.board = BreakerBoard(clock, default=config, rng=lambda: 0.5, listener=self._changed)
        self.cooldowns = CooldownBoard(clock, listener=self._held)
        self.facts = facts or FactTable(author, clock=clock)
        self.circuits = SharedCircuits(self.board, self.facts, clock=clock, share=share, is_shared=is_shared)
        self.holds = SharedHolds(self.cooldowns, self.facts, clock=clock, is_shared=is_shared)
        self.acts = SharedActs(self.board, self.cooldowns, self.circuits, facts=self.facts, clock=clock)
        self.probes = TicketedProbes(
            tickets or MemoryTickets(author, clock=clock), self.board, clock=clock, is_shared=is_shared
        )
        self.board.probe_only_if(self.probes.may_probe)
        for key in (KEY, MODEL):
            self.board.get(key)

    def _changed(self, change: Transition) -> None:
        self.transitions.append(change)
        self.circuits.transition(change)
        self.probes.transition(change)

    def _held(self, change: HoldChange) -> None:
        self.hold_changes.append(change)
        self.holds.change(change)

    def state(self, key: str = KEY) -> BreakerState:
        """How its circuit is."""
        return self.board.get(key).state

    def call(self, key: str = KEY) -> Permit | None:
        """Begin a call; None if the circuit refuses."""
        try:
            return self.board.acquire([key])
        except CircuitOpenError:
            return None

    def fail(self, times: int = 5, key: str = KEY) -> int:
        """Make calls that fail; how many of them were let through."""
        made = 0
        for _ in range(times):
            permit = self.call(key)
            if permit is not None:
                made += 1
                permit.failure("provider_unavailable")
        return made

    def succeed(self, times: int = 2, key: str = KEY) -> int:
        """Make calls that succeed; how many of them were let through."""
        made = 0
        for _ in range(times):
            permit = self.call(key)
            if permit is not None:
                made += 1
                permit.success()
        return made

    def is_probing(self, key: str = KEY) -> bool:
        """Whether a probe is under way here."""
        return self.board.get(key).snapshot().is_probe_in_flight

    def trip(self, key: str = KEY, *, seconds: float = 600.0) -> None:
        """Be the process at which an operator opens a circuit."""
        self.board.trip(key, actor="ann", reason="drill", ttl_seconds=seconds)
        self.acts.tell(OperatorAct(ActKind.TRIP, key, actor="ann", reason="drill", seconds=seconds))

    def reset(self, key: str = KEY) -> None:
        """Be the process at which an operator closes a circuit and ends the holds."""
        self.board.reset(key, actor="bob", reason="mended")
        self.cooldowns.release(key.partition(":")[2], actor="bob", reason="mended")
        self.acts.tell(OperatorAct(ActKind.RESET, key, actor="bob", reason="mended"))


Fate = Callable[[], bool]


@dataclass
class LossyBus:
    """Carries facts like Redis does: a store of all that is said, and messages that may get lost or come late.

    `loses` and `delays` decide over each message. Who is cut off is not heard, hears nothing and is not there for the
    others. `look` is what a process does every second: it reads the store.
    """

    loses: Fate = lambda: False
    delays: Fate = lambda: False
    tables: dict[str, FactTable] = field(default_factory=dict)
    cut_off: set[str] = field(default_factory=set)
    stored: dict[tuple[str, Name], Fact] = field(default_factory=dict)
    late: list[tuple[str, str, list[Fact], list[Name]]] = field(default_factory=list)

    def join(self, table: FactTable) -> None:
        """Let a process in."""
        self.tables[table.author] = table
        table.carried_by(lambda: self._carry(table))

    def leave(self, author: str) -> None:
        """Let a process die: what it has said stays stored."""
        self.tables.pop(author).carried_by(lambda: None)
        self.cut_off.discard(author)

    def flush(self) -> None:
        """Lose the store."""
        self.stored.clear()

    def look(self) -> None:
        """Let every process that is not cut off read the store, and say again what is not in it."""
        alive = self.tables.keys() - self.cut_off
        for author in sorted(alive):
            table = self.tables[author]
            self._carry(table)
            mine = {name: fact.number for (who, name), fact in self.stored.items() if who == author}
            if any(mine.get(fact.name) != fact.number for fact in table.own):
                table.repeat_all()
        for author in sorted(alive):
            self.tables[author].replace(list(self.stored.values()), alive=alive)

    def deliver_late(self) -> None:
        """Bring the messages that were delayed, the newest first."""
        late, self.late = self.late, []
        for author, to, facts, gone in reversed(late):
            if to in self.tables and to not in self.cut_off:
                self.tables[to].hear(author, facts, gone)

    def _carry(self, table: FactTable) -> None:
        if table.author in self.cut_off or table.author not in self.tables:
            return
        unsent = table.take_unsent()
        facts = [fact for fact in unsent.values() if fact is not None]
        gone = [name for name, fact in unsent.items() if fact is None]
        self.stored.update({(table.author, fact.name): fact for fact in facts})
        for name in gone:
            self.stored.pop((table.author, name), None)
        for other in sorted(self.tables.keys() - {table.author} - self.cut_off):
            if unsent and not self.loses():
                if self.delays():
                    self.late.append((table.author, other, facts, gone))
                elif other in self.tables:
                    self.tables[other].hear(table.author, facts, gone)
