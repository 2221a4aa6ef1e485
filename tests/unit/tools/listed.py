"""A tool as the SDK gives it from a server's list."""

from mcp_types import Tool, ToolAnnotations


def tool(name: str = "t", annotations: ToolAnnotations | None = None, **more: object) -> Tool:
    return Tool.model_validate({"name": name, "input_schema": {"type": "object"}, "annotations": annotations} | more)
