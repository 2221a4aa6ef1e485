"""Cursors come back as they were given, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import RequestError
from sentinel.persistence.cursors import read_cursor, write_cursor


@given(st.datetimes(timezones=st.just(UTC)), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_cursor_keeps_the_moment_and_the_id(at: datetime, key: str) -> None:
    cursor = write_cursor(at, key)
    assert read_cursor(cursor) == (at, key)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_anything_else_is_refused_as_a_bad_request(text: str) -> None:
    with pytest.raises(RequestError):
        read_cursor(text)


@pytest.mark.parametrize(
    ("at", "key"),
    [
        ("9999-12-31T23:59:59-23:59", "x"),
        ("0001-01-01T00:00:00+23:59", "x"),
        ("2026-01-01T00:00:00+00:00", "a\0b"),
        ("2026-01-01T00:00:00", "x"),
    ],
)
def test_what_no_database_can_compare_with_is_refused_as_a_bad_request(at: str, key: str) -> None:
    with pytest.raises(RequestError):
        read_cursor(base64.urlsafe_b64encode(orjson.dumps([at, key])).decode().rstrip("="))
