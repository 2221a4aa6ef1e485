"""Tokens of a run that has ended, many in one row: less to keep, and the same events to the byte when they are read.

A packed row stands at the number of its last event, so that `seq > after` finds it for a reader who stopped in its
middle. It has the texts joined, what is equal in all of them, and for each its length and its distance in time.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any

from sqlalchemy import Row

from sentinel.domain.events import Event, EventType

PACKED = "tokens"
"""The type of a packed row, which no event has."""

_MOST_EVENTS = 500  # per row: who comes back in the middle has no more than that unpacked in vain
_TEXT = "text"
_MICROSECOND = timedelta(microseconds=1)


def packed_rows(tokens: Iterable[Event]) -> list[dict[str, Any]]:
    """Give the rows that stand for these token events, which are in order; those that belong together share one."""
    groups: list[list[Event]] = []
    for token in tokens:
        if groups and _belongs(token, groups[-1]):
            groups[-1].append(token)
        else:
            groups.append([token])
    return [_packed(group) for group in groups]


def unpacked(row: Row[Any]) -> list[Event]:
    """Give the events that a packed row stands for."""
    text, rest, steps = row.data[_TEXT], row.data["rest"], row.data["steps"]
    ends = [0, *accumulate(steps[::2])]
    moments = accumulate((_MICROSECOND * step for step in steps[1::2]), initial=row.at)
    next(moments)
    first = row.seq - len(ends) + 2
    return [
        Event(row.run_id, seq, at, EventType.TOKEN, {_TEXT: text[start:end], **rest})
        for seq, at, (start, end) in zip(range(first, row.seq + 1), moments, pairwise(ends), strict=True)
    ]


def _belongs(token: Event, group: Sequence[Event]) -> bool:
    last = group[-1]
    return (
        len(group) < _MOST_EVENTS
        and (token.run_id, token.seq) == (last.run_id, last.seq + 1)
        and _rest(token) == _rest(last)
    )


def _packed(group: Sequence[Event]) -> dict[str, Any]:
    first, last = group[0], group[-1]
    steps = [0, *((after.at - before.at) // _MICROSECOND for before, after in pairwise(group))]
    lengths = [len(token.data[_TEXT]) for token in group]
    return {
        "run_id": first.run_id,
        "seq": last.seq,
        "type": PACKED,
        "at": first.at,
        "data": {
            _TEXT: "".join(token.data[_TEXT] for token in group),
            "rest": _rest(first),
            # One flat list, length and microseconds since the one before by turns: half the brackets.
            "steps": [number for pair in zip(lengths, steps, strict=True) for number in pair],
        },
    }


def _rest(token: Event) -> dict[str, Any]:
    return {key: value for key, value in token.data.items() if key != _TEXT}
