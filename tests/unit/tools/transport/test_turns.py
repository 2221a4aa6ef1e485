"""How much is read before others have their turn."""

import asyncio

import pytest

from sentinel.tools.transport.turns import PIECE, SHARE, Turns


async def turns_during(sizes: list[int]) -> int:
    """Count the turns that another task has while pieces of these sizes are read."""
    had = 0

    async def beside() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    other = asyncio.create_task(beside())
    await asyncio.sleep(0)  # it has begun
    turns = Turns()
    for size in sizes:
        await turns.spend(size)
    other.cancel()
    return had


@pytest.mark.parametrize(
    ("size", "pieces", "turns"),
    [
        (0, SHARE // PIECE - 1, 0),
        (0, SHARE // PIECE, 1),
        (0, 10 * SHARE // PIECE, 10),
        (SHARE - PIECE - 1, 1, 0),
        (SHARE, 5, 5),
        (20 * SHARE, 1, 1),
    ],
)
async def test_a_turn_follows_each_share_whether_of_many_pieces_or_of_large_ones(
    size: int, pieces: int, turns: int
) -> None:
    """It is the number of small pieces that takes time, and the length of large ones."""
    assert await turns_during([size] * pieces) == turns
