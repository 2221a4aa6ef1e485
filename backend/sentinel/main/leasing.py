"""Who this process is to others that work on runs, and the leases that it holds."""

import os
import socket
from contextlib import AsyncExitStack

from sentinel.clock import Clock
from sentinel.ids import IdSource
from sentinel.main.storage import Storage
from sentinel.persistence.database_url import is_sqlite
from sentinel.runs.leases import LeaseOptions, Leases
from sentinel.settings import Settings


async def open_leases(
    settings: Settings, *, storage: Storage, clock: Clock, ids: IdSource, stack: AsyncExitStack
) -> Leases:
    """Begin to hold leases; what is held is released with `stack`.

    A SQLite file belongs to one process, as the lock beside it proves: what the one before held has lapsed.

    Raises:
        StoreUnavailableError: the database cannot be written.
    """
    if is_sqlite(storage.engine.url):
        await storage.runs.lapse()
    options = LeaseOptions(
        # Containers may all be process 1 of a host of one name.
        owner=f"{socket.gethostname()}:{os.getpid()}:{ids.new()[-6:]}",
        lease_seconds=settings.runs.lease_seconds,
        renew_seconds=settings.runs.renew_seconds,
    )
    return await stack.enter_async_context(Leases(runs=storage.runs, clock=clock, options=options))
