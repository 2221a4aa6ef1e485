"""The failure demo of the README goes as written: its commands are typed in their order, and show what it shows.

A section between `<!-- demo: NAME -->` and `<!-- demo: end -->` is one sitting at a terminal. The `text` block behind a
`bash` block shows lines of its output, in order; `…` stands for anything.
"""

import re
import shutil
import signal

import httpx
import pytest

from tests.docs.pages import Block, blocks, read
from tests.docs.shown import missing
from tests.docs.terminal import Terminal
from tests.support.server import Serve, Server
from tests.support.sse import frames

ADDRESS = "http://127.0.0.1:8000"
FAST = {"SIMULATED_WORDS_PER_SECOND": "600"}
READABLE = {"SIMULATED_WORDS_PER_SECOND": "100"}
"""Words arrive apart, so that a busy machine has read some of them before the connection is reset."""
_SECTION = re.compile(r"^<!-- demo: (\w+) -->$(.*?)^<!-- demo: end -->$", re.DOTALL | re.MULTILINE)
SECTIONS = {name: blocks(text) for name, text in _SECTION.findall(read("README.md"))}

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("sh", "curl", "python3"))), reason="the demo needs sh, curl and python3"
)


async def test_the_demo_with_curl_goes_as_written(serve: Serve) -> None:
    server = await serve(FAST, with_tools=True)
    await sit_through(SECTIONS["curl"], server)


async def test_the_demos_at_the_wire_and_through_the_gateway_go_as_written(serve: Serve) -> None:
    (config,) = [block.text for block in SECTIONS["wire"] if block.language == "yaml"]
    server = await serve(READABLE, config=config, with_tools=True)
    await sit_through(SECTIONS["gateway"], server)
    await sit_through(SECTIONS["wire"], server)


def test_the_demo_has_what_it_promises() -> None:
    typed = {name: "".join(b.text for b in section if b.language == "bash") for name, section in SECTIONS.items()}
    shown = {name: "".join(b.text for b in section if b.language == "text") for name, section in SECTIONS.items()}
    assert all(act in typed["curl"] for act in ("kill-switch", "breakers/trip", "breakers/reset", "kill -9"))
    assert all(sight in shown["curl"] for sight in ("kill_switch", "circuit_open", "recovered", "completion"))
    assert "breaker_opened" in shown["wire"]


async def sit_through(section: list[Block], server: Server) -> None:
    """Type each block, and compare what it prints with what is shown behind it."""
    async with Terminal(server.folder) as terminal:
        printed: list[str] = []
        for block in section:
            if block.language == "bash":
                printed = await type_in(terminal, block.text, server)
            elif block.language == "text":
                assert missing(block.text, printed) == [], "\n".join(printed)


async def type_in(terminal: Terminal, commands: str, server: Server) -> list[str]:
    """Run a block against the server; what happens to the server's own terminal is done to the server."""
    if commands.strip() == "make run":
        await server.restart()
        return []
    if "kill -9" in commands:
        await until_in_mid_answer(server)
        printed = await terminal.run(re.sub(r"\bPID\b", str(server.pid), commands))
        assert server.stop() == -signal.SIGKILL
        return printed
    return await terminal.run(commands.replace(ADDRESS, server.url))


async def until_in_mid_answer(server: Server) -> None:
    """Follow the newest run until its first words."""
    async with httpx.AsyncClient(base_url=server.url, timeout=10, verify=False) as client:
        (run,) = (await client.get("/api/runs", params={"limit": 1})).json()["items"]
        async with client.stream("GET", run["events_url"]) as response:
            async for frame in frames(response):
                if frame.event == "token":
                    return


@pytest.mark.parametrize(
    ("shown", "printed", "lost"),
    [
        ("a\nb", ["a", "x", "b"], []),
        ("b\na", ["a", "b"], ["a"]),
        ("{… 1, …}", ['{"n": 1, "m": 2}'], []),
        ("{… 3, …}", ['{"n": 1, "m": 2}'], ["{… 3, …}"]),
        ("whole", ["whole line"], ["whole"]),
    ],
)
def test_a_shown_line_must_have_been_printed_whole_and_in_order(
    shown: str, printed: list[str], lost: list[str]
) -> None:
    assert missing(shown, printed) == lost
