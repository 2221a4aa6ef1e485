"""A store of trusted definitions in memory."""

from collections.abc import Mapping, Sequence

from sentinel.domain.tools import PinKey, ToolPin
from sentinel.errors import StoreUnavailableError


class Pins:
    """A store that may be away, of the tools of one server."""

    def __init__(self) -> None:
        self.kept: dict[str, ToolPin] = {}
        self.is_away = False

    async def load(self) -> Sequence[ToolPin]:
        return list(self.kept.values())

    async def digests(self) -> Mapping[PinKey, str]:
        if self.is_away:
            raise StoreUnavailableError("away")
        return {pin.key: pin.digest for pin in self.kept.values()}

    async def save(
        self, seen: Sequence[ToolPin], *, approved: Sequence[ToolPin] = (), dropped: Sequence[ToolPin] = ()
    ) -> None:
        if self.is_away:
            raise StoreUnavailableError("away")
        for pin in dropped:
            self.kept.pop(pin.tool, None)
        self.kept |= {pin.tool: pin for pin in (*seen, *approved)}
