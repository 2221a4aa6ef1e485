"""Pauses of whoever tries the same thing until it succeeds."""

from itertools import islice

import pytest

from sentinel.resilience.pauses import growing_pauses


@pytest.mark.parametrize(("drawn", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_pauses_double_up_to_the_longest_and_half_of_each_is_chance(drawn: float, share: float) -> None:
    pauses = growing_pauses(first_seconds=0.5, longest_seconds=2.0, rng=lambda: drawn)
    assert list(islice(pauses, 5)) == [share * full for full in (0.5, 1.0, 2.0, 2.0, 2.0)]


def test_pauses_can_be_drawn_for_ever() -> None:
    pauses = growing_pauses(first_seconds=0.5, longest_seconds=2.0, rng=lambda: 1.0)
    assert list(islice(pauses, 5000))[-1] == 2.0
