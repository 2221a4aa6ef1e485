"""The monkey: kills, freezes and restarts machines of a stage, several at once, in the same order for the same seed."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.cluster.processes import DidNotStartError
from tests.cluster.stage import Stage, Victim
from tests.support.bounded import bounded

_DEEDS = ("kill", "kill", "kill", "freeze", "hang", "restart")
_PAUSE_SECONDS = (0.3, 3.0)
_AWAY_SECONDS = (0.0, 1.5)
_FROZEN_SECONDS = {"freeze": (0.5, 3.0), "hang": (10.0, 14.0)}
"""Shorter, and longer, than a lease and its sweep: the holder goes on, or comes back to what is not its own."""
_MENDED_WITHIN_SECONDS = 150.0
_AT_ONCE = 2
_AGAIN_AFTER_SECONDS = 0.05


@dataclass
class Monkey:
    """Does harm until it is tired or stopped, and puts everything back. `timeline` has what it did and when."""

    stage: Stage
    seed: int
    most_deeds: int
    timeline: list[str] = field(default_factory=list)
    deeds: int = 0
    _harmed: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _mended_at: float = 0.0

    @property
    def calm_since(self) -> float:
        """Since when nothing is harmed, monotonic; now, while something is."""
        return time.monotonic() if any(not task.done() for task in self._harmed.values()) else self._mended_at

    async def rage(self, enough: asyncio.Event) -> None:
        """Do one deed after the other until it is `enough`; a machine is harmed again only when it is back.

        Raises:
            TimeoutError: a machine could not be started again.
        """
        rng = random.Random(f"monkey {self.seed}")
        while self.deeds < self.most_deeds and not await _is_set_within(enough, rng.uniform(*_PAUSE_SECONDS)):
            (victim,) = rng.choices(self.stage.victims, [victim.weight for victim in self.stage.victims])
            deed, seconds = _choose(rng)
            busy = [name for name, task in self._harmed.items() if not task.done()]
            if victim.name not in busy and len(busy) < _AT_ONCE:
                self.deeds += 1
                self._harmed[victim.name] = asyncio.create_task(self._harm(deed, victim, seconds))
        await asyncio.gather(*self._harmed.values())

    async def _harm(self, deed: str, victim: Victim, seconds: float) -> None:
        """Harm a machine and mend it. In threads, because a machine takes its time to stop and to start."""
        self._note(f"{deed} {victim.name} for {seconds:.1f} s")
        machine = victim.machine
        harm = {"kill": machine.kill, "restart": machine.stop}.get(deed, machine.freeze)
        try:
            await asyncio.to_thread(harm)
        except TimeoutError:
            self._note(f"{victim.name} did not stop and was killed")
        await asyncio.sleep(seconds)  # the outage itself
        await (asyncio.to_thread(machine.thaw) if deed in _FROZEN_SECONDS else _insist(machine.start))
        self._mended_at = time.monotonic()
        self._note(f"{victim.name} is back")

    def _note(self, what: str) -> None:
        self.timeline.append(f"{time.monotonic() - self._began:7.2f} s  {what}")


async def _insist(start: Callable[[], None]) -> None:
    """Start a machine as a service manager does: again, where it ended because something that it needs is away."""
    async with asyncio.timeout(_MENDED_WITHIN_SECONDS):
        while True:
            try:
                await asyncio.to_thread(start)
            except DidNotStartError:
                await asyncio.sleep(_AGAIN_AFTER_SECONDS)
            else:
                return


def _choose(rng: random.Random) -> tuple[str, float]:
    deed = rng.choice(_DEEDS)
    return deed, rng.uniform(*_FROZEN_SECONDS.get(deed, _AWAY_SECONDS))


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await bounded(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
