"""Tools are trusted as they were first seen: what a server says about them later, it may say to mislead a model.

A changed definition quarantines that tool, and a tool that an untrusted server adds later is not offered, until an
operator approves it. The database keeps the pins, for all processes, which learn of each other's approvals within
seconds; a write that fails is made again, and no call waits for one.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from sentinel.clock import Clock
from sentinel.domain.tools import PinKey, ToolPin, ToolPinStore
from sentinel.errors import StoreError, ToolChangedError
from sentinel.tasks import ended
from sentinel.tools.catalogue.definition import Change, changes_between
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import ServerConfig

LOOK_SECONDS: Final = 5.0
"""How long an approval by another process may go unseen."""
MAX_PINS: Final = 1_000
"""Of one server, which may think of new names again and again."""
_AGAIN_SECONDS: Final = 5.0


class PinBoard:
    """The pins of all tools. Without a store they last as long as the process."""

    def __init__(self, *, clock: Clock, store: ToolPinStore | None = None) -> None:
        """Start with nothing known; `load` reads what was kept."""
        self._clock = clock
        self._store = store
        self._pins: dict[PinKey, ToolPin] = {}
        self._noted: dict[PinKey, str] = {}  # by this process; others may see other definitions at the same time
        self._unsaved: dict[PinKey, ToolPin] = {}
        self._approvals: set[PinKey] = set()
        self._dropped: dict[PinKey, ToolPin] = {}
        self._touched: set[PinKey] = set()
        self._saving: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the pins that were kept; raises StoreUnavailableError."""
        if self._store is not None:
            self._pins = _by_key(await self._store.load())

    async def catch_up(self) -> bool:
        """Take over what other processes have stored since; tells whether they trust something else.

        A database that is away has nothing to tell.
        """
        if self._store is not None:
            with suppress(StoreError):
                return await self._catch_up(self._store)
        return False

    def find(self, server: str, tool: str) -> ToolPin | None:
        """Return the pin of a tool."""
        return self._pins.get((server, tool))

    def examine(self, server: str, config: ServerConfig, specs: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Hold what a server lists against the pins; gives the same tools, marked where they are not trusted."""
        if not config.pinned:
            return tuple(specs)
        listed = tuple(specs)
        trusts_new = config.trusted or not any(key[0] == server for key in self._pins)
        for spec in listed:
            self._note(spec, trusts_new=trusts_new)
        self._make_room(server, {spec.tool for spec in listed})
        return self.marked(config, listed)

    def marked(self, config: ServerConfig, specs: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Give the same tools, marked where they are not trusted by now."""
        return tuple(self._marked(spec) if config.pinned else spec for spec in specs)

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
        self._approvals.add(pin.key)
        self._keep(pin)
        return pin

    def changes(self, spec: ToolSpec) -> list[Change] | None:
        """Give what a tool says otherwise than when it was trusted; None if what it said then is not known."""
        pin = self.find(spec.server, spec.tool)
        return None if pin is None or pin.facts is None else changes_between(pin.facts, spec.facts)

    async def close(self) -> None:
        """Write what has not been written, if the database takes it at once."""
        await ended(self._saving)
        if self._store is not None and self._is_behind:
            await self._write(self._store)

    def _marked(self, spec: ToolSpec) -> ToolSpec:
        pin = self.find(spec.server, spec.tool)
        is_quarantined = pin is None or not pin.trusts(spec.digest)
        return spec if spec.is_quarantined == is_quarantined else replace(spec, is_quarantined=is_quarantined)

    def _note(self, spec: ToolSpec, *, trusts_new: bool) -> None:
        pin = known = self.find(spec.server, spec.tool) or self._first(spec, digest=spec.digest if trusts_new else "")
        is_news = self._noted.get(pin.key) != spec.digest
        self._noted[pin.key] = spec.digest
        if is_news and pin.seen_digest != spec.digest:
            pin = replace(pin, seen_digest=spec.digest, changed_at=self._clock.now())
        if pin.trusts(spec.digest) and pin.facts is None:
            pin = replace(pin, facts=spec.facts)
        if pin is not known or pin.key not in self._pins:
            self._keep(pin)

    def _make_room(self, server: str, listed: set[str]) -> None:
        """Forget tools that the server lists no more, if there are too many: those first that nobody has trusted."""
        own = [pin for pin in self._pins.values() if pin.server == server]
        gone = sorted((pin for pin in own if pin.tool not in listed), key=_worth)
        for pin in gone[: max(0, len(own) - MAX_PINS)]:
            self._drop(pin)

    def _drop(self, pin: ToolPin) -> None:
        for pins in (self._pins, self._noted, self._unsaved):
            pins.pop(pin.key, None)
        self._approvals.discard(pin.key)
        if self._store is not None:
            self._dropped[pin.key] = pin
            self._save_soon(self._store)

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
        self._pins[pin.key] = pin
        self._touched.add(pin.key)
        if self._store is not None:
            self._unsaved[pin.key] = pin
            self._save_soon(self._store)

    async def _catch_up(self, store: ToolPinStore) -> bool:
        trusted = await store.digests()
        if all(key in self._pins and self._pins[key].trusts(digest) for key, digest in trusted.items()):
            return False
        self._touched = set(self._unsaved)
        stored = _by_key(await store.load())
        ours = {key: pin for key, pin in self._pins.items() if key in self._touched}  # newer than what was read
        self._pins = self._pins | stored | ours
        return True

    # Writing ----------------------------------------------------------------------------------------------------------

    @property
    def _is_behind(self) -> bool:
        return bool(self._unsaved or self._dropped)

    def _save_soon(self, store: ToolPinStore) -> None:
        if self._saving is None:
            self._saving = asyncio.create_task(self._save(store), name="tools:pins")

    async def _save(self, store: ToolPinStore) -> None:
        try:
            while self._is_behind:
                if not await self._write(store):
                    await self._clock.sleep(_AGAIN_SECONDS)
        finally:
            self._saving = None

    async def _write(self, store: ToolPinStore) -> bool:
        pins, approvals, dropped = dict(self._unsaved), set(self._approvals), dict(self._dropped)
        seen = [pin for key, pin in pins.items() if key not in approvals]
        approved = [pin for key, pin in pins.items() if key in approvals]
        try:
            await store.save(seen, approved=approved, dropped=list(dropped.values()))
        except StoreError:
            return False
        self._unsaved = {key: pin for key, pin in self._unsaved.items() if pins.get(key) is not pin}
        self._approvals &= self._unsaved.keys()
        self._dropped = {key: pin for key, pin in self._dropped.items() if dropped.get(key) is not pin}
        return True


def _by_key(pins: Sequence[ToolPin]) -> dict[PinKey, ToolPin]:
    return {pin.key: pin for pin in pins}


def _worth(pin: ToolPin) -> tuple[bool, bool, datetime]:
    return pin.approved_at is not None, bool(pin.digest), pin.first_seen_at
