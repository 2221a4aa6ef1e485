"""A PostgreSQL database with runs and jobs, and processes that share it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from scripts.cluster.neighbours import SharedSimulator
from sentinel.coordination.job_table import JobTable, open_job_table
from sentinel.main.migrate import bring_up_to_date
from tests.integration.queue.machines import Client, House, Machines, Sentinel
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def queue_template(postgres_server: PostgresServer) -> str:
    """The name of a database that is up to date, to be copied."""
    name = postgres_server.create_database()
    asyncio.run(bring_up_to_date(postgres_server.url(name)))
    return name


@pytest.fixture
def database(postgres_server: PostgresServer, queue_template: str) -> Iterator[str]:
    """The address of a database of this test's own."""
    name = postgres_server.create_database(template=queue_template)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
async def table(database: str) -> AsyncIterator[JobTable]:
    """The jobs of that database."""
    async with open_job_table(database) as opened:
        yield opened


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedSimulator]:
    """The model provider that all processes ask."""
    simulator = SharedSimulator(tmp_path_factory.mktemp("simulator"), words_per_second=60)
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def machines(database: str, simulator: SharedSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A maker of processes on a database of this test's own."""
    maker = Machines(database, simulator, lambda: tmp_path_factory.mktemp("machine"))
    yield maker
    maker.close()


@pytest.fixture(scope="session")
def house(
    postgres_server: PostgresServer,
    queue_template: str,
    simulator: SharedSimulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """A server and two workers for all tests that leave a working house behind them."""
    name = postgres_server.create_database(template=queue_template)
    machines = Machines(postgres_server.url(name), simulator, lambda: tmp_path_factory.mktemp("machine"))
    yield House(machines)
    machines.close()
    postgres_server.drop_database(name)


@pytest.fixture
async def workers(house: House) -> list[Sentinel]:
    """Two workers of the house, started again where an earlier test has ended one."""
    await house.open()
    return house.workers


@pytest.fixture
async def client(house: House, workers: list[Sentinel]) -> AsyncIterator[Client]:
    """A client of the server of the house, which works on no run itself."""
    async with house.machines.client(house.api) as opened:
        yield opened
