"""The seam, by example: what a second model says, and what a caller gets of it."""

import pytest

from sentinel.domain.routes import Seam
from sentinel.resilience.continuation import PLAIN_INSTRUCTION, Continuation, continue_answer
from sentinel.resilience.seam import SeamFilter, SeamMethod, SeamVerdict

EMITTED = "The Seine rises in Burgundy, flows through Paris and reaches the sea "
ANCHOR = "Paris and reaches the sea"
REST = "near Le Havre."


def said(*pieces: str, asked: Continuation, is_complete: bool = True) -> tuple[str, SeamVerdict]:
    """What is delivered of these pieces, and what they were taken for."""
    through = asked.filter()
    delivered = "".join(through.feed(piece) for piece in pieces) + (through.finish() if is_complete else "")
    return delivered, through.verdict


ASKED = continue_answer(EMITTED, has_prefill=False)
PREFILLED = continue_answer(EMITTED, has_prefill=True)


# The request ----------------------------------------------------------------------------------------------------------


def test_a_target_with_prefill_gets_the_partial_answer_as_its_own_last_turn() -> None:
    assert PREFILLED.method is SeamMethod.PREFILL
    assert PREFILLED.turns == ({"role": "assistant", "content": EMITTED.rstrip()},)


def test_any_other_target_is_asked_by_the_user_to_begin_with_the_last_words() -> None:
    assert (ASKED.method, ASKED.anchor) == (SeamMethod.ANCHOR, ANCHOR)
    partial, asking = ASKED.turns
    assert partial == {"role": "assistant", "content": EMITTED.rstrip()}
    assert asking["role"] == "user"
    assert f"\n\n{ANCHOR}\n\n" in asking["content"]


def test_the_instruction_can_be_another_one_and_the_answers_braces_do_no_harm() -> None:
    emitted = "Use str.format: `'{} {anchor} {0}'.format(name, value)` gives the text"
    asked = continue_answer(emitted, has_prefill=False, instruction="Weiter ab: {anchor}")
    assert asked.turns[1]["content"] == f"Weiter ab: {asked.anchor}"


@pytest.mark.parametrize("emitted", ["Yes", "ha ha ha ha ha ha ha ha", "   "], ids=["short", "repetitive", "space"])
def test_a_text_without_an_anchor_is_asked_for_anew(emitted: str) -> None:
    asked = continue_answer(emitted, has_prefill=False)
    assert (asked.method, asked.turns) == (SeamMethod.REPLAY, ())


def test_where_any_seam_is_accepted_such_a_text_is_asked_to_be_gone_on_with() -> None:
    asked = continue_answer("Yes", has_prefill=False, seam=Seam.ANY)
    assert [turn["content"] for turn in asked.turns] == ["Yes", PLAIN_INSTRUCTION]


def test_space_alone_is_no_partial_answer() -> None:
    asked = continue_answer(" \n", has_prefill=True)
    assert asked.turns == ()
    assert said("\n", "\nHello", asked=asked) == ("\n\nHello", SeamVerdict.REPLAY)


# Shown seams ----------------------------------------------------------------------------------------------------------


def test_the_anchor_is_trimmed_and_the_rest_is_streamed_as_it_comes() -> None:
    through = ASKED.filter()
    pieces = ["Paris", " and reaches the", " sea ne", "ar", " Le Havre."]
    assert [through.feed(piece) for piece in pieces] == ["", "", "ne", "ar", " Le Havre."]
    assert through.verdict is SeamVerdict.ANCHOR


def test_more_than_the_anchor_may_be_repeated() -> None:
    assert said("Burgundy, flows ", "through ", ANCHOR, " ", REST, asked=ASKED) == (REST, SeamVerdict.ANCHOR)


def test_a_replay_of_the_whole_answer_is_suppressed() -> None:
    for asked in (ASKED, PREFILLED):
        assert said(*(EMITTED + REST), asked=asked) == (REST, SeamVerdict.REPLAY)


def test_space_before_the_repetition_does_not_matter() -> None:
    assert said("\n\n", " ", ANCHOR, " ", REST, asked=ASKED) == (REST, SeamVerdict.ANCHOR)


def test_a_prefilled_target_goes_on_at_once() -> None:
    assert said(" near", " Le Havre.", asked=PREFILLED) == (REST, SeamVerdict.PREFILL)
    assert said("near", " Le Havre.", asked=PREFILLED) == (REST, SeamVerdict.PREFILL)


def test_a_direct_continuation_that_begins_like_the_answer_is_held_only_until_it_differs() -> None:
    through = PREFILLED.filter()
    assert [through.feed(piece) for piece in ("The", " Seine r", "uns on")] == ["", "", "The Seine runs on"]


@pytest.mark.parametrize(
    ("space", "sent", "delivered"),
    [
        ("\n\n", "\n\nNext", "Next"),
        ("\n\n", "\nNext", "Next"),
        ("\n", "\n\nNext", "\nNext"),
        (" ", "\nNext", "\nNext"),
        ("", " next", " next"),
        (" ", "next", "next"),
    ],
)
def test_only_space_that_comes_again_is_trimmed(space: str, sent: str, delivered: str) -> None:
    emitted = "flows through Paris and reaches the sea." + space
    for asked, before in (
        (continue_answer(emitted, has_prefill=False), "flows through Paris and reaches the sea."),
        (continue_answer(emitted, has_prefill=True), ""),
    ):
        for pieces in ([before + sent], [*before, *sent]):
            assert said(*pieces, asked=asked)[0] == delivered


def test_an_answer_that_was_whole_already_needs_no_more_text() -> None:
    assert said(ANCHOR, asked=ASKED) == ("", SeamVerdict.ANCHOR)
    assert said(EMITTED, asked=ASKED) == ("", SeamVerdict.REPLAY)


def test_words_that_stand_in_the_answer_twice_do_not_confuse_the_seam() -> None:
    emitted = "We met at the old bridge by the river. Later we met at the old bridge by the river"
    asked = continue_answer(emitted, has_prefill=False)
    assert asked.anchor == "we met at the old bridge by the river"
    assert said("met at the old bridge by the river. Later ", asked=asked)[1] is SeamVerdict.DIVERGED
    rest = " again, as always."
    for start in range(emitted.index("we met") + 1):
        assert said(emitted[start:] + rest, asked=asked)[0] == rest
        assert said(*(emitted[start:] + rest), asked=asked)[0] == rest


# What is not shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "near Le Havre.",
        "I'm sorry, but I can't continue that.",
        f'"{ANCHOR}" near Le Havre.',
        f"...{ANCHOR} near Le Havre.",
        "reaches the sea near Le Havre.",
        "The Seine rises in Burgundy, flows through Rouen",
        ANCHOR.upper(),
        "through Paris and",
        "",
        "   ",
    ],
)
def test_what_does_not_begin_with_the_answers_own_text_is_not_spliced(text: str) -> None:
    assert said(*text, asked=ASKED) == ("", SeamVerdict.DIVERGED)
    assert said(text, asked=ASKED) == ("", SeamVerdict.DIVERGED)


def test_nothing_is_delivered_after_a_divergence() -> None:
    through = ASKED.filter()
    assert [through.feed(piece) for piece in ("Sorry", ANCHOR, REST)] == ["", "", ""]
    assert through.finish() == ""


def test_a_divergence_is_known_as_soon_as_it_shows() -> None:
    through = ASKED.filter()
    through.feed("The Seine rises in N")
    assert through.verdict is SeamVerdict.DIVERGED


def test_a_prefilled_target_that_says_nothing_has_shown_nothing() -> None:
    for text in ("", " ", "\n\n", " " * 500):
        assert said(text, asked=PREFILLED) == ("", SeamVerdict.DIVERGED)


@pytest.mark.parametrize("emitted", ["ha ", "The", "no no no no no no no no "])
def test_an_echo_that_may_as_well_be_the_next_words_is_not_spliced(emitted: str) -> None:
    asked = continue_answer(emitted, has_prefill=True)
    assert said(emitted + "and so on", asked=asked) == ("", SeamVerdict.DIVERGED)


def test_what_is_still_held_when_the_stream_breaks_is_never_delivered() -> None:
    for seam in Seam:
        asked = continue_answer(EMITTED, has_prefill=False, seam=seam)
        assert said("through Paris", asked=asked, is_complete=False) == ("", SeamVerdict.PENDING)


def test_a_flood_of_space_is_not_waited_through() -> None:
    through = ASKED.filter()
    for _ in range(21):
        through.feed(" " * 10)
    assert through.verdict is SeamVerdict.DIVERGED


# Any seam -------------------------------------------------------------------------------------------------------------


def test_a_route_may_accept_what_shows_nothing_and_it_is_marked() -> None:
    asked = continue_answer(EMITTED, has_prefill=False, seam=Seam.ANY)
    assert said(" near", " Le Havre.", asked=asked) == (REST, SeamVerdict.UNVERIFIED)
    assert said("The Se", "ine is long.", asked=asked) == ("The Seine is long.", SeamVerdict.UNVERIFIED)
    assert said("through Paris", asked=asked) == ("through Paris", SeamVerdict.UNVERIFIED)


def test_what_is_shown_is_not_marked_there_either() -> None:
    asked = continue_answer(EMITTED, has_prefill=False, seam=Seam.ANY)
    assert said(ANCHOR + " " + REST, asked=asked) == (REST, SeamVerdict.ANCHOR)
    assert said(EMITTED + REST, asked=asked) == (REST, SeamVerdict.REPLAY)


def test_there_too_nothing_is_made_of_nothing() -> None:
    asked = continue_answer(EMITTED, has_prefill=False, seam=Seam.ANY)
    assert said("  ", asked=asked) == ("", SeamVerdict.DIVERGED)


def test_there_short_text_that_comes_again_is_taken_for_the_next_words() -> None:
    for has_prefill in (True, False):
        asked = continue_answer("ha ", has_prefill=has_prefill, seam=Seam.ANY)
        assert said("ha ", "ha!", asked=asked) == ("ha ha!", SeamVerdict.UNVERIFIED)


def test_a_long_replay_is_compared_in_linear_time() -> None:
    """Each piece looks at the few places that still fit, not at the whole answer."""
    words = [f"word{number}" for number in range(20_000)]
    emitted = " ".join(words)
    through = SeamFilter(emitted, method=SeamMethod.ANCHOR, anchor=" ".join(words[-5:]))
    delivered = "".join(through.feed(word + " ") for word in [*words, "end"])
    assert delivered.strip() == "end"
