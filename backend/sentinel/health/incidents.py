"""The newest incidents in memory, and the way to all of them.

`health.reporting` and `health.outages` decide what is one; here it gets its id and its time, loses its secrets, and
is handed to storage. Readers are answered from memory as far as that reaches, also while the database is away. Where
several processes share the database, memory reaches no further than what this one found, so readers are answered from
both.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.incidents import SEVERITY_OF, Incident, IncidentQuery, IncidentType, Severity
from sentinel.domain.messages import Page
from sentinel.domain.stores import IncidentStore
from sentinel.errors import RequestError, StoreUnavailableError
from sentinel.ids import IdSource
from sentinel.redaction import redact_text, redact_value

Keep = Callable[[Incident], None]
"""Takes an incident to be stored, or a newer version of one; must neither wait nor raise."""

_PATIENCE_SECONDS = 2.0
"""How long a reader waits for the store before memory alone answers: they are needed most when things hang."""


class IncidentBoard:
    """The ring of the newest incidents; tells `listeners` of each one and of each newer version."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: IdSource,
        listeners: Sequence[Keep] = (),
        capacity: int = 500,
        max_age: timedelta | None = None,
    ) -> None:
        """Start empty; `capacity` and `max_age` bound what is kept here."""
        self._clock = clock
        self._ids = ids
        self._listeners = tuple(listeners)
        self._capacity = capacity
        self._max_age = max_age
        # Holds every incident whose id is above `_evicted`, and no other: readers rely on there being no gap.
        self._ring: dict[str, Incident] = {}
        self._evicted = ""

    def load(self, stored: Page[Incident]) -> None:
        """Take over what was stored by earlier processes, newest first, up to the capacity."""
        self._ring = {incident.incident_id: incident for incident in reversed(stored.items)}
        self._evicted = stored.next_cursor or ""
        self._trim()

    def report(self, type_: IncidentType, key: str, title: str, **more: Any) -> Incident:
        """Make an incident of it and tell of it; `more` are further fields of the incident."""
        now = self._clock.now()
        fields = {"severity": SEVERITY_OF.get(type_, Severity.INFO), **more, "key": key, "title": title}
        incident = Incident(
            incident_id=self._ids.new(),
            type=type_,
            at=now,
            last_at=now,
            **{name: _clean(value) for name, value in fields.items()},
        )
        self._tell(incident)
        return incident

    def again(self, incident: Incident, data: dict[str, Any] | None = None) -> Incident:
        """Say that the same has happened once more; `data` replaces what it holds by those names."""
        newest = incident.data | redact_value(data or {})
        counted = replace(incident, count=incident.count + 1, last_at=self._clock.now(), data=newest)
        self._tell(counted)
        return counted

    def find(self, query: IncidentQuery) -> list[Incident]:
        """Give those held here that are wanted, newest first; `query.limit` does not count."""
        newest_first = sorted(self._ring.values(), key=_id_of, reverse=True)
        oldest = self._clock.now() - self._max_age if self._max_age else None
        return [each for each in newest_first if query.wants(each) and (oldest is None or each.at >= oldest)]

    def covers(self, query: IncidentQuery) -> bool:
        """Tell whether `find` gives all there are, stored ones included."""
        if not self._evicted:
            return True
        oldest = min(self._ring.values(), key=_id_of, default=None)
        return oldest is not None and query.since is not None and oldest.at < query.since

    def _tell(self, incident: Incident) -> None:
        if incident.incident_id in self._ring or incident.incident_id > self._evicted:
            self._ring[incident.incident_id] = incident
            self._trim()
        for listener in self._listeners:
            listener(incident)

    def _trim(self) -> None:
        while len(self._ring) > self._capacity:
            self._evicted = min(self._ring)
            del self._ring[self._evicted]


class IncidentHistory:
    """Answers readers: from the ring where it suffices, else together with the store."""

    def __init__(
        self,
        board: IncidentBoard,
        store: IncidentStore,
        *,
        is_shared: bool = False,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        """Read both. `is_shared`: other processes store theirs there, too, so the ring alone never suffices."""
        self._board = board
        self._store = store
        self._is_shared = is_shared
        self._patience_seconds = patience_seconds

    async def list(self, query: IncidentQuery) -> Page[Incident]:
        """Give the incidents that are wanted, newest first; a short page with a cursor while the database is away.

        Raises:
            RequestError: the cursor is none that a listing gave out.
            StoreUnavailableError: the database is away, and memory has none that is wanted.
        """
        _check(query.cursor)
        hot = self._board.find(query)
        if not self._is_shared:
            if self._board.covers(query):
                return _page(hot, query.limit)
            if len(hot) >= query.limit:
                return _unfinished(hot[: query.limit])
        try:
            stored = await self._stored(query)
        except StoreUnavailableError:
            if not hot:
                raise
            return _unfinished(hot[: query.limit])
        return _merged(hot, stored, query.limit)

    async def _stored(self, query: IncidentQuery) -> Page[Incident]:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._store.list(query)
        except TimeoutError as error:
            message = "the database does not answer"
            raise StoreUnavailableError(message) from error


def _merged(hot: list[Incident], stored: Page[Incident], limit: int) -> Page[Incident]:
    """Put both together: memory has what is not stored yet, the store what others have counted since."""
    newest = {incident.incident_id: incident for incident in stored.items}
    for incident in hot:
        known = newest.get(incident.incident_id)
        if known is None or known.count <= incident.count:
            newest[incident.incident_id] = incident
    merged = _page(sorted(newest.values(), key=_id_of, reverse=True), limit)
    return Page(merged.items, merged.next_cursor or stored.next_cursor)


def _check(cursor: str | None) -> None:
    try:
        is_id = cursor is None or str(uuid.UUID(cursor)) == cursor
    except ValueError:
        is_id = False
    if not is_id:
        message = "the cursor is not one that a listing gave out"
        raise RequestError(message)


def _page(newest_first: list[Incident], limit: int) -> Page[Incident]:
    items = newest_first[:limit]
    return Page(items, items[-1].incident_id if len(newest_first) > limit else None)


def _unfinished(items: list[Incident]) -> Page[Incident]:
    """Make a page of some after which the store may have more."""
    return Page(items, items[-1].incident_id)


def _id_of(incident: Incident) -> str:
    return incident.incident_id


def _clean(value: Any) -> Any:
    """Mask what must not be kept; enumerations stay what they are."""
    if isinstance(value, Severity):
        return value
    return redact_text(value) if isinstance(value, str) else redact_value(value)
