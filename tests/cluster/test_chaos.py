"""Kill anything at any moment: no run is lost, none is done twice, and readers see the same text to the byte."""

from pathlib import Path

import pytest

from scripts.cluster import topology
from scripts.cluster.topology import cluster_folder
from tests.cluster.__main__ import performed
from tests.cluster.play import Report
from tests.cluster.stage import ManyProcesses, OneProcess

KILL_RESTART_KILL = 230
A_BIT_OF_EVERYTHING = 6072
"""Seeds, by what the monkey then does first; the second lets a worker hang for longer than a lease, too."""
LEAST_DEEDS = 3


def accept(report: Report) -> None:
    """Fail with the seed and the invariants that did not hold; `.cache/cluster` has the rest."""
    if report.broken or report.deeds < LEAST_DEEDS:
        pytest.fail(str(report), pytrace=False)


@pytest.mark.timeout(240)
async def test_one_process_on_sqlite_survives_every_kill(tmp_path: Path) -> None:
    accept(await performed(OneProcess(tmp_path), seed=KILL_RESTART_KILL, runs=24, most_deeds=3))


@pytest.mark.timeout(300)
@pytest.mark.skipif(not topology.can_run(), reason="the wheel with PostgreSQL exists for Python 3.11 to 3.13 only")
async def test_a_cluster_survives_every_kill() -> None:
    with cluster_folder() as folder:
        accept(await performed(ManyProcesses(folder), seed=A_BIT_OF_EVERYTHING, runs=24, most_deeds=6))
