"""Models that all know one answer, and go on with it as each of them does when somebody's stream of it broke.

A model sees nothing but the conversation it is sent, so what it is asked to repeat is read from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from sentinel.domain.routes import Seam
from sentinel.resilience.continuation import Continuation
from sentinel.resilience.seam import SeamMethod
from tests.unit.resilience import answers
from tests.unit.resilience.answers import TEXTS, Behaviour, Cut

_BEFORE_ANCHOR, _AFTER_ANCHOR = "exactly as they stand here:\n\n", "\n\nThen go straight on"

WELL: list[Behaviour] = [answers.anchored, answers.anchored_after_space, answers.further_back, answers.replayed]
OTHERWISE: list[Behaviour] = [answers.too_little, answers.refusing, answers.silent, answers.direct, answers.wandering]
PREFILLED: list[Behaviour] = [answers.direct, answers.direct, answers.replayed, answers.silent]

WHOLE_ANSWERS = TEXTS.map(lambda text: text if text.strip() else f"{text}ha")
"""Never white space alone, which is no answer."""
OTHER_ANSWER = "\u2042 I would rather speak of something else than of that, if you do not mind."
"""A stranger's. No other answer begins like it."""


def is_beginning(heard: str, text: str, *, is_whole: bool) -> bool:
    """Tell whether a caller has read a beginning (or all) of this answer or a stranger's.

    Where nothing but white space was heard before a break, a stranger's answer may follow on it: nothing was said yet.
    """
    if heard == text or (text.startswith(heard) and not is_whole):
        return True
    said = heard.lstrip()
    space = heard.removesuffix(said)
    return text.startswith(space) and (said == OTHER_ANSWER if is_whole else OTHER_ANSWER.startswith(said))


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How one model goes on, and what of it arrives.

    `breaks_at` is the share of its stream after which it ends, 1 for one that does not break; a stranger has an answer
    of its own when it is asked anew. `sizes` are the characters of its pieces, in turn.
    """

    well: Behaviour
    prefilled: Behaviour
    choice: int
    sizes: tuple[int, ...]
    breaks_at: float = 1.0
    is_stranger: bool = False
    has_prefill: bool = False


SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=4).map(tuple)
HABITS = st.builds(
    Habits,
    well=st.sampled_from([*WELL, *WELL, *OTHERWISE]),
    prefilled=st.sampled_from(PREFILLED),
    choice=st.integers(0, 10_000),
    sizes=SIZES,
    breaks_at=st.one_of(st.just(1.0), st.floats(0, 1)),
    is_stranger=st.sampled_from([False, False, False, True]),
    has_prefill=st.booleans(),
)


@dataclass
class Model:
    """One model in one conversation. `is_ambiguous`: what it said can be read in two ways by anybody, see `Cut`."""

    text: str
    habits: Habits
    asked: list[str] = field(default_factory=list)
    is_ambiguous: bool = False

    def say(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Give what it says to this conversation."""
        partial, anchor = _partial_answer(messages)
        if partial is None:
            self.asked.append("anew")
            return OTHER_ANSWER if self.habits.is_stranger else self.text
        known = [text for text in (self.text, OTHER_ANSWER) if text.startswith(partial)]
        assert known, "it was asked to go on with what is no beginning of an answer"
        return self._go_on(Cut(known[0], len(partial)), anchor)

    def _go_on(self, cut: Cut, anchor: str | None) -> str:
        habits = self.habits
        method = SeamMethod.PREFILL if anchor is None else SeamMethod.ANCHOR
        self.asked.append(method.value)
        behaviour = habits.prefilled if anchor is None else habits.well
        asked = Continuation(emitted=cut.emitted, method=method, seam=Seam.VERIFIED, turns=(), anchor=anchor)
        said = behaviour(cut, asked, habits.choice)
        repeats = _looks_repeated(said, cut.core, anchor)
        self.is_ambiguous |= repeats and behaviour not in {*WELL}
        return said


def _partial_answer(messages: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Read the partial answer and the anchor from a conversation, where they stand in it."""
    if messages[-1]["role"] == "assistant":
        return messages[-1]["content"], None
    instruction = messages[-1]["content"]
    if _BEFORE_ANCHOR not in instruction:
        return None, None
    anchor = instruction.partition(_BEFORE_ANCHOR)[2].rpartition(_AFTER_ANCHOR)[0]
    return messages[-2]["content"], anchor


def _looks_repeated(said: str, core: str, anchor: str | None) -> bool:
    said = said.lstrip()
    last = len(core) - len(anchor) if anchor else 0
    return any(said.startswith(core[at:]) for at in range(last + 1))
