"""The monkey: kills, freezes and restarts machines of a stage, the same ones in the same order for the same seed."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from tests.cluster.stage import Stage, Victim

_DEEDS = ("kill", "kill", "kill", "freeze", "restart")
_PAUSE_SECONDS = (0.5, 4.0)
_AWAY_SECONDS = (0.0, 1.5)
_FROZEN_SECONDS = (0.5, 9.0)


@dataclass
class Monkey:
    """Does harm until it is stopped, and then puts everything back. `timeline` has what it did and when."""

    stage: Stage
    seed: int
    haste: float = 1.0
    timeline: list[str] = field(default_factory=list)
    deeds: int = 0

    async def rage(self, enough: asyncio.Event) -> None:
        """Do harm, one deed after the other, until it is `enough`; each deed is mended before the next one."""
        rng = random.Random(f"monkey {self.seed}")
        began = time.monotonic()
        while not await _is_set_within(enough, rng.uniform(*_PAUSE_SECONDS) / self.haste):
            (victim,) = rng.choices(self.stage.victims, [victim.weight for victim in self.stage.victims])
            deed, seconds = _choose(rng)
            self._note(began, f"{deed} {victim.name} for {seconds:.1f} s")
            await self._do(deed, victim, seconds / self.haste)
            self.deeds += 1
            self._note(began, f"{victim.name} is back")

    async def _do(self, deed: str, victim: Victim, seconds: float) -> None:
        """Harm a machine and mend it. In threads, because a machine takes its time to stop and to start."""
        harm = {"kill": victim.machine.kill, "freeze": victim.machine.freeze, "restart": victim.machine.stop}[deed]
        mend = victim.machine.thaw if deed == "freeze" else victim.machine.start
        await asyncio.to_thread(harm)
        await asyncio.sleep(seconds)  # the outage itself
        await asyncio.to_thread(mend)

    def _note(self, began: float, what: str) -> None:
        self.timeline.append(f"{time.monotonic() - began:7.2f} s  {what}")


def _choose(rng: random.Random) -> tuple[str, float]:
    deed = rng.choice(_DEEDS)
    return deed, rng.uniform(*(_FROZEN_SECONDS if deed == "freeze" else _AWAY_SECONDS))


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
