"""Loops that must not end: an error that nobody expected is told, and the work goes on."""

import asyncio

import pytest

from sentinel.tasks import ended
from sentinel.telemetry.survival import repeated
from sentinel.testing.clock import FakeClock


async def test_work_goes_on_after_an_error_that_nobody_expected(capsys: pytest.CaptureFixture[str]) -> None:
    clock, times = FakeClock(), []

    async def work() -> None:
        times.append(clock.monotonic() - 1000.0)
        if len(times) == 1:
            raise ZeroDivisionError

    task = asyncio.create_task(repeated("look around", work, clock=clock, every_seconds=2.0))
    await clock.elapse(6.5)
    await ended(task)
    assert times == [2.0, 4.0, 6.0]
    said = capsys.readouterr().out
    assert "step_failed" in said
    assert said.count("step='look around'") == 1
