"""Kill anything at any moment: no run is lost, none is done twice, and readers see the same text to the byte."""

from pathlib import Path

import pytest

from tests.cluster.__main__ import performed
from tests.cluster.play import Report
from tests.cluster.stage import OneProcess

SEED = 20261121
LEAST_DEEDS = 2


def accept(report: Report) -> None:
    """Fail with the seed and the invariants that did not hold; `.cache/cluster` has the rest."""
    if report.broken or report.deeds < LEAST_DEEDS:
        pytest.fail(str(report), pytrace=False)


@pytest.mark.timeout(240)
async def test_one_process_on_sqlite_survives_every_kill(tmp_path: Path) -> None:
    accept(await performed(OneProcess(tmp_path), seed=SEED, runs=24))
