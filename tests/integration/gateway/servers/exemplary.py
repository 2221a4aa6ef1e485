"""The tools that the protocol's conformance suite calls, as a server over stdio: `python exemplary.py`."""

import asyncio
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import AudioContent, CallToolResult, ContentBlock, EmbeddedResource, ImageContent, TextContent, Tool
from mcp_types import TextResourceContents as TextResource
from pydantic import Field

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
IMAGE = ImageContent(type="image", data=PIXEL, mime_type="image/png")


def resource(name: str, kind: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResource(uri=f"test://{name}", mime_type=kind, text=text))


def result(*content: ContentBlock) -> CallToolResult:
    return CallToolResult(content=list(content))


async def test_simple_text() -> str:
    return "This is a simple text response for testing."


async def test_image_content() -> CallToolResult:
    return result(IMAGE)


async def test_audio_content() -> CallToolResult:
    return result(AudioContent(type="audio", data=SILENCE, mime_type="audio/wav"))


async def test_embedded_resource() -> CallToolResult:
    return result(resource("embedded-resource", "text/plain", "This is an embedded resource content."))


async def test_multiple_content_types() -> CallToolResult:
    mixed = resource("mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return result(TextContent(type="text", text="Multiple content types test:"), IMAGE, mixed)


async def test_error_handling() -> str:
    message = "This tool intentionally returns an error for testing"
    raise ToolError(message)


async def test_tool_with_progress(context: Context[Any, Any]) -> str:
    for done in (0, 50, 100):
        await context.report_progress(done, 100)
        await asyncio.sleep(0.05)
    return "done"


async def test_logging_tool(context: Context[Any, Any]) -> str:
    await context.info("a line that nobody has asked for")
    return "logged"


async def test_streaming_elicitation(context: Context[Any, Any]) -> str:
    await context.report_progress(1, 1)
    return "done without a question"


async def test_custom_headers(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    return region


def json_schema_2020_12_tool() -> str:
    return "ok"


TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_progress,
    test_logging_tool,
    test_streaming_elicitation,
    test_custom_headers,
    json_schema_2020_12_tool,
)
# Every keyword of JSON Schema 2020-12 that must come through unchanged.
INTRICATE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Exemplary(MCPServer[None]):
    """A server whose list of tools can be changed from outside."""

    async def list_tools(self) -> list[Tool]:
        """Give one tool the schema that no Python function has."""
        tools = await super().list_tools()
        intricate = {"input_schema": INTRICATE}
        return [tool.model_copy(update=intricate) if tool.name.startswith("json_schema") else tool for tool in tools]

    async def change(self, context: Context[Any, Any]) -> str:
        """Offer one tool more, or less."""
        if any(tool.name == "sometimes" for tool in await self.list_tools()):
            self.remove_tool("sometimes")
        else:
            self.add_tool(test_simple_text, name="sometimes", description="A tool that comes and goes.")
        await context.notify_tools_changed()
        return "changed"


def main() -> None:
    server = Exemplary("exemplary", log_level="WARNING")
    for tool in TOOLS:
        server.add_tool(tool, description="A tool of the conformance suite.", structured_output=False)
    server.add_tool(server.change, name="test_trigger_tool_change", description="Change the list of tools.")
    server.run("stdio")


if __name__ == "__main__":
    main()
