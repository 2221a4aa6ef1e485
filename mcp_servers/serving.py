"""How every server in this folder is started: one command line, two transports.

stdio is the default, so that a supervisor can own the process; `--http PORT` serves streamable HTTP on loopback only.
"""

import argparse
from typing import Any, Final

from mcp.server import MCPServer
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

LOOPBACK: Final = "127.0.0.1"
HIGHEST_PORT: Final = 65535

LOOKS_ONLY: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""Annotations of a tool that changes nothing and asks nobody outside."""

LOOKS_OUTSIDE: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
"""Annotations of a tool that changes nothing and asks somebody outside, whose answers may differ."""


def argument_parser(*, module: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options all servers share; a server may add its own."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument(
        "--http",
        type=_port,
        metavar="PORT",
        default=None,
        help=f"serve streamable HTTP on http://{LOOPBACK}:PORT/mcp instead of stdio",
    )
    return parser


def serve(server: MCPServer[Any], *, http_port: int | None) -> None:
    """Serve until stdin ends (stdio) or until a signal (HTTP)."""
    if http_port is None:
        server.run("stdio")
    else:
        server.run("streamable-http", host=LOOPBACK, port=http_port)


def text_field(description: str, *, most: int) -> Any:
    """Describe a text argument and its greatest length in the tool's schema.

    The schema only says so: the tool checks it itself, with a message that a model can use.
    """
    return Field(description=description, json_schema_extra={"maxLength": most})


def number_field(description: str, *, least: int, most: int) -> Any:
    """Describe a whole number and its limits in the tool's schema; the tool keeps to them itself."""
    return Field(description=description, json_schema_extra={"minimum": least, "maximum": most})


def answer(text: str, facts: BaseModel) -> CallToolResult:
    """Give an answer twice: as text that a model reads well, and as data that fits the tool's output schema."""
    content = TextContent(type="text", text=text)
    return CallToolResult(content=[content], structured_content=facts.model_dump(mode="json"))


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        message = f"{text!r} is not a port; use a number from 1 to {HIGHEST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return int(text)
