"""An MCP server that lists, reads and searches files below the folders it was given, and nothing outside them."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import BaseModel

from mcp_servers.file_search import BINARY_PROBE, Search, Wanted, search_below
from mcp_servers.folder_tree import MAX_PATH, Entry, FolderTree, PathError
from mcp_servers.plain_text import cleaned, echo
from mcp_servers.serving import LOOKS_ONLY, answer, argument_parser, number_field, serve, text_field

ROOTS_VARIABLE: Final = "FILES_ROOTS"
MAX_ENTRIES: Final = 500
MAX_READ_BYTES: Final = 10_000_000
MAX_READ_CHARACTERS: Final = 60_000
MAX_QUERY: Final = 200

LIST_DESCRIPTION: Final = "List a folder: names of files with their sizes, and of folders. Start with an empty path."
READ_DESCRIPTION: Final = (
    "Return the text of a file, from a line on. Long files are cut, with a note that says where to go on."
)
SEARCH_DESCRIPTION: Final = (
    "Find lines that contain a text (as it stands, not a pattern) in all files below a folder; returns path, line "
    "number and line. `names` narrows the search to file names such as *.py."
)

PathField = Annotated[str, text_field("A path below the top, such as notes/plan.md; empty: the top.", most=MAX_PATH)]
Line = Annotated[int, number_field("The first line to return, from 1.", least=1, most=10_000_000)]
Query = Annotated[str, text_field("The text to look for.", most=MAX_QUERY)]
Names = Annotated[str, text_field("Which files, by name: * stands for any characters.", most=MAX_QUERY)]


class Listed(BaseModel):
    """One entry of a folder."""

    name: str
    kind: str
    size: int | None


class Listing(BaseModel):
    """The entries of a folder; `left_out` counts those above the limit."""

    entries: list[Listed]
    left_out: int


class Hit(BaseModel):
    """One line with the text."""

    path: str
    line: int
    text: str


class Hits(BaseModel):
    """What was found in how many files; `stopped` says why it may not be all."""

    hits: list[Hit]
    files: int
    stopped: str | None


class Shelf:
    """The folders that may be read: one whose paths start at its top, or several whose names come first."""

    def __init__(self, roots: Sequence[Path]) -> None:
        """Open the folders.

        Raises:
            OSError: one of them cannot be opened.
            ValueError: there is none, or two have the same name.
        """
        trees = [FolderTree(root) for root in roots]
        self._trees = {tree.root.name if len(trees) > 1 else "": tree for tree in trees}
        if len(self._trees) != len(trees) or not trees:
            message = "give at least one --root, each with a name of its own"
            raise ValueError(message)

    def close(self) -> None:
        """Close the folders."""
        for tree in self._trees.values():
            tree.close()

    def entries(self, path: str) -> list[Entry]:
        """List a folder, or the names of the roots.

        Raises:
            PathError: the path cannot be used.
        """
        if "" not in self._trees and not path.strip("./"):
            return [Entry(name, "folder") for name in sorted(self._trees)]
        tree, inner = self._find(path)
        return tree.entries(inner)

    def read(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            PathError: the path cannot be used, or the file is no text, or too large.
        """
        tree, inner = self._find(path)
        with tree.file(inner) as descriptor:
            return _text_of(descriptor, path)

    def search(self, path: str, wanted: Wanted) -> Search:
        """Look for a text below a folder.

        Raises:
            PathError: the path cannot be used.
        """
        tree, inner = self._find(path)
        with tree.folder(inner) as descriptor:
            return search_below(descriptor, wanted, seconds_now=time.monotonic)

    def _find(self, path: str) -> tuple[FolderTree, str]:
        if "" in self._trees:
            return self._trees[""], path
        name, _, inner = path.removeprefix("./").partition("/")
        if name not in self._trees:
            message = f"{echo(path)} must begin with one of: {', '.join(sorted(self._trees))}"
            raise PathError(message)
        return self._trees[name], inner


def _text_of(descriptor: int, path: str) -> str:
    size = os.fstat(descriptor).st_size
    if size > MAX_READ_BYTES:
        message = f"{echo(path)} has {size} bytes; files above {MAX_READ_BYTES} are not read"
        raise PathError(message)
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(MAX_READ_BYTES)
    if b"\0" in content[:BINARY_PROBE]:
        message = f"{echo(path)} is a binary file"
        raise PathError(message)
    return content.decode("utf-8", "replace")


def listing(shelf: Shelf, path: str) -> CallToolResult:
    """Answer with the entries of a folder."""
    entries = shelf.entries(path)
    shown = entries[:MAX_ENTRIES]
    left_out = len(entries) - len(shown)
    lines = [_listed(entry) for entry in shown] + ([f"[{left_out} more]"] if left_out else [])
    facts = [Listed(name=entry.name, kind=entry.kind, size=entry.size) for entry in shown]
    return answer("\n".join(lines) or "The folder is empty.", Listing(entries=facts, left_out=left_out))


def _listed(entry: Entry) -> str:
    if entry.kind == "folder":
        return f"{entry.name}/"
    return entry.name + (f" ({entry.kind})" if entry.size is None else f"  {entry.size} bytes")


def page(text: str, path: str, *, start_line: int) -> str:
    """Return the lines from `start_line` on, up to a fixed number of characters.

    Raises:
        PathError: there is no such line.
    """
    lines = cleaned(text).split("\n")
    if not 1 <= start_line <= len(lines):
        message = f"{echo(path)} has {len(lines)} lines; start_line is {start_line}"
        raise PathError(message)
    wanted = "\n".join(lines[start_line - 1 :])
    if len(wanted) <= MAX_READ_CHARACTERS:
        return wanted
    kept = wanted[:MAX_READ_CHARACTERS]
    whole = kept.rpartition("\n")[0] or kept  # a single line longer than a page is cut
    following = start_line + whole.count("\n") + 1
    return f"{whole}\n\n[cut: go on with start_line={following}; {len(lines)} lines in all]"


def hits(shelf: Shelf, query: str, *, path: str, names: str) -> CallToolResult:
    """Answer with the lines that have a text."""
    if not query.strip() or len(query) > MAX_QUERY or len(names) > MAX_QUERY:
        message = f"give a text of 1 to {MAX_QUERY} characters to look for"
        raise PathError(message)
    found = shelf.search(path, Wanted(text=query, names=names or "*"))
    base = "/".join(name for name in path.split("/") if name not in {"", "."})
    shown = [Hit(path=f"{base}/{hit.path}" if base else hit.path, line=hit.line, text=hit.text) for hit in found.hits]
    lines = [f"{hit.path}:{hit.line}: {hit.text}" for hit in shown] or [f"Nothing found in {found.files} files."]
    note = [f"[{found.stopped}]"] if found.stopped else []
    return answer("\n".join(lines + note), Hits(hits=shown, files=found.files, stopped=found.stopped))


def build_server(shelf: Shelf) -> MCPServer[None]:
    """Return the server over open folders, not yet running. Its tools block, so the SDK gives each call a thread."""
    server: MCPServer[None] = MCPServer("files", version="1.0.0", log_level="WARNING")

    def list_folder(path: PathField = "") -> Annotated[CallToolResult, Listing]:
        with _errors_told():
            return listing(shelf, path)

    def read(path: PathField, start_line: Line = 1) -> str:
        with _errors_told():
            return page(shelf.read(path), path, start_line=start_line)

    def search(query: Query, path: PathField = "", names: Names = "*") -> Annotated[CallToolResult, Hits]:
        with _errors_told():
            return hits(shelf, query, path=path, names=names)

    server.add_tool(
        list_folder, name="list", title="List a folder", description=LIST_DESCRIPTION, annotations=LOOKS_ONLY
    )
    server.add_tool(
        read, title="Read a file", description=READ_DESCRIPTION, annotations=LOOKS_ONLY, structured_output=False
    )
    server.add_tool(search, title="Search files", description=SEARCH_DESCRIPTION, annotations=LOOKS_ONLY)
    return server


@contextmanager
def _errors_told() -> Iterator[None]:
    """What is wrong with a path is for the caller; a failing disk is, too, but without the machine's own paths."""
    try:
        yield
    except PathError as exc:
        raise ToolError(str(exc)) from exc
    except OSError as exc:
        message = f"the folder cannot be read: {os.strerror(exc.errno or 0)}"
        raise ToolError(message) from exc


def roots(options: argparse.Namespace, environment: Mapping[str, str]) -> list[Path]:
    """Return the folders asked for on the command line, else in the environment."""
    named = environment.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return options.root or [Path(name) for name in named if name]


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argument_parser(module="mcp_servers.files", description="List, read and search files below given folders.")
    made.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="DIR",
        help=f"a folder that may be read; may be repeated (or {ROOTS_VARIABLE}, separated by {os.pathsep!r})",
    )
    return made


def main() -> None:
    """Run the server as a program."""
    options = parser().parse_args()
    try:
        shelf = Shelf(roots(options, os.environ))
    except (OSError, ValueError) as exc:
        sys.exit(f"files: {exc}")
    serve(build_server(shelf), http_port=options.http)


if __name__ == "__main__":
    main()
