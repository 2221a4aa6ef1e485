"""A reader that always finds something to read still lets others run."""

import asyncio

from sentinel.providers.fairness import FIRST_PAUSE_SECONDS, TURN_SECONDS, Fairness
from sentinel.testing.clock import FakeClock


async def others_run(fairness: Fairness, *, has_text: bool = False) -> bool:
    """Give way once; whether anybody else ran meanwhile."""
    ran: list[str] = []
    asyncio.get_running_loop().call_soon(ran.append, "other")
    await fairness.give_way(has_text=has_text)
    return bool(ran)


async def test_others_run_after_the_first_piece() -> None:
    assert await others_run(Fairness(FakeClock().monotonic))


async def test_a_turn_is_not_interrupted_before_it_is_over() -> None:
    clock = FakeClock()
    fairness = Fairness(clock.monotonic)
    await fairness.give_way(has_text=False)
    clock.advance(TURN_SECONDS / 2)
    assert not await others_run(fairness)
    clock.advance(TURN_SECONDS)
    assert await others_run(fairness)


async def test_the_first_text_has_time_to_get_to_its_readers_and_the_second_has_none_of_its_own() -> None:
    clock = FakeClock()
    fairness = Fairness(clock.monotonic)
    await fairness.give_way(has_text=False)
    later = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(FIRST_PAUSE_SECONDS / 2, later.set_result, None)
    await fairness.give_way(has_text=True)
    assert later.done()
    assert not await others_run(fairness, has_text=True)
