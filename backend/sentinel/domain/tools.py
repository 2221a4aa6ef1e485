"""What is kept of tools between two starts: the definitions that are trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPin:
    """The definition of one tool as it is trusted, and as it is.

    `digest` is the SHA-256 of the trusted definition, empty while none is; `seen_digest` that of the last one seen.
    Where they differ the tool waits for an approval. `approved_by` is None for what was trusted at first sight.
    """

    server: str
    tool: str
    digest: str
    seen_digest: str
    first_seen_at: datetime
    changed_at: datetime
    approved_at: datetime | None = None
    approved_by: str | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether the tool is what was trusted."""
        return self.digest == self.seen_digest


class ToolPinStore(Protocol):
    """Keeps the pins; raises StoreUnavailableError when the database cannot be reached or written."""

    async def load(self) -> Sequence[ToolPin]:
        """Give all pins."""
        ...

    async def save(self, pins: Sequence[ToolPin]) -> None:
        """Store these in the place of earlier ones of the same tools."""
        ...
