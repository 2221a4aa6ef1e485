"""Answers that are cut, and the ways in which a second model goes on with them: for the tests of the seam."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from hypothesis import strategies as st

from sentinel.resilience.continuation import Continuation
from sentinel.resilience.seam import SeamFilter

_WORDS = [
    "the",
    "river",
    "runs",
    "through",
    "Paris,",
    "and",
    "a",
    "777",
    "km",
    "the sea.",
    "naïve",
    "塞纳河",
    "👩‍👩‍👧",
    "e\u0301",
]
_MARKS = [
    "\n",
    "\n\n",
    "\n- ",
    "\n\n```python\n",
    "def double(n):\n    return n * 2\n",
    "```\n\n",
    "| a | b |\n",
    "  ",
    "\t",
]

_REFRAINS = ["la la la, and then la la la again. ", "ha", "| 0 | 0 |\n", "na na na\r\n", "Yes. Yes, please. ", "哈哈"]
_CODE = "```python\ndef double(n):\n    return n * 2\n\n\nprint(double(21))\n```\n"
_ODD = [
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 and \U0001f44d\U0001f3fd and \U0001f1eb\U0001f1f7 ",
    "e\u0301a\u0308o\u0302 ",
    "línea\r\nuna\r\n",
    "\u2028\u2029\u00a0",
    "\x00\x7f\ufeff ",
    "مرحبا ",
    "塞纳河",
]
_PIECES = st.sampled_from([*_REFRAINS, _CODE, *_ODD, "The Seine is 777 km long. ", "\n\n", "- one\n- two\n", "1. "])


@st.composite
def _prose(draw: st.DrawFn) -> str:
    words = draw(
        st.lists(st.sampled_from(_WORDS) | st.sampled_from(_MARKS) | st.integers(0, 999).map(str), max_size=60)
    )
    return "".join(word if word in _MARKS else f"{word} " for word in words)


@st.composite
def _repetitive(draw: st.DrawFn) -> str:
    piece = draw(st.text(st.sampled_from("ab \n|"), min_size=1, max_size=8))
    return draw(st.text(max_size=20)) + piece * draw(st.integers(1, 40)) + draw(st.text(max_size=20))


TEXTS = st.one_of(
    _prose(),
    _repetitive(),
    st.lists(_PIECES, min_size=1, max_size=8).map("".join),
    st.text(st.sampled_from("ab \n"), max_size=80),
    st.text(max_size=200),
)
"""Whole answers: prose and code, equal rows, refrains and characters of several code points, two letters, anything."""
CHUNKS = st.lists(st.integers(1, 30), min_size=1, max_size=6)
"""How a stream is cut into pieces."""


@dataclass(frozen=True)
class Cut:
    """An answer that broke off."""

    text: str
    at: int

    @property
    def emitted(self) -> str:
        return self.text[: self.at]

    @property
    def core(self) -> str:
        return self.emitted.strip()

    @property
    def going_on(self) -> str:
        """What follows on the partial answer as a model sees it: without white space at its end."""
        return self.text[len(self.emitted.rstrip()) :]


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    text = draw(TEXTS)
    return Cut(text, draw(st.integers(0, len(text))))


Behaviour = Callable[[Cut, Continuation, int], str]
"""What a model says: given the cut answer, how it was asked, and any number to choose by."""


def anchored(cut: Cut, asked: Continuation, _: int) -> str:
    """Does as it was told."""
    return (asked.anchor or "") + cut.going_on


def anchored_after_space(cut: Cut, asked: Continuation, choice: int) -> str:
    return " \n"[choice % 2] * (choice % 3) + anchored(cut, asked, choice)


def further_back(cut: Cut, asked: Continuation, choice: int) -> str:
    """Repeats more than it was asked to."""
    last = len(cut.core) - len(asked.anchor or "")
    return cut.core[choice % (last + 1) :] + cut.going_on


def replayed(cut: Cut, _: Continuation, __: int) -> str:
    """Begins the whole answer again."""
    return cut.text


def direct(cut: Cut, _: Continuation, __: int) -> str:
    """Goes on without repeating anything."""
    return cut.going_on


def too_little(cut: Cut, asked: Continuation, choice: int) -> str:
    """Repeats only the end of the anchor."""
    anchor = asked.anchor or ""
    return anchor[1 + choice % max(1, len(anchor) - 1) :] + cut.going_on


def wandering(cut: Cut, _: Continuation, choice: int) -> str:
    """Begins the answer again, and then says something else."""
    return cut.core[: choice % (len(cut.core) + 1)] + "\u2042 something else"


def refusing(_: Cut, __: Continuation, ___: int) -> str:
    return "\u2042 I'm sorry, but I can't help with that."


def silent(_: Cut, __: Continuation, choice: int) -> str:
    return " " * (choice % 3)


def chunks(text: str, sizes: Sequence[int]) -> list[str]:
    pieces: list[str] = []
    at = 0
    for size in cycle(sizes):
        if at >= len(text):
            return pieces
        pieces.append(text[at : at + size])
        at += size
    return pieces


def passed(through: SeamFilter, text: str, sizes: Sequence[int], *, is_complete: bool = True) -> str:
    """Give what a caller gets of a text that comes in these pieces; nothing may come before it is decided."""
    delivered = ""
    for piece in chunks(text, sizes):
        given = through.feed(piece)
        assert not given or through.is_delivering
        delivered += given
    return delivered + (through.finish() if is_complete else "")
