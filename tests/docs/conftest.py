"""One real server, as anybody starts it, for all pages whose programs and figures leave it as they found it."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.server import Serve, Server


@pytest.fixture(scope="session")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `sentinel serve` with the tools that come with it."""
    maker = Serve(lambda: tmp_path_factory.mktemp("page"))
    yield asyncio.run(maker({"SIMULATED_WORDS_PER_SECOND": "0"}, with_tools=True))
    maker.close()
