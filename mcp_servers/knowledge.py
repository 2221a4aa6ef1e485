"""An MCP server that searches and reads a folder of Markdown: by default, Sentinel's own documentation."""

import argparse
import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from mcp_servers.markdown_index import MAX_RESULTS, MarkdownIndex, Source
from mcp_servers.serving import LOOKS_ONLY, argument_parser, number_field, serve, text_field

FOLDER_VARIABLE: Final = "KNOWLEDGE_FOLDER"
MAX_READ_CHARACTERS: Final = 60_000
MAX_LISTED: Final = 50
MAX_QUERY: Final = 2_000

SEARCH_DESCRIPTION: Final = (
    "Full-text search in the documentation. Give keywords or a question; returns the best sections with their path, "
    "heading and a snippet. Use `read` with a path to get the whole document."
)
READ_DESCRIPTION: Final = "Return the text of one document of the documentation, by a path that `search` returned."

Query = Annotated[str, text_field("Keywords, or a question.", most=MAX_QUERY)]
Limit = Annotated[int, number_field("How many sections to return.", least=1, most=MAX_RESULTS)]
PathField = Annotated[str, text_field("A path, as `search` shows it.", most=MAX_QUERY)]


def search_answer(index: MarkdownIndex, query: str, *, limit: int) -> str:
    """Return the hits as a numbered list for a model to read.

    Raises:
        ToolError: the query is empty.
    """
    if not query.strip() or len(query) > MAX_QUERY:
        message = f"the query is empty or longer than {MAX_QUERY} characters; give some keywords"
        raise ToolError(message)
    hits = index.search(query, limit=limit)
    if not hits:
        return f"Nothing found for {query[:200]!r} in {len(index.paths())} documents."
    return "\n\n".join(
        f"{number}. {hit.path} (line {hit.line}): {hit.heading}\n   {hit.snippet}"
        for number, hit in enumerate(hits, start=1)
    )


def read_answer(index: MarkdownIndex, path: str) -> str:
    """Return a document, cut at a fixed length with a note.

    Raises:
        ToolError: no document has this path.
    """
    text = index.read(path.strip().removeprefix("./"))
    if text is None:
        paths = index.paths()
        listed = ", ".join(paths[:MAX_LISTED]) + (" …" if len(paths) > MAX_LISTED else "")
        message = f"no document {path[:200]!r}; there are: {listed or 'none'}"
        raise ToolError(message)
    if len(text) <= MAX_READ_CHARACTERS:
        return text
    return f"{text[:MAX_READ_CHARACTERS]}\n\n[cut: {len(text) - MAX_READ_CHARACTERS} more characters]"


def build_server(index: MarkdownIndex) -> MCPServer[None]:
    """Return the server over an index, not yet running."""
    server: MCPServer[None] = MCPServer("knowledge", version="1.0.0", log_level="WARNING")

    async def search(query: Query, limit: Limit = 5) -> str:
        return search_answer(index, query, limit=limit)

    async def read(path: PathField) -> str:
        return read_answer(index, path)

    server.add_tool(
        search, title="Search", description=SEARCH_DESCRIPTION, annotations=LOOKS_ONLY, structured_output=False
    )
    server.add_tool(read, title="Read", description=READ_DESCRIPTION, annotations=LOOKS_ONLY, structured_output=False)
    return server


def sources(folder: str | None, *, project: Path) -> Sequence[Source]:
    """Return what to index: the folder asked for, else the project's documentation.

    Raises:
        FileNotFoundError: the folder asked for is not a folder.
    """
    if folder is None:
        return [Source(project / "README.md", project), Source(project / "docs", project)]
    location = Path(folder)
    if not location.is_dir():
        message = f"the knowledge folder {folder!r} is not a folder"
        raise FileNotFoundError(message)
    return [Source(location, location)]


def _options(environment: Mapping[str, str]) -> argparse.Namespace:
    parser = argument_parser(module="mcp_servers.knowledge", description="Full-text search in a folder of Markdown.")
    parser.add_argument(
        "--folder",
        default=environment.get(FOLDER_VARIABLE) or None,
        help=f"folder of Markdown files (or {FOLDER_VARIABLE}; default: Sentinel's own documentation)",
    )
    return parser.parse_args()


def main() -> None:
    """Run the server as a program."""
    options = _options(os.environ)
    try:
        index = MarkdownIndex()
        index.add_sources(sources(options.folder, project=Path(__file__).resolve().parent.parent))
    except (OSError, sqlite3.Error) as exc:
        sys.exit(f"knowledge: {exc}")
    serve(build_server(index), http_port=options.http)


if __name__ == "__main__":
    main()
