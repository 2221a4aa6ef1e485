"""Streams that are cut within characters: chunks wait until the other half is there, and their bytes stay as they are.

So the caller never has half a character when a stream breaks, and what recovery knows of the text can be gone on from.
"""

from dataclasses import dataclass, field

from sentinel.domain.characters import HalfJoiner
from sentinel.gateway.frames import Chunk


@dataclass(slots=True)
class WholeCharacters:
    """Gives each chunk the text that is whole with it. `is_needed` is set by the first chunk that has halves."""

    is_needed: bool = False
    _halves: HalfJoiner = field(default_factory=HalfJoiner)
    _waiting: list[Chunk] = field(default_factory=list)

    def feed(self, chunks: list[Chunk]) -> list[Chunk]:
        """Give what may go to the caller now: all but what comes from a chunk on that ends within a character."""
        cut = 0 if self._halves.is_holding else len(chunks)
        for index, chunk in enumerate(chunks):
            if self._join(chunk):
                cut = index if self._halves.is_holding else len(chunks)
        if cut == 0:
            self._waiting += chunks
            return []
        ready, self._waiting = [*self._waiting, *chunks[:cut]], chunks[cut:]
        return ready

    def finish(self, held: list[Chunk], tail: list[Chunk]) -> list[Chunk]:
        """Give what waited and was held until the end; a half that waits may have its other one in the tail."""
        if not self.is_needed:
            return held
        ready = [*self._waiting, *held]
        joined = [*self._waiting, *(chunk for chunk in (*held, *tail) if self._join(chunk))]
        if joined:
            joined[-1].text += self._halves.finish()
            joined[-1].is_content = bool(joined[-1].text)
        return ready

    def _join(self, chunk: Chunk) -> bool:
        """Tell whether the chunk has text."""
        if not chunk.text:
            return False
        chunk.text = self._halves.feed(chunk.text)
        chunk.is_content = bool(chunk.text)
        return True
