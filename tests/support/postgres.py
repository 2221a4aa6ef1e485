"""A real PostgreSQL server for the tests, and a fresh database for each that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cluster import postgres
from scripts.cluster.postgres import PostgresServer

__all__ = ["PostgresServer"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole test session."""
    if not postgres.is_installed():
        pytest.skip("the wheel with PostgreSQL exists for Python 3.11 to 3.13 only")
    folder = Path(tempfile.mkdtemp(prefix="sentinel-postgres-"))
    try:
        server = PostgresServer(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of that server's first database, for tests that make their own."""
    return postgres_server.url()


@pytest.fixture
def fresh_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database that only this test uses."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)
