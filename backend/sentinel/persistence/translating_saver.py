"""A saver whose errors are ours: a run whose checkpoint cannot be written pauses, as for any absence of the database.

Above: LangGraph, which lets an error of its saver through. Below: the savers of `checkpointer`, each with the errors of
its own driver.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.types import ERROR
from psycopg import Error, InterfaceError, OperationalError

from sentinel.errors import StoreError, StoreUnavailableError
from sentinel.graph.builder import BEGINS
from sentinel.persistence.driver_errors import first_line


class TranslatingSaver(BaseCheckpointSaver[Any]):
    """Does what `inner` does; raises StoreUnavailableError where its database is away, StoreError where it refuses."""

    def __init__(self, inner: BaseCheckpointSaver[Any], *, answer_seconds: float = 30.0) -> None:
        """Keep checkpoints in `inner`; one that does not answer in time is away.

        Else a run would wait for ever, under a lease that is renewed, for a connection that a proxy on the way to the
        database keeps open and has forgotten.
        """
        super().__init__(serde=inner.serde)
        self._inner = inner
        self._answer_seconds = answer_seconds

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Give the version that follows, in the form of `inner`."""
        return self._inner.get_next_version(current, channel)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint; of a run that begins there is none."""
        if config["configurable"].get(BEGINS):
            return None
        async with self._asking():
            return await self._inner.aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Read checkpoints, newest first."""
        async with self._asking():
            found = [each async for each in self._inner.alist(config, filter=filter, before=before, limit=limit)]
        for each in found:
            yield each

    async def aput(  # noqa: PLR0917 - the library's signature
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write a checkpoint."""
        async with self._asking():
            return await self._inner.aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(  # noqa: PLR0917 - the library's signature
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Write what a node gave; of one that was broken off, nothing.

        LangGraph writes what such a node gave so far, and later takes it for all: without what was to follow, the run
        would be over. So the node is made again.
        """
        if any(channel == ERROR for channel, _ in writes):
            return
        async with self._asking():
            await self._inner.aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a run."""
        async with self._asking():
            await self._inner.adelete_thread(thread_id)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._answer_seconds):
                yield
        except (OperationalError, InterfaceError, sqlite3.OperationalError, OSError) as error:
            message = f"the checkpoints are not available: {first_line(error)}"
            raise StoreUnavailableError(message) from error
        except (Error, sqlite3.Error) as error:
            message = f"the checkpoints were refused: {first_line(error)}"
            raise StoreError(message) from error
