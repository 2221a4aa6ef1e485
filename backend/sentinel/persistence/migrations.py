"""Brings the database to the newest schema when the process starts."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from sentinel.errors import ConfigurationError, StoreError, StoreUnavailableError
from sentinel.persistence.database_url import is_sqlite, normalise, prepare_file, sqlite_file
from sentinel.persistence.driver_errors import translated
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_PROJECT = Path(__file__).resolve().parents[3]


async def upgrade(database_url: str) -> None:
    """Apply the migrations that are missing. Several processes may do so at once, but not one process twice.

    Raises:
        ConfigurationError: the URL is wrong, the file cannot be written, or it is not a database of ours.
        StoreUnavailableError: the database cannot be reached.
    """
    url = normalise(database_url)
    if is_sqlite(url):
        prepare_file(sqlite_file(url))
    config = alembic_config(database_url)
    try:
        with translated():
            await asyncio.to_thread(command.upgrade, config, "head")  # alembic is synchronous
    except StoreUnavailableError:
        raise
    except (StoreError, CommandError) as error:
        named = url.set(query={}).render_as_string(hide_password=True)  # its words may hold a password, too
        message = f"{named} cannot be migrated: {error}"
        raise ConfigurationError(message) from error
    if applied := config.attributes["applied"]:
        logger.info("database_migrated", revision=applied[-1], steps=len(applied))


def alembic_config(database_url: str) -> Config:
    """Give alembic's configuration for this database.

    Raises:
        ConfigurationError: the migrations do not lie beside the package.
    """
    script = _PROJECT / "alembic"
    if not (script / "env.py").is_file():
        message = f"the migrations are missing: there is no {str(script)!r}"
        raise ConfigurationError(message)
    config = Config()
    config.set_main_option("script_location", str(script).replace("%", "%%"))
    config.attributes["database_url"] = database_url
    config.attributes["applied"] = []
    return config
