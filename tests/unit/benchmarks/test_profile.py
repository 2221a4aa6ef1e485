"""Shares of a profile: each function's time counts for its part, once."""

import pytest

from benchmarks.profile import ELSEWHERE, part_of, shares_of


def test_built_in_functions_count_for_their_callers() -> None:
    """Parsing JSON is a part of whoever parses."""
    relay, client = ("/x/sentinel/gateway/frames.py", 1, "read"), ("/x/site-packages/aiohttp/client.py", 2, "post")
    stats = {
        relay: (1, 1, 0.2, 0.9, {}),
        client: (1, 1, 0.3, 0.3, {}),
        ("~", 0, "loads"): (2, 2, 0.5, 0.5, {relay: (1, 1, 0.4, 0.4), client: (1, 1, 0.1, 0.1)}),
    }
    shares = shares_of(stats)
    assert shares[part_of(relay[0])] == pytest.approx(0.6)
    assert shares[part_of(client[0])] == pytest.approx(0.4)
    assert shares.total() == pytest.approx(1)


def test_the_first_place_that_fits_is_the_part() -> None:
    """The relay is not the rest of Sentinel."""
    assert part_of("/x/backend/sentinel/gateway/call.py") != part_of("/x/backend/sentinel/api/app.py")
    assert part_of("/x/lib/python3.11/asyncio/tasks.py") == ELSEWHERE
