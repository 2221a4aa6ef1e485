"""Packed tokens: whatever was streamed comes out again as it went in, from any place."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.events import Event, EventType
from sentinel.persistence.packed_tokens import PACKED, packed_rows, unpacked
from tests.support.run_builders import at

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def token(seq: int, text: str = "word ", *, moment: datetime | None = None, **rest: Any) -> Event:
    data = {"text": text, "message_id": "answer-1", **rest}
    return Event("run-1", seq, moment or at(seq / 40), EventType.TOKEN, data)


def again(rows: list[dict[str, Any]]) -> list[Event]:
    """What a reader gets of these rows, after a stay in the database."""
    return [event for row in rows for event in unpacked(stored(row))]


def stored(row: dict[str, Any]) -> Any:
    return SimpleNamespace(**row | {"data": orjson.loads(orjson.dumps(row["data"]))})


@given(st.lists(st.tuples(TEXTS, st.integers(-(10**9), 10**12)), max_size=40), st.integers(1, 10**6))
def test_what_was_streamed_comes_out_to_the_byte(streamed: list[tuple[str, int]], first: int) -> None:
    moment, tokens = at(0), []
    for seq, (text, microseconds) in enumerate(streamed, first):
        moment += timedelta(microseconds=microseconds)
        tokens.append(token(seq, text, moment=moment))
    unfolded = again(packed_rows(tokens))
    assert unfolded == tokens
    assert [orjson.dumps(event.to_dict()) for event in unfolded] == [orjson.dumps(event.to_dict()) for event in tokens]


def test_neighbours_share_a_row_that_stands_at_the_number_of_the_last() -> None:
    rows = packed_rows([token(seq) for seq in (3, 4, 5, 9, 10)])
    assert [(row["type"], row["seq"], row["data"]["text"]) for row in rows] == [
        (PACKED, 5, "word word word "),
        (PACKED, 10, "word word "),
    ]


def test_tokens_of_other_answers_and_other_runs_stay_apart() -> None:
    other = Event("run-2", 3, at(3), EventType.TOKEN, {"text": "x", "message_id": "answer-1"})
    tokens = [token(1), token(2, message_id="answer-2"), other]
    assert len(packed_rows(tokens)) == 3
    assert again(packed_rows(tokens)) == tokens


def test_a_row_does_not_grow_without_bound() -> None:
    tokens = [token(seq) for seq in range(1, 1202)]
    rows = packed_rows(tokens)
    assert [row["seq"] for row in rows] == [500, 1000, 1201]
    assert again(rows) == tokens
