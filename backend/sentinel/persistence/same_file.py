"""Whether the file of a database is still the one that was opened.

Whoever removes or replaces it does not disturb those who have it open: they go on writing to what nobody finds again.
"""

import os
from typing import Final

from sentinel.errors import StoreUnavailableError

_GONE: Final = "the database is not available: its file was removed or replaced while in use; put it back, or restart"


class SameFile:
    """Knows the file at a path from the first look on."""

    def __init__(self, path: str) -> None:
        """Look at nothing yet."""
        self._path = path
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """Look, while the database is open; raises StoreUnavailableError if another file is there, or none."""
        found = _identity(self._path)
        if self._known is None:
            self._known = found
        if found is None or found != self._known:
            raise StoreUnavailableError(_GONE)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
