"""A folder that can be read and cannot be left: every path is walked from its root, one name at a time.

No step follows a link (`O_NOFOLLOW` from a descriptor of the folder before), so it does not matter what somebody puts
there between two steps: what is opened is below the root, or nothing is. Names that begin with a dot stay hidden.
"""

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_servers.plain_text import echo

MAX_PATH: Final = 1_000
MAX_LEVELS: Final = 40
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_REASONS: Final = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be read",
    errno.EPERM: "may not be read",
    errno.ELOOP: "is a link, and links are not followed",
    errno.ENOTDIR: "is not a folder",
    errno.EISDIR: "is a folder",
    errno.ENXIO: "is not an ordinary file",
    errno.ENAMETOOLONG: "has too long a name",
}


class PathError(ValueError):
    """A path that cannot be used; the message says why, for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder; `size` is in bytes, None for anything but an ordinary file."""

    name: str
    kind: str
    size: int | None = None


def components(path: str) -> tuple[str, ...]:
    """Split a path into its names; the root itself has none.

    Raises:
        PathError: it is absolute, goes up, is hidden, or looks like something else than it is.
    """
    if len(path) > MAX_PATH:
        message = f"the path has {len(path)} characters; the limit is {MAX_PATH}"
        raise PathError(message)
    if path.startswith(("/", "~", "\\")):
        message = f"{echo(path)} is not a path inside the folder; write it without a leading / or ~"
        raise PathError(message)
    names = tuple(name for name in path.split("/") if name not in {"", "."})
    for name in names:
        _check_name(name, path)
    if len(names) > MAX_LEVELS:
        message = f"{echo(path)} is deeper than {MAX_LEVELS} levels"
        raise PathError(message)
    return names


def _check_name(name: str, path: str) -> None:
    plain = unicodedata.normalize("NFKC", name)
    if ".." in {name, plain}:
        message = f"{echo(path)} would leave the folder"
    elif any(unicodedata.category(char)[0] == "C" for char in name):
        message = f"{echo(path)} has invisible characters"
    elif "\\" in plain or "/" in plain:
        message = f"{echo(path)} has a character that looks like a separator; separate names with /"
    elif plain.startswith("."):
        message = f"{echo(path)} is hidden; names that begin with a dot are not shown"
    else:
        return
    raise PathError(message)


class FolderTree:
    """One root, open for as long as the program runs."""

    def __init__(self, root: Path) -> None:
        """Open the root; a link to it is followed, this once.

        Raises:
            OSError: it cannot be opened as a folder.
        """
        self.root = root.resolve(strict=True)
        self._descriptor = os.open(self.root, FOLDER_FLAGS)

    def close(self) -> None:
        """Close the root."""
        os.close(self._descriptor)

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Give a descriptor of a folder below the root.

        Raises:
            PathError: there is no such folder that may be used.
        """
        descriptor = self._walk(components(path), path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def file(self, path: str) -> Iterator[int]:
        """Give a descriptor of an ordinary file below the root.

        Raises:
            PathError: there is no such file that may be used.
        """
        *above, name = components(path) or ("",)
        parent = self._walk(tuple(above), path)
        try:
            descriptor = _open_file(name, path, parent=parent)
        finally:
            os.close(parent)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def entries(self, path: str) -> list[Entry]:
        """List what is in a folder, by name, hidden things left out.

        Raises:
            PathError: there is no such folder that may be used.
        """
        with self.folder(path) as descriptor:
            return visible_entries(descriptor)

    def _walk(self, names: tuple[str, ...], path: str) -> int:
        current = os.dup(self._descriptor)
        for name in names:
            try:
                following = os.open(name, FOLDER_FLAGS, dir_fd=current)
            except OSError as error:
                raise PathError(_reason(error, name, path, parent=current)) from error
            finally:
                os.close(current)
            current = following
        return current


def open_below(name: str, *, parent: int) -> int | None:
    """Open an ordinary file by name in a folder, or give None: it is something else, or went away."""
    try:
        return _open_file(name, name, parent=parent)
    except PathError:
        return None


def visible_entries(descriptor: int) -> list[Entry]:
    """List what is in an open folder, by name."""
    with os.scandir(descriptor) as found:
        entries = [_entry(each) for each in found if _is_visible(each.name)]
    return sorted(entries, key=lambda each: (each.kind != "folder", each.name))


def _is_visible(name: str) -> bool:
    try:
        components(name)
        name.encode()  # bytes that are no text have no path that could be asked for
    except ValueError:
        return False
    return True


def _entry(found: "os.DirEntry[str]") -> Entry:
    try:
        facts = found.stat(follow_symlinks=False)
    except OSError:
        return Entry(found.name, "other")
    if stat.S_ISREG(facts.st_mode):
        return Entry(found.name, "file", facts.st_size)
    return Entry(found.name, "folder" if stat.S_ISDIR(facts.st_mode) else "link" if found.is_symlink() else "other")


def _open_file(name: str, path: str, *, parent: int) -> int:
    if not name:
        message = f"{echo(path)} is a folder"
        raise PathError(message)
    try:
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=parent)
    except OSError as error:
        raise PathError(_reason(error, name, path, parent=parent)) from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    message = f"{echo(path)} is {'a folder' if stat.S_ISDIR(mode) else 'not an ordinary file'}"
    raise PathError(message)


def _reason(error: OSError, name: str, path: str, *, parent: int) -> str:
    code = error.errno
    if code == errno.ENOTDIR and _is_link(name, parent):
        code = errno.ELOOP  # systems disagree on what a link is where a folder should be
    reason = _REASONS.get(code or 0, f"cannot be opened ({os.strerror(code or 0)})")
    return f"{echo(path)}: {echo(name)} {reason}" if name != path else f"{echo(path)} {reason}"


def _is_link(name: str, parent: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return False
