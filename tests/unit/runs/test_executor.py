"""The queue within a process: places, order, stopping, draining."""

import asyncio
from dataclasses import dataclass, field

import pytest

from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Priority
from sentinel.errors import ShuttingDownError
from sentinel.runs.executor import InProcessExecutor
from sentinel.testing.clock import FakeClock, settle


@dataclass
class Busy:
    """Works on runs until it is told that they are done."""

    begun: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    handed_over: list[str] = field(default_factory=list)
    done: dict[str, asyncio.Event] = field(default_factory=dict)
    error: Exception | None = None

    async def run(self, run_id: str) -> None:
        self.begun.append(run_id)
        try:
            await self.done.setdefault(run_id, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.handed_over.append(run_id)
            raise
        if self.error:
            raise self.error

    def stop(self, run_id: str) -> None:
        self.stopped.append(run_id)
        self.end(run_id)

    def request_drain(self) -> None:
        self.stopped.append("drain")

    def end(self, run_id: str) -> None:
        self.done[run_id].set()


def run(name: str, priority: Priority = Priority.INTERACTIVE) -> QueuedRun:
    return QueuedRun(name, f"thread of {name}", priority)


async def test_as_many_runs_work_as_there_are_places_and_the_next_follows_when_one_ends() -> None:
    busy, over = Busy(), list[str]()
    queue = InProcessExecutor(busy, max_concurrent=2, over=over.append)
    for name in "abcd":
        await queue.submit(run(name))
    await settle()
    assert (busy.begun, queue.active, over) == (["a", "b"], 4, [])
    busy.end("b")
    await settle()
    assert (busy.begun, queue.active, over) == (["a", "b", "c"], 3, ["b"])
    await queue.drain(0.0)


async def test_a_run_that_waits_or_works_already_is_not_taken_again() -> None:
    busy = Busy()
    queue = InProcessExecutor(busy, max_concurrent=1)
    for name in "aabb":
        await queue.submit(run(name))
    await settle()
    assert (busy.begun, queue.active) == (["a"], 2)
    await queue.drain(0.0)


async def test_figures_tell_who_waits_and_since_when() -> None:
    clock = FakeClock()
    queue = InProcessExecutor(Busy(), max_concurrent=1, clock=clock)
    await queue.submit(run("a"))
    await queue.submit(run("b", Priority.BATCH))
    clock.advance(3.0)
    await queue.submit(run("c"))
    figures = queue.figures
    assert figures.waiting == {Priority.BATCH: 1, Priority.INTERACTIVE: 1}
    assert (figures.oldest_waiting_seconds, figures.running, figures.workers) == (3.0, 1, 1)
    await queue.drain(0.0)


async def test_a_run_that_waits_is_stopped_out_of_turn() -> None:
    busy = Busy()
    queue = InProcessExecutor(busy, max_concurrent=1)
    await queue.submit(run("a"))
    await queue.submit(run("b"))
    await settle()
    await queue.stop("b")
    await queue.stop("a")
    await settle()
    assert (busy.begun, busy.stopped) == (["a", "b"], ["a"])
    await queue.drain(0.0)


async def test_draining_lets_steps_end_then_breaks_off_and_begins_nothing() -> None:
    busy = Busy()
    queue = InProcessExecutor(busy, max_concurrent=2)
    for name in "abc":
        await queue.submit(run(name))
    await settle()
    busy.end("a")
    await queue.drain(0.01)
    assert (busy.begun, busy.stopped, busy.handed_over) == (["a", "b"], ["drain"], ["b"])
    assert (queue.active, queue.is_draining) == (0, True)
    with pytest.raises(ShuttingDownError):
        await queue.submit(run("d"))
    await queue.stop("c")
    assert queue.active == 0


async def test_work_that_dies_of_an_error_frees_its_place_and_is_loud(capsys: pytest.CaptureFixture[str]) -> None:
    busy = Busy(error=RuntimeError("boom"))
    queue = InProcessExecutor(busy, max_concurrent=1)
    await queue.submit(run("a"))
    await queue.submit(run("b"))
    await settle()
    busy.end("a")
    await settle()
    assert busy.begun == ["a", "b"]
    assert "boom" in capsys.readouterr().out
    busy.error = None
    busy.end("b")
    await settle()
