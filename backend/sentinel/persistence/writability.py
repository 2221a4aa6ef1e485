"""Whether the database takes what is written: a full disk, or a lock that somebody holds, still lets everybody read."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from sentinel.errors import StoreUnavailableError


class Writability:
    """What came of the last write. The engine watches its writes with it."""

    def __init__(self) -> None:
        """Begin with a database that takes what is written."""
        self.failure: str | None = None
        self._is_being_proved = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note whether the write in the block was taken; a refusal of its contents says nothing."""
        try:
            yield
        except StoreUnavailableError as error:
            self.failure = error.message
            raise
        self.failure = None

    @contextmanager
    def proving(self) -> Iterator[None]:
        """Let one at a time find out whether it works again; raises StoreUnavailableError for the others."""
        if self._is_being_proved:
            raise StoreUnavailableError(self.failure or "it is being found out whether the database can be written")
        self._is_being_proved = True
        try:
            yield
        finally:
            self._is_being_proved = False


def answer(connection: Connection) -> None:
    """Read as little as can be."""
    connection.execute(text("SELECT 1"))


def rewrite(connection: Connection) -> None:
    """Change nothing, in a way that has to reach the disk."""
    connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
