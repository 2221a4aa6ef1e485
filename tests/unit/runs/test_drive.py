"""One drive of a run: however it ends, its receipt has what was under way."""

from sentinel.domain.events import Phase
from sentinel.errors import SentinelError
from sentinel.graph.emissions import Status, Token
from sentinel.runs.drive import INTERRUPTED, Drive
from sentinel.testing.clock import FakeClock
from sentinel.testing.stores import MemoryData, memory_journal
from tests.support.run_builders import claimed_run


async def test_an_attempt_under_way_is_in_the_receipt_of_a_run_that_an_error_of_ours_ends() -> None:
    """It was heard, and may have a price: a run that crashes must not lose it."""
    clock = FakeClock()
    async with memory_journal(MemoryData(clock), clock=clock, publish=lambda _: None) as journal:
        run = claimed_run()
        drive = Drive(run=run, log=journal.open(run), clock=clock)
        drive.take(Status(Phase.ATTEMPT_STARTED, {"attempt": 1, "provider": "p", "model": "m"}))
        drive.take(Token("Half an ans"))
        clock.advance(2.0)
        ending = drive.failed(SentinelError("an internal error ended this run"))
    assert [(each.number, each.cause, each.duration_ms) for each in ending.attempts] == [(1, INTERRUPTED, 2000.0)]
    assert ending.provider == "p"


async def test_a_clock_that_is_put_back_makes_nothing_take_less_than_no_time() -> None:
    clock = FakeClock()
    async with memory_journal(MemoryData(clock), clock=clock, publish=lambda _: None) as journal:
        run = claimed_run()
        drive = Drive(run=run, log=journal.open(run), clock=clock)
        drive.take(Status(Phase.ATTEMPT_STARTED, {"attempt": 1, "provider": "p", "model": "m"}))
        clock.jump_wall_clock(-7200.0)
        drive.take(Token("Half an ans"))
        ending = drive.cancelled()
    assert (drive.ttft_ms, [attempt.duration_ms for attempt in ending.attempts]) == (0.0, [0.0])
