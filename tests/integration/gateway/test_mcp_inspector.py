"""`/mcp` before the Inspector, the tool with which people look at MCP servers, in its command-line mode."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support.server import Server
from tests.support.third_party import INSPECTOR, node

SECONDS = 50


async def inspected(url: str, *arguments: str, folder: Path) -> dict[str, Any]:
    """Let it look, and give what it prints."""
    process = await asyncio.create_subprocess_exec(
        *node(INSPECTOR, "--cli", f"{url}/mcp", "--transport", "http", *arguments),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    found: dict[str, Any] = json.loads(printed)
    return found


async def test_it_lists_the_tools_and_calls_one(gateway_server: Server, tmp_path: Path) -> None:
    """As anybody's server would let it."""
    listed = await inspected(gateway_server.url, "--method", "tools/list", folder=tmp_path)
    assert "calculator__evaluate" in {tool["name"] for tool in listed["tools"]}
    call = ("--method", "tools/call", "--tool-name", "calculator__evaluate", "--tool-arg", "expression=6*7")
    assert (await inspected(gateway_server.url, *call, folder=tmp_path))["content"] == [{"type": "text", "text": "42"}]
