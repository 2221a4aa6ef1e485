"""What an operator does at one process, done at all of them: circuits tripped and reset, kill switches to be read anew.

The newest act on a circuit counts, in an order that all processes agree on. Kill switches are in the database; here is
only told that one has changed.
"""

from sentinel.chaos.controls import ActKind, OperatorAct
from sentinel.clock import Clock
from sentinel.coordination.circuits import SharedCircuits
from sentinel.coordination.facts import Fact, FactTable
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.cooldowns import CooldownBoard

ACT, SWITCH = "act", "kill_switch"
ACT_SECONDS = 60.0
"""How long an act is said at least: long enough for who was away for a moment."""


class SharedActs:
    """Joins operators at one process with the circuits and holds of the others."""

    def __init__(
        self,
        board: BreakerBoard,
        cooldowns: CooldownBoard,
        circuits: SharedCircuits,
        *,
        facts: FactTable,
        clock: Clock,
    ) -> None:
        """Follow what is told in `facts`; an operator's word holds for every circuit of that name."""
        self._board = board
        self._cooldowns = cooldowns
        self._circuits = circuits
        self._facts = facts
        self._clock = clock
        self._done: dict[str, tuple[int, str]] = {}
        facts.listen(ACT, self._heard)

    def tell(self, act: OperatorAct) -> None:
        """Tell the others what an operator has just done here."""
        if act.kind is ActKind.KILL_SWITCH:
            self._facts.tell(SWITCH, act.target, seconds=ACT_SECONDS)
        else:
            data = {"kind": act.kind.value, "actor": act.actor, "reason": act.reason}
            told = self._facts.tell(ACT, act.target, data, seconds=self._lifetime(act))
            self._note(told)

    def _lifetime(self, act: OperatorAct) -> float:
        """Outlive what this act takes back."""
        known = [fact for key in self._board.affected_by(act.target) for fact in self._facts.of(ACT, key)]
        longest = max((fact.until - self._clock.monotonic() for fact in known), default=0.0)
        return max(act.seconds or 0.0, longest, ACT_SECONDS) if act.kind is ActKind.RESET else act.seconds or 0.0

    def _heard(self, key: str) -> None:
        for each in self._board.affected_by(key):
            newest = max(self._acts_on(each), key=_order, default=None)
            if newest is not None and _order(newest) > self._done.get(each, (0, "")):
                self._follow(each, newest)

    def _acts_on(self, key: str) -> list[Fact]:
        """Give the acts on a circuit; resetting a provider resets its models."""
        acts = self._facts.of(ACT, key)
        kind, _, name = key.partition(":")
        if kind == "model":
            provider = f"provider:{name.partition('/')[0]}"
            acts += [fact for fact in self._facts.of(ACT, provider) if _kind(fact) is ActKind.RESET]
        return acts

    def _follow(self, key: str, act: Fact) -> None:
        circuit = self._board.find(key)
        if act.author == self._facts.author or circuit is None:
            return
        actor, reason = str(act.data.get("actor")), act.data.get("reason")
        kind = _kind(act)
        if kind is ActKind.TRIP:
            seconds = act.until - self._clock.monotonic()
            circuit.trip(actor=actor, reason=reason, ttl_seconds=seconds, is_followed=True)
        elif kind is ActKind.RESET:
            circuit.reset(actor=actor, reason=reason, is_followed=True)
            self._cooldowns.release(key.partition(":")[2], actor=actor, reason=reason, is_followed=True)
        self._note(act, key)

    def _note(self, act: Fact, of: str | None = None) -> None:
        """Remember what has been done, and let the circuits know what a verdict has to answer for."""
        is_reset = _kind(act) is ActKind.RESET
        for key in [of] if of else self._board.affected_by(act.key) if is_reset else [act.key]:
            self._done[key] = _order(act)
            if is_reset:
                self._circuits.reset(key)
                if key != act.key or act.author != self._facts.author:
                    self._facts.withdraw(ACT, key)
            else:
                self._circuits.tripped(key, act)


def _order(act: Fact) -> tuple[int, str]:
    return act.number, act.author


def _kind(act: Fact) -> ActKind | None:
    said = act.data.get("kind")
    return ActKind(said) if said in _KINDS else None


_KINDS = frozenset(kind.value for kind in ActKind)
