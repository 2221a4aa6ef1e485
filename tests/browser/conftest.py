"""The servers of the browser tests: with the simulated providers, with providers and with tools in the tests' hands.

Browser tests share one event loop, because they share one browser. They share the servers too, since a start costs
seconds; each test leaves its server as it found it, without conversations, and every circuit and kill switch at rest.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.backend import Backend
from tests.browser.pages import Console
from tests.browser.tool_servers import ToolServers
from tests.support.line import Line
from tests.support.puppet_model import PuppetModel
from tests.support.server import Serve, Server

_HERE = Path(__file__).parent
_EXPECT_MS = 30_000

# Long answers take seconds, so that there is time to act in the middle of one; short ones are quick.
_SIMULATED = {"SIMULATED_WORDS_PER_SECOND": "150"}
_PUPPET_CONFIG = """\
providers:
  first: {{kind: openai, base_url: "{first}", api_key: sk-puppet}}
  second: {{kind: openai, base_url: "{second}", api_key: sk-puppet}}
routes:
  default: {{targets: [first/puppet-large, second/puppet-small]}}
breaker: {{recovery_seconds: 2}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every test of this folder in the session's loop."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)  # ahead of auto mode's


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """How long `expect` waits at most; a busy machine may need it, a healthy test does not."""
    expect.set_options(timeout=_EXPECT_MS)


@pytest.fixture(scope="session")
def serve_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A maker of servers that last until the session ends."""
    maker = Serve(lambda: tmp_path_factory.mktemp("browser"))
    yield maker
    maker.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def simulated_server(serve_all: Serve) -> Server:
    """`sentinel serve` with nothing configured: the simulated pair answers."""
    return await serve_all(_SIMULATED, with_tools=True)


@dataclass(frozen=True)
class Puppets:
    """The two providers of the default route, in its order."""

    first: PuppetModel
    second: PuppetModel


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_puppets() -> AsyncIterator[Puppets]:
    """Two providers that answer when a test says so."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(PuppetModel().running())
        second = await stack.enter_async_context(PuppetModel().running())
        yield Puppets(first, second)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def puppet_server(serve_all: Serve, running_puppets: Puppets) -> Server:
    """`sentinel serve` whose route leads to the puppets."""
    first, second = running_puppets.first.base_url, running_puppets.second.base_url
    return await serve_all(config=_PUPPET_CONFIG.format(first=first, second=second))


@pytest_asyncio.fixture(loop_scope="session")
async def puppets(running_puppets: Puppets) -> AsyncIterator[Puppets]:
    """The puppets; both are back and free of calls when the test ends."""
    yield running_puppets
    for puppet in (running_puppets.first, running_puppets.second):
        await puppet.refuse()
        await puppet.accept()


@pytest_asyncio.fixture(loop_scope="session")
async def simulated(simulated_server: Server) -> AsyncIterator[Backend]:
    """The server with the simulated providers, through its API."""
    async with httpx.AsyncClient(base_url=simulated_server.url, timeout=20, verify=False) as http:
        backend = Backend(simulated_server, http)
        yield backend
        await backend.clean()


@pytest_asyncio.fixture(loop_scope="session")
async def scripted(puppet_server: Server, puppets: Puppets) -> AsyncIterator[Backend]:
    """The server with the puppets, through its API."""
    async with httpx.AsyncClient(base_url=puppet_server.url, timeout=20, verify=False) as http:
        backend = Backend(puppet_server, http)
        yield backend
        await backend.clean()


@pytest.fixture(scope="session")
def tool_servers(tmp_path_factory: pytest.TempPathFactory) -> ToolServers:
    """The servers that `tooled` has its tools from."""
    servers = ToolServers(tmp_path_factory.mktemp("tool-servers"))
    servers.say("Says it back.")
    return servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tool_server(serve_all: Serve, tool_servers: ToolServers) -> Server:
    """`sentinel serve` with the simulated providers and tool servers in the tests' hands."""
    return await serve_all(_SIMULATED, config=tool_servers.config)


@pytest_asyncio.fixture(loop_scope="session")
async def tooled(tool_server: Server, tool_servers: ToolServers) -> AsyncIterator[Backend]:
    """That server, through its API; all its tool servers are there."""
    async with httpx.AsyncClient(base_url=tool_server.url, timeout=20, verify=False) as http:
        backend = Backend(tool_server, http)
        for name in tool_servers.names:
            await backend.tool_server(name)
        yield backend
        tool_servers.let_up()
        await http.post("/api/tools/frail/reconnect")  # instead of after a pause that has grown
        await backend.clean()


@pytest_asyncio.fixture(loop_scope="session")
async def line(puppet_server: Server) -> AsyncIterator[Line]:
    """A line to the server with the puppets, to be cut."""
    async with Line(puppet_server.port).running() as line:
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def console(page: Page, browser_context: BrowserContext) -> Console:
    """The console in a tab that may use the clipboard; `await console.open(backend)` goes there."""
    await browser_context.grant_permissions(["clipboard-read", "clipboard-write"])
    return Console(page)


@pytest_asyncio.fixture(loop_scope="session")
async def second_console(browser_context: BrowserContext) -> Console:
    """The console in another tab of the same browser."""
    return Console(await browser_context.new_page())
