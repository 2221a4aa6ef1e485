"""Checkpoints that nobody will need: those of runs that have ended or are gone, and that their runner left behind.

Every process drops what it finds: to drop what another has dropped does nothing.
"""

from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from sqlalchemy import Connection, select

from sentinel.persistence.checkpointer import kept_threads
from sentinel.persistence.engine import Engine
from sentinel.persistence.tables import is_active, runs
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_IDS_PER_STATEMENT = 500  # old builds of SQLite allow 999 parameters


class CheckpointLeaks:
    """Drops checkpoints whose run is not under way."""

    def __init__(self, *, saver: BaseCheckpointSaver[Any], engine: Engine) -> None:
        """Look in `saver` for runs that `engine` does not know as active."""
        self._raw = saver
        self._saver = TranslatingSaver(saver)
        self._engine = engine
        self.dropped = 0

    async def tidy(self) -> None:
        """Drop them. A run that begins meanwhile is safe: what is kept is asked for first, what is active after it.

        Raises:
            StoreError: one of the two databases cannot do it now.
        """
        kept = sorted(await kept_threads(self._raw))
        active = await self._engine.read(_active, kept)
        leaked = [run_id for run_id in kept if run_id not in active]
        for run_id in leaked:
            await self._saver.adelete_thread(run_id)
            self.dropped += 1
        if leaked:
            logger.info("checkpoints_dropped", count=len(leaked))


def _active(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    active: set[str] = set()
    for start in range(0, len(run_ids), _IDS_PER_STATEMENT):
        some = run_ids[start : start + _IDS_PER_STATEMENT]
        active.update(connection.scalars(select(runs.c.run_id).where(runs.c.run_id.in_(some), is_active)))
    return active
