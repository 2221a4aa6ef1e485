"""`/mcp` before the protocol's official conformance suite, in both eras."""

import asyncio
from pathlib import Path

import pytest
import yaml

from tests.integration.gateway.servers.exemplary import TOOLS
from tests.support.server import Serve, Server
from tests.support.third_party import CONFORMANCE, LEGACY, MODERN, node

HERE = Path(__file__).parent
SECONDS = 50
# The suite asks for its tools by name, and capabilities are what the gateway serves by a name of the operator's.
NAMES = [*(tool.__name__ for tool in TOOLS), "test_trigger_tool_change"]
CONFIG = {
    "mcpServers": {
        "exemplary": {
            "command": "python",
            "args": [str(HERE / "servers" / "exemplary.py")],
            "trusted": True,
            "pinned": False,
        }
    },
    "tools": {"capabilities": {name: {"members": [{"tool": f"exemplary/{name}"}]} for name in NAMES}},
}


def baseline(revision: str) -> Path:
    return HERE / f"conformance-{revision}.yml"


async def run(*command: str, folder: Path) -> tuple[int | None, str]:
    """Run a program to its end, and give its exit code and all it says."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()


@pytest.fixture
async def exemplary(serve: Serve) -> Server:
    """A gateway over the tools that the suite calls."""
    return await serve({}, config=yaml.safe_dump(CONFIG))


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
async def test_the_conformance_suite_finds_what_it_is_expected_to_find(
    exemplary: Server, tmp_path: Path, revision: str
) -> None:
    """All that a revision requires is tried; every failure is one of the list, and everything on the list fails."""
    options = ["--requirements", revision, "--expected-failures", str(baseline(revision))]
    code, said = await run(*node(CONFORMANCE, "server", "--url", f"{exemplary.url}/mcp", *options), folder=tmp_path)
    assert code == 0, said[-6_000:]
    assert "tools-call-with-progress: 2 passed" in said


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_no_tool_scenario_is_excused(revision: str) -> None:
    """Except for those in which the tool asks its caller back."""
    excused = yaml.safe_load(baseline(revision).read_text(encoding="utf-8"))["server"]
    tools = {name for name in excused if name.startswith("tools-")}
    assert tools <= {"tools-call-with-logging", "tools-call-sampling", "tools-call-elicitation"}
