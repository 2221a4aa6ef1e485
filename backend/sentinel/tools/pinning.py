"""Tools are trusted as they were first seen: what a server says about them later, it may say to mislead a model.

A changed definition quarantines that tool, and a tool that an untrusted server adds later is not offered, until an
operator approves it. The database keeps the pins; a write that fails is made again, and no call waits for one.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sentinel.clock import Clock
from sentinel.domain.tools import ToolPin, ToolPinStore
from sentinel.errors import StoreError, ToolChangedError
from sentinel.tools.config import ServerConfig
from sentinel.tools.definition import Change, changes_between
from sentinel.tools.spec import ToolSpec

_AGAIN_SECONDS: Final = 5.0

Key = tuple[str, str]


class PinBoard:
    """The pins of all tools. Without a store they last as long as the process."""

    def __init__(self, *, clock: Clock, store: ToolPinStore | None = None) -> None:
        """Start with nothing known; `load` reads what was kept."""
        self._clock = clock
        self._store = store
        self._pins: dict[Key, ToolPin] = {}
        self._unsaved: dict[Key, ToolPin] = {}
        self._saving: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the pins that were kept; raises StoreUnavailableError."""
        if self._store is not None:
            self._pins = {(pin.server, pin.tool): pin for pin in await self._store.load()}

    def find(self, server: str, tool: str) -> ToolPin | None:
        """Return the pin of a tool."""
        return self._pins.get((server, tool))

    def examine(self, server: str, config: ServerConfig, specs: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Hold what a server lists against the pins; gives the same tools, marked where they are not trusted."""
        if not config.pinned:
            return tuple(specs)
        is_first_sight = not any(key[0] == server for key in self._pins)
        return tuple(self._examined(spec, trusts_new=is_first_sight or config.trusted) for spec in specs)

    def approve(self, spec: ToolSpec, *, digest: str | None, actor: str) -> ToolPin:
        """Trust a tool as it is now.

        Raises:
            ToolChangedError: it is not what the operator has seen, if `digest` says what that was.
        """
        if digest is not None and digest != spec.digest:
            message = f"{spec.server}/{spec.tool} has changed since it was looked at"
            raise ToolChangedError(message, digest=spec.digest)
        now = self._clock.now()
        known = self.find(spec.server, spec.tool) or self._first(spec)
        pin = replace(
            known, digest=spec.digest, seen_digest=spec.digest, approved_at=now, approved_by=actor, facts=spec.facts
        )
        self._keep(pin)
        return pin

    def changes(self, spec: ToolSpec) -> list[Change] | None:
        """Give what a tool says otherwise than when it was trusted; None if what it said then is not known."""
        pin = self.find(spec.server, spec.tool)
        return None if pin is None or pin.facts is None else changes_between(pin.facts, spec.facts)

    async def close(self) -> None:
        """Write what has not been written, if the database takes it at once."""
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
        if self._store is not None and self._unsaved:
            await self._write(self._store)

    def _examined(self, spec: ToolSpec, *, trusts_new: bool) -> ToolSpec:
        pin = self.find(spec.server, spec.tool)
        if pin is None:
            pin = self._first(spec, digest=spec.digest if trusts_new else "")
            self._keep(pin)
        elif pin.seen_digest != spec.digest:
            pin = replace(pin, seen_digest=spec.digest, changed_at=self._clock.now())
            self._keep(pin)
        if pin.is_trusted and pin.facts is None:
            pin = replace(pin, facts=spec.facts)
            self._keep(pin)
        return spec if pin.is_trusted else replace(spec, is_quarantined=True)

    def _first(self, spec: ToolSpec, *, digest: str = "") -> ToolPin:
        now = self._clock.now()
        return ToolPin(
            server=spec.server,
            tool=spec.tool,
            digest=digest,
            seen_digest=spec.digest,
            first_seen_at=now,
            changed_at=now,
        )

    def _keep(self, pin: ToolPin) -> None:
        key = (pin.server, pin.tool)
        self._pins[key] = pin
        if self._store is None:
            return
        self._unsaved[key] = pin
        if self._saving is None:
            self._saving = asyncio.create_task(self._save(self._store), name="tools:pins")

    async def _save(self, store: ToolPinStore) -> None:
        try:
            while self._unsaved:
                if not await self._write(store):
                    await self._clock.sleep(_AGAIN_SECONDS)
        finally:
            self._saving = None

    async def _write(self, store: ToolPinStore) -> bool:
        pins = dict(self._unsaved)
        try:
            await store.save(list(pins.values()))
        except StoreError:
            return False
        self._unsaved = {key: pin for key, pin in self._unsaved.items() if pins.get(key) is not pin}
        return True
