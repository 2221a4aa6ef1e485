"""How chunks become the caller's bytes: as they came, or, after a break, as a continuation of an earlier stream."""

from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from sentinel.errors import SeamDivergedError
from sentinel.gateway.frames import Chunk, raw_frames
from sentinel.gateway.outgoing import Identity, Outgoing, frame_of
from sentinel.resilience.seam import SeamFilter, SeamVerdict


class Encoder(Protocol):
    """Encodes the chunks of one upstream stream."""

    def encode(self, ready: list[Chunk]) -> bytes:
        """Give the bytes for chunks that may go to the caller now."""
        ...

    def finish(self, tail: list[Chunk]) -> bytes:
        """Give what is still due when the stream has ended well; the tail itself is written by `closing_frames`."""
        ...


@dataclass(slots=True)
class OriginalEncoder:
    """The first stream: every frame as it came."""

    outgoing: Outgoing

    def encode(self, ready: list[Chunk]) -> bytes:
        """Give the original bytes."""
        if self.outgoing.identity is None and ready:
            self.outgoing.identity = Identity.of(ready[0].data)
        self.outgoing.text.extend(chunk.text for chunk in ready if chunk.text)
        return raw_frames(ready)

    def finish(self, tail: list[Chunk]) -> bytes:
        """Nothing is left."""
        if self.outgoing.identity is None and tail:
            self.outgoing.identity = Identity.of(tail[0].data)
        return b""


@dataclass(slots=True)
class SplicedEncoder:
    """A later stream: text passes the seam's filter, and chunks look like those of the first stream.

    `note` is what a comment tells the caller before the first new text; it gets the seam's verdict.

    Raises:
        SeamDivergedError: the new text does not go on where the old one ended.
    """

    outgoing: Outgoing
    identity: Identity
    seam: SeamFilter
    note: dict[str, Any]

    def encode(self, ready: list[Chunk]) -> bytes:
        """Give frames for what follows on the text that the caller has."""
        return b"".join(self._frame(chunk) for chunk in ready)

    def finish(self, tail: list[Chunk]) -> bytes:
        """Give the content that came with the finish, and what the filter held until the end."""
        frames = b"".join(self._frame(chunk) for chunk in tail)
        is_filtered = any("content_filter" in chunk.finish_reasons.values() for chunk in tail)
        # A filter's word ends the answer whatever was said, also if it is not known what that was.
        return frames if is_filtered or not tail else frames + self._rest(tail[-1])

    def _frame(self, chunk: Chunk) -> bytes:
        if not chunk.is_content:
            return b""
        was_decided = self.seam.is_decided
        passed = self.seam.feed(chunk.text)
        frames = self._comment(was_decided=was_decided)
        if chunk.is_held:  # tool calls: no text follows, so what it is must be known by now
            frames += self._rest(chunk)
        if chunk.text and not (passed or chunk.is_held):
            return frames
        self.outgoing.text.append(passed)
        return frames + spliced(chunk, self.identity, text=passed if chunk.text else None)

    def _rest(self, chunk: Chunk) -> bytes:
        """Give what the filter still holds, in the likeness of a chunk, when no more text comes."""
        was_decided = self.seam.is_decided
        rest = self.seam.finish(has_tool_calls=chunk.is_held)
        frames = self._comment(was_decided=was_decided)
        if not rest:
            return frames
        self.outgoing.text.append(rest)
        choice = {"index": 0, "delta": {"content": rest}, "finish_reason": None}
        return frames + frame_of(_as_first(chunk, self.identity, [choice]))

    def _comment(self, *, was_decided: bool) -> bytes:
        """Tell of the seam once it is known what it is."""
        if self.seam.verdict is SeamVerdict.DIVERGED:
            raise SeamDivergedError
        if was_decided or not self.seam.is_decided:
            return b""
        return b": sentinel " + orjson.dumps(self.note | {"method": self.seam.verdict.value}) + b"\n\n"


def spliced(chunk: Chunk, identity: Identity, *, text: str | None = None) -> bytes:
    """Give a chunk of a later stream as one of the first: same id, created and model, no second role, no finish."""
    choices = [_without_role(choice, text) for choice in chunk.data.get("choices") or ()]
    return frame_of(_as_first(chunk, identity, choices))


def _as_first(chunk: Chunk, identity: Identity, choices: list[dict[str, Any]]) -> dict[str, Any]:
    data = {**chunk.data, **identity.fields, "choices": choices}
    data.pop("usage", None)
    return data


def _without_role(choice: dict[str, Any], text: str | None) -> dict[str, Any]:
    delta = {key: value for key, value in (choice.get("delta") or {}).items() if key != "role"}
    if text is not None:
        delta["content"] = text
    return {**choice, "delta": delta, "finish_reason": None}
