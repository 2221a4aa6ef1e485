"""What a server says about a tool, gone through once: capped, cleaned, judged, and named by a digest.

This is the part of taking in a list that costs time, so it is done tool by tool, with the event loop in between.
"""

import asyncio
import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

from sentinel.tools.catalogue.argument_schemas import NOT_JSON, TOO_MUCH, encodes, fitted, schema_problem
from sentinel.tools.catalogue.definition import facts_of, is_plain
from sentinel.tools.catalogue.harmless_schemas import is_modest
from sentinel.tools.filters.short_lists import MALFORMED

MAX_OWN_NAME: Final = 128
"""What MCP recommends as the longest name of a tool."""
MAX_DESCRIPTION: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTool:
    """A tool as its server lists it; what there is besides `name` counts only if it has no `problem`."""

    name: str
    problem: str | None = None
    """Why it cannot be used, whatever the others are."""
    unchecked: str | None = None
    """Why its results cannot be checked, if they should be."""
    description: str = ""
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    annotations: ToolAnnotations | None = None
    digest: str = ""
    facts: Mapping[str, str]
    size: int = 0
    """How many characters a model is told of it."""


async def read_tools(tools: Iterable[Tool]) -> tuple[ReadTool, ...]:
    """Go through a list, and let others have the event loop after each tool."""
    read = []
    for tool in tools:
        read.append(read_tool(tool))
        await asyncio.sleep(0)
    return tuple(read)


def read_tool(tool: Tool) -> ReadTool:
    """Go through what is said about one tool."""
    problem = _problem(tool)
    if problem is not None:
        return ReadTool(name=tool.name, problem=problem, input_schema={}, facts={})
    unchecked = _output_problem(tool)
    kept = tool if unchecked is None else tool.model_copy(update={"output_schema": None})
    description, schema = cleaned(kept.description or kept.title or ""), fitted(kept.input_schema)
    return ReadTool(
        name=kept.name,
        unchecked=unchecked,
        description=description,
        input_schema=schema,
        output_schema=kept.output_schema,
        annotations=kept.annotations,
        digest=definition_digest(kept),
        facts=facts_of(kept),
        size=len(description) + len(json.dumps(schema)),
    )


def _problem(tool: Tool) -> str | None:
    """Say why a tool cannot be used, whatever the others are."""
    if (tool.meta or {}).get(MALFORMED):
        return "its definition is malformed"
    if not tool.name:
        return "it has no name"
    if len(tool.name) > MAX_OWN_NAME:
        return f"its name is longer than {MAX_OWN_NAME} characters"
    return schema_problem(tool.input_schema) if encodes([tool.name, tool.title]) else NOT_JSON


def _output_problem(tool: Tool) -> str | None:
    if tool.output_schema is None:
        return None
    if not is_modest(tool.output_schema):
        return TOO_MUCH
    return None if encodes(tool.output_schema) else NOT_JSON


def definition_digest(tool: Tool) -> str:
    """Give the SHA-256 of what a server says about a tool: name, title, description, schemas, annotations."""
    definition = tool.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        include={"name", "title", "description", "input_schema", "output_schema", "annotations"},
    )
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def cleaned(text: str) -> str:
    """Return text without control and direction-changing characters, at a bounded length."""
    cut = text[:MAX_DESCRIPTION]
    if is_plain(cut):
        return cut.strip()
    return "".join(char for char in cut if char in "\n\t" or unicodedata.category(char)[0] != "C").strip()
