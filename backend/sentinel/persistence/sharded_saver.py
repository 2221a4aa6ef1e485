"""One checkpoint saver made of several, for PostgreSQL.

LangGraph's own holds a lock over its pool: alone it would run one statement at a time, however many connections there
are. What belongs to one thread stays with one of them, and so in order.
"""

import zlib
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, LiteralString

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool


class ShardedSaver(BaseCheckpointSaver[str]):
    """Gives each thread to one of its shards, which keep everything in the same tables."""

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[DictRow]], *, serde: SerializerProtocol, shards: int
    ) -> None:
        """Make so many savers over `pool`, which the caller opens and closes."""
        super().__init__(serde=serde)
        self._pool = pool
        self._shards = [AsyncPostgresSaver(pool, serde=serde) for _ in range(shards)]

    def with_allowlist(self, extra_allowlist: Collection[tuple[str, ...]]) -> "ShardedSaver":
        """Give a saver over the same pool that revives these types, too."""
        serde = self._shards[0].with_allowlist(extra_allowlist).serde
        return ShardedSaver(self._pool, serde=serde, shards=len(self._shards))

    async def read_column(self, statement: LiteralString) -> set[str]:
        """Give what the only column of a query holds."""
        async with self._pool.connection() as connection:
            found = await connection.execute(statement)
            return {value for row in await found.fetchall() for value in row.values()}

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Give the version after `current`."""
        return self._shards[0].get_next_version(current, channel)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read a checkpoint."""
        return await self._of(config).aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Read many; of every thread if `config` is None."""
        shard = self._of(config) if config is not None else self._shards[0]
        async for found in shard.alist(config, filter=filter, before=before, limit=limit):
            yield found

    async def aput(  # noqa: PLR0917 - the library's signature
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint."""
        return await self._of(config).aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(  # noqa: PLR0917 - the library's signature
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a task of a step has written."""
        await self._of(config).aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a thread."""
        await self._at(thread_id).adelete_thread(thread_id)

    def _of(self, config: RunnableConfig) -> BaseCheckpointSaver[str]:
        return self._at(config["configurable"]["thread_id"])

    def _at(self, thread_id: str) -> BaseCheckpointSaver[str]:
        return self._shards[zlib.crc32(thread_id.encode()) % len(self._shards)]
