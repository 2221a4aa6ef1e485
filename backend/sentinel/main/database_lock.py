"""A SQLite file belongs to one process: two on one would take each other's runs, or drop their checkpoints."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import ConfigurationError


@contextmanager
def owned(database: Path) -> Iterator[None]:
    """Hold the file as long as the context is open; the system lets it go however the process ends.

    The lock lies beside the file itself, where whoever comes to it by another name, a symbolic link, finds it, too.

    Raises:
        ConfigurationError: another process holds it, or its folder cannot be written.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        file = database.resolve()
        lock = file.with_name(f"{file.name}.lock").open("a")
    except OSError as error:
        message = f"the database {str(database)!r} cannot be used: {error.strerror}"
        raise ConfigurationError(message) from error
    with lock:
        _take(lock.fileno(), database)
        yield


def _take(descriptor: int, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = (
            f"another Sentinel uses the database {str(database)!r}; stop it, "
            "or set SENTINEL_DATA_DIR or DATABASE_URL to another place"
        )
        raise ConfigurationError(message) from error
