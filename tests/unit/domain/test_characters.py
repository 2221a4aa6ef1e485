"""Halves of characters come together wherever they were cut, and no half is ever given away alone."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.characters import HalfJoiner, with_whole_characters

UNITS = st.lists(st.integers(0, 0xFFFF).map(chr), max_size=12)
"""Any UTF-16 code units, halves included, in any order."""
PIECES = st.lists(st.text(alphabet="a\u00fc\u20ac\ud83d\ude00\udc00\ud800", max_size=3), max_size=8)


def fed(pieces: list[str]) -> list[str]:
    joiner = HalfJoiner()
    return [*(joiner.feed(piece) for piece in pieces), joiner.finish()]


def test_halves_in_two_pieces_are_one_character() -> None:
    assert fed(["a\ud83d", "\ude00b"]) == ["a", "\U0001f600b", ""]


def test_a_half_that_stays_alone_is_replaced() -> None:
    assert fed(["a\ud83d", "b"]) == ["a", "\ufffdb", ""]
    assert fed(["\ude00"]) == ["\ufffd", ""]
    assert fed(["a\ud83d"]) == ["a", "\ufffd"]


def test_a_half_waits_through_empty_pieces() -> None:
    joiner = HalfJoiner()
    assert [joiner.feed("\ud83d"), joiner.is_holding, joiner.feed(""), joiner.is_holding] == ["", True, "", True]
    assert joiner.feed("\ude00") == "\U0001f600"
    assert not joiner.is_holding


@given(PIECES | UNITS)
def test_however_a_text_was_cut_it_comes_out_as_if_it_had_not_been(pieces: list[str]) -> None:
    given_out = fed(pieces)
    assert "".join(given_out) == with_whole_characters("".join(pieces))
    for piece in given_out:
        piece.encode()


@given(st.text())
def test_text_without_halves_is_left_as_it_is(text: str) -> None:
    assert with_whole_characters(text) == text
