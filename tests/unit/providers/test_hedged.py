"""Two attempts of which one speaks: who is heard, what the ledger says, that nothing stays held; in virtual time."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.attempts import Usage
from sentinel.domain.routes import Deadlines
from sentinel.errors import Outcome, ProviderEmptyError, ProviderRejectedError, ProviderUnavailableError
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.unit.providers.racing import A, B, Step, Track, answer, track

SILENCE: list[Step] = [(1_000.0, "too late")]
DOWN = ProviderUnavailableError("down", cause="server_error")
REFUSED = ProviderRejectedError("no", cause="bad_request")


def raced(first: list[Step], second: list[Step] | None, **more: object) -> Track:
    """Run a race to its end."""

    async def run() -> Track:
        running = track(first, second, **more)
        await running.run()
        return running

    return run_in_virtual_time(run())


def test_a_first_target_that_speaks_in_time_is_alone() -> None:
    race = raced(answer("a", after=0.9), answer("b", after=0.1))
    assert race.heard == ["a0 ", "a1 ", "a2 "]
    assert race.rows == [(1, None)]
    assert not any(exchange.was_sent for exchange in race.exchanges[1:])


def test_a_first_target_that_fails_in_time_is_alone_too() -> None:
    race = raced([(0.5, DOWN)], answer("b", after=0.1))
    assert race.rows == [(1, "server_error")]
    assert race.exchanges[1:] == []


def test_a_hedge_that_speaks_first_is_heard_alone() -> None:
    race = raced(answer("a", after=2.0), answer("b", after=0.5))
    assert race.heard == ["b0 ", "b1 ", "b2 "]
    assert race.rows == [(1, "hedge_lost"), (2, None)]
    assert race.claimed == [B]
    assert race.race.counts.spec.target == B


def test_a_first_target_that_speaks_before_its_hedge_is_heard_alone() -> None:
    race = raced(answer("a", after=1.2), answer("b", after=0.5))
    assert race.heard == ["a0 ", "a1 ", "a2 "]
    assert race.rows == [(2, "hedge_lost"), (1, None)]
    assert race.claimed == [A]


def test_of_two_that_speak_at_the_same_moment_one_is_heard() -> None:
    race = raced(answer("a", after=1.5), answer("b", after=0.5))
    assert "".join(race.heard) in {"a0 a1 a2 ", "b0 b1 b2 "}
    assert sorted(cause or "" for _, cause in race.rows) == ["", "hedge_lost"]


def test_the_one_that_lost_is_let_go_when_the_other_speaks() -> None:
    race = raced(answer("a", after=30.0), answer("b", after=0.5))
    lost, won = race.race.rows
    assert (lost.duration_ms, won.duration_ms) == (1500.0, 1500.0)
    assert lost.ttft_ms is None
    assert won.ttft_ms == 500.0
    assert (lost.outcome, lost.hedge, won.hedge) == (Outcome.NEUTRAL, False, True)


def test_the_one_that_lost_has_read_the_question() -> None:
    race = raced(answer("a", after=30.0), answer("b", after=0.5))
    assert race.race.rows[0].usage == Usage(10, 0, estimated=True)
    assert race.race.rows[1].usage == Usage(10, 3, estimated=True)


def test_losing_is_told_before_the_winner_is_heard_and_counts_for_nothing() -> None:
    race = raced(answer("a", after=30.0), answer("b", after=0.5))
    assert [(attempt.number, attempt.cause) for attempt in race.left] == [(1, "hedge_lost")]
    assert race.left[0].usage == Usage(10, 0, estimated=True)
    circuit = race.protection.board.get(A.breaker_keys[0]).snapshot()
    assert (circuit.failures, circuit.successes) == (0, 0)
    assert race.protection.budget.tokens("a") == 10
    assert sorted(attempt.cause or "" for attempt in race.observed) == ["", "hedge_lost"]


def test_a_hedge_that_may_not_be_sent_leaves_the_first_target_alone() -> None:
    race = raced(answer("a", after=2.0), answer("b", after=0.1), may_send=False)
    assert race.heard == ["a0 ", "a1 ", "a2 "]
    assert race.rows == [(1, None)]


def test_a_hedge_that_is_refused_at_the_last_moment_leaves_the_first_target_alone() -> None:
    async def run() -> Track:
        running = track(answer("a", after=2.0), answer("b", after=0.1))
        running.protection.board.get(B.breaker_keys[0]).trip(actor="test")
        await running.run()
        return running

    race = run_in_virtual_time(run())
    assert race.heard == ["a0 ", "a1 ", "a2 "]
    assert race.rows == [(2, "circuit_open"), (1, None)]
    assert race.race.rows[0].skipped
    assert not race.exchanges[1].was_sent


def test_when_the_first_fails_under_way_the_hedge_goes_on() -> None:
    race = raced([(1.2, DOWN)], answer("b", after=0.5))
    assert race.heard == ["b0 ", "b1 ", "b2 "]
    assert race.rows == [(1, "server_error"), (2, None)]
    assert [attempt.cause for attempt in race.left] == ["server_error"]


def test_when_the_hedge_fails_the_first_goes_on() -> None:
    for error in (DOWN, REFUSED):
        race = raced(answer("a", after=2.0), [(0.1, error)])
        assert race.heard == ["a0 ", "a1 ", "a2 "]
        assert race.rows == [(2, error.cause), (1, None)]


def test_when_both_fail_the_ledger_has_both_and_the_last_one_counts() -> None:
    race = raced([(1.2, DOWN)], [(0.5, ProviderEmptyError("empty", cause="empty_answer"))])
    assert race.rows == [(1, "server_error"), (2, "empty_answer")]
    race = raced([(3.0, DOWN)], [(0.5, ProviderEmptyError("empty", cause="empty_answer"))])
    assert race.rows == [(2, "empty_answer"), (1, "server_error")]


def test_what_the_first_target_refuses_is_not_answered_by_a_hedge() -> None:
    """A filter's word ends a request; that another target was asked already must not be a way around it."""
    for cause in ("content_filter", "bad_request"):
        race = raced([(1.2, ProviderRejectedError("no", cause=cause))], answer("b", after=0.5))
        assert race.heard == []
        assert race.rows == [(2, "hedge_lost"), (1, cause)]


def test_a_winner_that_breaks_off_is_not_rescued_by_the_one_it_beat() -> None:
    race = raced([*answer("a", after=1.2, words=2), (0.1, DOWN)], answer("b", after=0.5))
    assert race.heard == ["a0 ", "a1 "]
    assert race.rows == [(2, "hedge_lost"), (1, "server_error")]


def test_an_answer_without_content_is_an_answer_and_the_only_one() -> None:
    assert raced([(1.2, None)], answer("b", after=0.5)).rows == [(2, "hedge_lost"), (1, None)]
    assert raced(answer("a", after=1.2), [(0.1, None)]).rows == [(1, "hedge_lost"), (2, None)]
    assert raced([(1.5, None)], [(0.5, None)]).rows in ([(2, "hedge_lost"), (1, None)], [(1, "hedge_lost"), (2, None)])


def test_each_of_the_two_has_its_own_time_for_the_first_content() -> None:
    race = raced(SILENCE, SILENCE, deadlines=Deadlines(first_token_seconds=5.0))
    assert race.rows == [(1, "first_token_timeout"), (2, "first_token_timeout")]
    assert [attempt.duration_ms for attempt in race.race.rows] == [5000.0, 5000.0]


def test_the_deadline_holds_for_both() -> None:
    async def run() -> tuple[Track, float]:
        running = track(SILENCE, SILENCE, total_seconds=4.0)
        await running.run()
        return running, running.deadline.remaining()

    race, remaining = run_in_virtual_time(run())
    assert sorted(cause or "" for _, cause in race.rows) in (
        ["deadline_exceeded", "deadline_exceeded"],
        ["deadline_exceeded", "hedge_lost"],
    )
    assert race.race.rows[-1].cause == "deadline_exceeded"
    assert remaining == 0.0
    assert max(attempt.duration_ms for attempt in race.race.rows) == 4000.0


async def cancelled_at(race: Track, seconds: float) -> Track:
    """Start a race and leave it; everything must be closed when the cancellation is through."""
    running = asyncio.create_task(race.run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert race.is_at_rest
    return race


def test_a_caller_who_leaves_ends_both_and_both_are_booked() -> None:
    async def run() -> Track:
        return await cancelled_at(track(SILENCE, SILENCE), 3.0)

    race = run_in_virtual_time(run())
    assert race.rows == [(2, "cancelled"), (1, "cancelled")]
    assert [attempt.duration_ms for attempt in race.race.rows] == [2000.0, 3000.0]


def test_a_caller_who_leaves_before_the_hedge_was_sent_has_one_attempt() -> None:
    async def run() -> Track:
        return await cancelled_at(track(SILENCE, SILENCE), 0.5)

    assert run_in_virtual_time(run()).rows == [(1, "cancelled")]


def test_a_caller_who_leaves_in_mid_answer_has_the_one_that_lost_booked_as_that() -> None:
    async def run() -> Track:
        return await cancelled_at(track(answer("a", after=30.0), answer("b", after=0.5)), 1.8)

    race = run_in_virtual_time(run())
    assert race.rows == [(1, "hedge_lost"), (2, "cancelled")]
    assert race.heard == ["b0 "]


class CallerGone(BaseException):
    """What the gateway raises when its caller takes nothing any more: no error, and nobody may take it for one."""


def test_a_signal_from_the_one_that_speaks_passes_through() -> None:
    async def run(first: list[Step], second: list[Step]) -> Track:
        race = track(first, second)

        def gone(_: object) -> None:
            raise CallerGone

        race.race.on_claim = gone
        try:
            await race.run()
        except CallerGone:
            assert race.is_at_rest
            return race
        raise AssertionError

    race = run_in_virtual_time(run(answer("a", after=30.0), answer("b", after=0.5)))
    assert race.rows == [(1, "hedge_lost"), (2, "cancelled")]
    race = run_in_virtual_time(run(answer("a", after=1.2), answer("b", after=0.5)))
    assert race.rows == [(2, "hedge_lost"), (1, "cancelled")]


ENDS = st.sampled_from([None, "server_error", "bad_request", "empty_answer"])
MOMENTS = st.integers(0, 40).map(lambda tenths: tenths / 10)


@st.composite
def scripts(draw: st.DrawFn, name: str) -> list[Step]:
    """Give any answer: words at any pace, at whose end, or before whose first word, there may be an error."""
    words = draw(st.integers(0, 3))
    steps: list[Step] = [(draw(MOMENTS), f"{name}{number} ") for number in range(words)]
    cause = draw(ENDS)
    if cause == "bad_request":
        steps.append((draw(MOMENTS), REFUSED))
    elif cause is not None:
        steps.append((draw(MOMENTS), ProviderUnavailableError("down", cause=cause)))
    return steps


@given(
    first=scripts("a"),
    second=scripts("b"),
    after_seconds=MOMENTS,
    first_token_seconds=st.sampled_from([1.5, 20.0]),
    total_seconds=st.sampled_from([2.5, 60.0]),
    leaves_at=st.one_of(st.none(), MOMENTS),
)
def test_whatever_the_timing_one_target_is_heard_and_nothing_stays_held(
    *,
    first: list[Step],
    second: list[Step],
    after_seconds: float,
    first_token_seconds: float,
    total_seconds: float,
    leaves_at: float | None,
) -> None:
    async def run() -> Track:
        deadlines = Deadlines(first_token_seconds=first_token_seconds)
        race = track(first, second, after_seconds=after_seconds, deadlines=deadlines, total_seconds=total_seconds)
        running = asyncio.create_task(race.run())
        await asyncio.wait([running], timeout=leaves_at)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled() or running.exception() is None
        return race

    race = run_in_virtual_time(run())
    sent = [exchange for exchange in race.exchanges if exchange.was_sent]
    rows = race.race.rows
    assert race.is_at_rest
    assert len(race.exchanges) <= 2
    assert len({text[0] for text in race.heard}) <= 1, "two answers were mixed"
    assert race.heard == sorted(race.heard)
    assert sorted(attempt.number for attempt in rows) == list(range(1, len(rows) + 1))
    assert len(rows) == len(race.exchanges)
    assert len(sent) == len(rows)
    serving = [attempt for attempt in rows if attempt.outcome is Outcome.SUCCESS]
    assert len(serving) <= 1
    if serving:
        script = first if serving[0].target == A else second
        assert race.heard == [said for _, said in script]
        assert serving == rows[-1:]
    if race.heard:
        assert rows[-1].target.provider == race.heard[0][0]
    for attempt in rows:
        assert attempt.cause != "hedge_lost" or attempt.usage is not None
