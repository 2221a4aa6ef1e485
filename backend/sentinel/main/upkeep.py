"""What keeps the database small: records that are too old, logs that are compacted and pruned, leaked checkpoints."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from sentinel.clock import Clock
from sentinel.persistence.checkpoint_leaks import CheckpointLeaks
from sentinel.persistence.compaction import Compaction
from sentinel.persistence.engine import Engine
from sentinel.persistence.housekeeping import Chore, Housekeeper
from sentinel.persistence.pruning import Pruning
from sentinel.persistence.retention import Retention, kept, rules
from sentinel.settings.operation_sections import RetentionSettings

_COMPACT_EVERY_SECONDS = 60.0
_DELETE_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """The chores of the housekeeper, for those who count what they did."""

    retention: Retention
    compaction: Compaction
    pruning: Pruning

    @property
    def deleted(self) -> Mapping[str, int]:
        """How many records of each kind were deleted; of logs, how many were pruned."""
        return {**self.retention.deleted, "logs": self.pruning.pruned}


async def open_upkeep(settings: RetentionSettings, engine: Engine, *, clock: Clock, stack: AsyncExitStack) -> Upkeep:
    """Start the housekeeper of the database; it stops with `stack`."""
    upkeep = Upkeep(
        retention=Retention(
            engine=engine,
            clock=clock,
            rules=rules(
                requests_days=settings.requests_days,
                incidents_days=settings.incidents_days,
                tool_calls_days=settings.tool_calls_days,
            ),
        ),
        compaction=Compaction(
            engine=engine, clock=clock, after=timedelta(minutes=settings.compact_after_minutes) or None
        ),
        pruning=Pruning(engine=engine, clock=clock, keep=kept(settings.events_days)),
    )
    chores = [
        Chore(name="records", tidy=upkeep.retention.tidy, every_seconds=_DELETE_EVERY_SECONDS),
        Chore(name="old_logs", tidy=upkeep.pruning.tidy, every_seconds=_DELETE_EVERY_SECONDS),
        Chore(name="logs", tidy=upkeep.compaction.tidy, every_seconds=_COMPACT_EVERY_SECONDS),
    ]
    await stack.enter_async_context(Housekeeper(chores, clock=clock))
    return upkeep


async def watch_for_leaks(
    saver: BaseCheckpointSaver[Any], engine: Engine, *, clock: Clock, stack: AsyncExitStack
) -> None:
    """Start to look for checkpoints that were left behind, by this process or one before; it stops with `stack`."""
    leaks = CheckpointLeaks(saver=saver, engine=engine)
    chore = Chore(name="checkpoints", tidy=leaks.tidy, every_seconds=_DELETE_EVERY_SECONDS)
    await stack.enter_async_context(Housekeeper([chore], clock=clock))
