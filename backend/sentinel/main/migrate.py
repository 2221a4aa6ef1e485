"""The database brought to the newest schema: ours, and that of the queue where there is one."""

from sentinel.coordination.job_schema import prepare_job_tables
from sentinel.persistence.database_url import is_sqlite, libpq_url, normalise
from sentinel.persistence.migrations import upgrade


async def bring_up_to_date(database_url: str) -> None:
    """Apply what is missing; several processes may do so at once.

    Raises:
        ConfigurationError, StoreUnavailableError: the database cannot be used.
    """
    await upgrade(database_url)
    url = normalise(database_url)
    if not is_sqlite(url):
        await prepare_job_tables(libpq_url(url))
