"""Opaque cursors: the place in a listing after which the next page begins, as a moment and an id."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, literal, tuple_

from sentinel.errors import RequestError


def write_cursor(at: datetime, key: str) -> str:
    """Give the cursor of a row."""
    return base64.urlsafe_b64encode(orjson.dumps([at.isoformat(), key])).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Read a cursor.

    Raises:
        RequestError: it is not one that a listing gave out.
    """
    try:
        at, key = orjson.loads(base64.b64decode(_padded(cursor), altchars=b"-_", validate=True))
        moment = datetime.fromisoformat(at)
        is_usable = moment.tzinfo is not None and isinstance(key, str) and "\0" not in key  # which PostgreSQL refuses
        moment = moment.astimezone(UTC)  # at either end of the calendar there is none
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        message = "the cursor is not one that a listing gave out"
        raise RequestError(message) from error
    if not is_usable:
        message = "the cursor is not one that a listing gave out"
        raise RequestError(message)
    return moment, key


def before(at: ColumnElement[Any], key: ColumnElement[Any], cursor: str) -> ColumnElement[bool]:
    """Give the condition that a row comes after the cursor in a listing from new to old.

    Raises:
        RequestError: it is not one that a listing gave out.
    """
    moment, last_key = read_cursor(cursor)
    return tuple_(at, key) < tuple_(literal(moment, at.type), literal(last_key, key.type))


def _padded(cursor: str) -> bytes:
    raw = cursor.encode("ascii", "replace")
    return raw + b"=" * (-len(raw) % 4)
