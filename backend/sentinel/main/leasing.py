"""Who this process is to others that work on runs, and the leases that it holds."""

from contextlib import AsyncExitStack

from sentinel.clock import Clock
from sentinel.ids import IdSource
from sentinel.main.process_name import process_name
from sentinel.main.storage import Storage
from sentinel.persistence.database_url import is_sqlite
from sentinel.persistence.engine import create_engine
from sentinel.persistence.run_store import SqlRunStore
from sentinel.runs.leases import LeaseOptions, Leases
from sentinel.settings import Settings

_CONNECTIONS = 2
"""Of their own, to PostgreSQL: slow statements of others must not keep a lease from being renewed."""


async def open_leases(
    settings: Settings, *, storage: Storage, clock: Clock, ids: IdSource, stack: AsyncExitStack
) -> Leases:
    """Begin to hold leases; what is held is released with `stack`.

    A SQLite file belongs to one process, as the lock beside it proves: what the one before held has lapsed.

    Raises:
        StoreUnavailableError: the database cannot be written.
    """
    runs = storage.runs
    if is_sqlite(storage.engine.url):
        await runs.lapse()
    else:
        engine = create_engine(settings.database_url.get_secret_value(), connections=_CONNECTIONS, clock=clock)
        stack.push_async_callback(engine.dispose)
        runs = SqlRunStore(engine)
    options = LeaseOptions(
        owner=f"{process_name()}:{ids.new()[-6:]}",
        lease_seconds=settings.runs.lease_seconds,
        renew_seconds=settings.runs.renew_seconds,
    )
    return await stack.enter_async_context(Leases(runs=runs, clock=clock, options=options))
