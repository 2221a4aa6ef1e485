"""The database brought to the newest schema: ours, and in PostgreSQL those of the queue and of checkpoints."""

from sentinel.coordination.job_schema import prepare_job_tables
from sentinel.persistence.checkpointer import prepare_checkpoint_tables
from sentinel.persistence.database_url import is_sqlite, libpq_url, normalise
from sentinel.persistence.migrations import upgrade


async def bring_up_to_date(database_url: str) -> None:
    """Apply what is missing, if anything; only that takes the right to change tables. Any number may do so at once.

    Raises:
        ConfigurationError, StoreUnavailableError: the database cannot be used.
    """
    await upgrade(database_url)
    url = normalise(database_url)
    if not is_sqlite(url):
        await prepare_job_tables(libpq_url(url))
        await prepare_checkpoint_tables(libpq_url(url))
