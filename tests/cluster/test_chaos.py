"""Kill anything at any moment: no run is lost, none is done twice, and readers see the same text to the byte.

Both topologies play at once: most of a play is waiting for who was killed or is frozen.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from scripts.cluster import topology
from scripts.cluster.topology import cluster_folder
from sentinel.tasks import ended
from tests.cluster.__main__ import performed
from tests.cluster.play import Report
from tests.cluster.stage import ManyProcesses, OneProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

KILL_RESTART_KILL = 230
A_BIT_OF_EVERYTHING = 22085
"""Seeds, by what the monkey then does first; with the second a network fails one worker for longer than a lease."""
LEAST_DEEDS = 3

Plays = dict[str, asyncio.Task[Report]]


async def one_process(folder: Path) -> Report:
    return await performed(OneProcess(folder), seed=KILL_RESTART_KILL, runs=24, most_deeds=3)


async def a_cluster() -> Report:
    with cluster_folder() as folder:
        return await performed(ManyProcesses(folder), seed=A_BIT_OF_EVERYTHING, runs=24, most_deeds=6)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def plays(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plays]:
    """A play on each topology, under way."""
    begun = {"one": asyncio.create_task(one_process(tmp_path_factory.mktemp("one")))}
    if topology.can_run():
        begun["cluster"] = asyncio.create_task(a_cluster())
    yield begun
    await ended(*begun.values())


def accept(report: Report) -> None:
    """Fail with the seed and the invariants that did not hold; `.cache/cluster` has the rest."""
    if report.broken or report.deeds < LEAST_DEEDS:
        pytest.fail(str(report), pytrace=False)


async def test_one_process_on_sqlite_survives_every_kill(plays: Plays) -> None:
    accept(await plays["one"])


@pytest.mark.skipif(not topology.can_run(), reason="the wheel with PostgreSQL exists for Python 3.11 to 3.13 only")
async def test_a_cluster_survives_every_kill(plays: Plays) -> None:
    accept(await plays["cluster"])
