"""How long a provider asks us to wait: every way of saying it, and every way of saying nonsense."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.providers.retry_headers import LONGEST_SECONDS, forbids_retry, retry_after_seconds

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)
IN_A_MINUTE = "Wed, 21 Oct 2026 07:29:00 GMT"
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"

WAITS: list[tuple[Mapping[str, str], float | None]] = [
    ({}, None),
    ({"retry-after": "7"}, 7.0),
    ({"Retry-After": " 7 "}, 7.0),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "1.5"}, 1.5),
    ({"retry-after": "-3"}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "86400"}, 86_400.0),
    ({"retry-after": "1e300"}, LONGEST_SECONDS),
    ({"retry-after": "9" * 400}, None),
    ({"retry-after": IN_A_MINUTE}, 60.0),
    ({"retry-after": DATE}, 0.0),
    ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT"}, None),
    ({"retry-after": "Wed, 21 Oct 9999 07:27:00 GMT"}, LONGEST_SECONDS),
    ({"retry-after": "Wed, 99 Oct 2026 99:99:99 GMT"}, None),
    ({"retry-after": "Mon, 20 Nov 2026 19:12:08 +99999999999999999999"}, None),
    ({"retry-after": "Mon, 20 Nov 99999999999999999999 19:12:08 GMT"}, None),
    ({"retry-after-ms": "2500"}, 2.5),
    ({"retry-after-ms": "2500", "retry-after": "2"}, 2.5),
    ({"retry-after-ms": "later", "retry-after": "2"}, 2.0),
    ({"x-ratelimit-reset-requests": "12"}, 12.0),
    ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
    ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
    ({"x-ratelimit-reset-tokens": "2m59.56s"}, 179.56),
    ({"x-ratelimit-reset-tokens": "1h2m3s"}, 3723.0),
    ({"x-ratelimit-reset-tokens": "1d"}, 86_400.0),
    ({"x-ratelimit-reset-tokens": "a while"}, None),
    ({"x-ratelimit-reset": "1792567740"}, 60.0),  # 2026-10-21T07:29:00Z, in seconds
    ({"x-ratelimit-reset": "1792567740000"}, 60.0),  # and in milliseconds
    ({"anthropic-ratelimit-tokens-reset": "2026-10-21T07:28:30Z"}, 30.0),
    ({"retry-after": "2", "x-ratelimit-reset-tokens": "30s"}, 30.0),
    ({"retry-after": "30", "x-ratelimit-reset-tokens": "2s"}, 30.0),
    # A limit of which something is left did not stop the request.
    ({"retry-after": "2", "x-ratelimit-reset-requests": "12h", "x-ratelimit-remaining-requests": "99"}, 2.0),
    ({"x-ratelimit-reset-requests": "12h", "x-ratelimit-remaining-requests": "99"}, None),
    ({"x-ratelimit-reset-requests": "8s", "x-ratelimit-remaining-requests": "0"}, 8.0),
    ({"anthropic-ratelimit-tokens-reset": "2026-10-21T07:28:30Z", "anthropic-ratelimit-tokens-remaining": "5"}, None),
    ({"x-ratelimit-reset": "60", "x-ratelimit-remaining": "3"}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_the_longest_wait_that_makes_sense_holds(headers: Mapping[str, str], seconds: float | None) -> None:
    found = retry_after_seconds(headers, now=NOW)
    assert found == pytest.approx(seconds)


def test_a_date_is_measured_from_the_date_of_the_answer_whatever_our_clock_says() -> None:
    headers = {"retry-after": IN_A_MINUTE, "date": DATE}
    for now in (None, NOW, datetime(1999, 1, 1, tzinfo=UTC)):
        assert retry_after_seconds(headers, now=now) == 60.0


def test_a_date_without_anything_to_measure_it_from_is_no_wait() -> None:
    assert retry_after_seconds({"retry-after": IN_A_MINUTE}) is None


@pytest.mark.parametrize(("value", "forbidden"), [("false", True), ("False", True), ("true", False), ("", False)])
def test_only_a_plain_no_forbids_a_retry(value: str, forbidden: bool) -> None:
    assert forbids_retry({"X-Should-Retry": value}) is forbidden
    assert not forbids_retry({})


HEADER_NAMES = st.sampled_from(
    ["retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "x-ratelimit-reset-tokens",
     "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-reset"]
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(HEADER_NAMES, st.text(max_size=40) | st.integers().map(str) | st.floats().map(str)))
def test_whatever_the_headers_hold_the_wait_is_none_or_bounded(headers: dict[str, str]) -> None:
    found = retry_after_seconds(headers, now=NOW)
    assert found is None or 0 <= found <= LONGEST_SECONDS
