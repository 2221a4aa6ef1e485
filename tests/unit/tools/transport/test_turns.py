"""How much is read before others have their turn."""

import pytest

from sentinel.tools.transport.turns import PIECE, SHARE, Turns
from tests.support.turns import bystander


async def turns_during(sizes: list[int]) -> int:
    """Count the turns that another task has while pieces of these sizes are read."""
    turns = Turns()
    async with bystander() as other:
        for size in sizes:
            await turns.spend(size)
        return other.turns


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
