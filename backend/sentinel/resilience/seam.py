"""The seam: where the text of a second target goes on with what a first one had said before it broke off.

The beginning of the new text is held back until it shows what it is. Only what is known to follow directly on the
delivered text is let through, so a caller never reads a piece twice and never misses one. Pure string logic.
"""

from enum import StrEnum

from sentinel.domain.routes import Seam
from sentinel.resilience.anchor import MIN_CHARACTERS, is_repetitive

_MAX_LEADING_SPACE = 200


class SeamMethod(StrEnum):
    """How the second target was asked to go on, and so what its text may be."""

    PREFILL = "prefill"
    """It got the partial answer as its own last turn: it goes on at once, or echoes all of it first."""
    ANCHOR = "anchor"
    """It was asked to repeat the last words first: it begins there, or further back."""
    REPLAY = "replay"
    """It was asked the question anew: what it says is an answer of its own, and must begin with the same text."""


class SeamVerdict(StrEnum):
    """What the new text has shown itself to be."""

    PENDING = "pending"
    PREFILL = "prefill"
    """It goes on directly, as a target does that is declared to do so."""
    ANCHOR = "anchor"
    """It began by repeating the end of the delivered text."""
    REPLAY = "replay"
    """It repeated the whole delivered text first."""
    UNVERIFIED = "unverified"
    """It shows nothing, and is delivered because the route accepts that."""
    DIVERGED = "diverged"
    """It goes on with something else, or nobody can tell. Nothing of it is delivered."""


_DELIVERING = frozenset({SeamVerdict.PREFILL, SeamVerdict.ANCHOR, SeamVerdict.REPLAY, SeamVerdict.UNVERIFIED})


class SeamFilter:
    """Takes the new text piece by piece and gives what may be delivered of it.

    `emitted` is all text that was delivered of this answer. At the seam, white space that was delivered already and
    comes again is dropped, and nothing else.
    """

    __slots__ = (
        "_anchor_start",
        "_candidates",
        "_core",
        "_goes_on_at_once",
        "_held",
        "_matched",
        "_method",
        "_seam",
        "_space",
        "verdict",
    )

    def __init__(
        self, emitted: str, *, method: SeamMethod, anchor: str | None = None, seam: Seam = Seam.VERIFIED
    ) -> None:
        """Wait for the new text. `anchor` is the end of `emitted` that was asked for, found by `find_anchor`; None if
        the target was asked to go on without it.
        """
        self._core = emitted.strip()
        self._space = emitted[len(emitted.rstrip()) :]
        self._method = method
        self._seam = seam
        self._goes_on_at_once = method is SeamMethod.PREFILL or (method is SeamMethod.ANCHOR and not anchor)
        self._anchor_start = len(self._core) - len(anchor) if anchor else 0
        self._candidates: list[int] | None = None
        self._matched = 0
        self._held: list[str] = []
        self.verdict = SeamVerdict.PENDING
        if not self._core:  # nothing but white space was delivered: anything follows on that
            self.verdict = SeamVerdict.REPLAY

    @property
    def is_decided(self) -> bool:
        """Whether it is known what the new text is."""
        return self.verdict is not SeamVerdict.PENDING

    @property
    def is_delivering(self) -> bool:
        """Whether the new text is let through."""
        return self.verdict in _DELIVERING

    def feed(self, text: str) -> str:
        """Take the next piece of the new text; give what may be delivered now."""
        if self.is_delivering:
            return self._without_space(text) if self._space else text
        if self.verdict is SeamVerdict.DIVERGED or not text:
            return ""
        self._held.append(text)
        return self._compare(text if self._candidates is not None else "".join(self._held).lstrip())

    def finish(self, *, has_tool_calls: bool = False) -> str:
        """Take the end marker of the new text; give what may still be delivered.

        A text that ends before it is known what it is has diverged, also if it goes on with tool calls: nobody knows
        whether the text before them is all there was to say. What has no end marker is never finished.
        """
        if self.is_decided:
            return ""
        if self._seam is not Seam.ANY:
            return self._drop()
        is_empty = not "".join(self._held).strip()
        if is_empty and has_tool_calls:
            return self._deliver(SeamVerdict.UNVERIFIED, "")
        return self._deliver_held(SeamVerdict.UNVERIFIED)

    # The places of the delivered text that the new text may be repeating ----------------------------------------------

    def _compare(self, text: str) -> str:
        if not text:
            return self._drop() if sum(map(len, self._held)) > _MAX_LEADING_SPACE else ""
        if self._candidates is None:
            self._candidates = self._places(text)
        self._candidates = [at for at in self._candidates if self._fits(at, text)]
        if not self._candidates:
            return self._diverge()
        before, self._matched = self._matched, self._matched + len(text)
        repeated = next((at for at in self._candidates if at + self._matched >= len(self._core)), None)
        if repeated is None:
            return ""
        return self._found(repeated, text[len(self._core) - repeated - before :])

    def _places(self, text: str) -> list[int]:
        """Where a repetition may begin: at the start, or anywhere up to the anchor."""
        if self._method is not SeamMethod.ANCHOR:
            return [0]
        beginning = text[: len(self._core) - self._anchor_start]
        places, at = [], self._core.find(beginning)
        while 0 <= at <= self._anchor_start:
            places.append(at)
            at = self._core.find(beginning, at + 1)
        return places

    def _fits(self, at: int, text: str) -> bool:
        due = self._core[at + self._matched : at + self._matched + len(text)]
        return text.startswith(due)

    def _found(self, at: int, rest: str) -> str:
        if self._goes_on_at_once and self._may_be_chance():
            return self._deliver_held(SeamVerdict.UNVERIFIED) if self._seam is Seam.ANY else self._drop()
        return self._deliver(SeamVerdict.ANCHOR if at else SeamVerdict.REPLAY, rest)

    def _may_be_chance(self) -> bool:
        """Whether going on at once could look like a repetition: `ha`, and then `ha` again."""
        return len(self._core) < MIN_CHARACTERS or is_repetitive(self._core)

    def _diverge(self) -> str:
        if self._method is SeamMethod.PREFILL:
            return self._deliver_held(SeamVerdict.PREFILL)
        return self._deliver_held(SeamVerdict.UNVERIFIED) if self._seam is Seam.ANY else self._drop()

    # What is delivered ------------------------------------------------------------------------------------------------

    def _deliver(self, verdict: SeamVerdict, text: str) -> str:
        self.verdict, self._held, self._candidates = verdict, [], []
        return self._without_space(text)

    def _deliver_held(self, verdict: SeamVerdict) -> str:
        held = "".join(self._held)
        return self._deliver(verdict, held) if held.strip() else self._drop()

    def _drop(self) -> str:
        self._deliver(SeamVerdict.DIVERGED, "")
        return ""

    def _without_space(self, text: str) -> str:
        """Drop what repeats the white space at the end of the delivered text, which may come in several pieces."""
        same = 0
        while same < min(len(text), len(self._space)) and text[same] == self._space[same]:
            same += 1
        self._space = self._space[same:] if same == len(text) else ""
        return text[same:]
