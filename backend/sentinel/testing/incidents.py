"""Incidents in memory: the twin of the store over SQL."""

import asyncio
from collections.abc import Sequence

from sentinel.domain.incidents import Incident, IncidentQuery
from sentinel.domain.messages import Page
from sentinel.errors import StoreUnavailableError


class MemoryIncidentStore:
    """Implements IncidentStore; `is_away` lets it be unreachable, `hangs` lets it never answer."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.is_away = False
        self.hangs = False
        self._incidents: dict[str, Incident] = {}

    async def add(self, some: Sequence[Incident]) -> None:
        """Keep the newest version of each."""
        self._incidents |= {incident.incident_id: incident for incident in some}

    async def list(self, query: IncidentQuery) -> Page[Incident]:
        """Give the incidents that are wanted, newest first."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_away:
            message = "the database is away"
            raise StoreUnavailableError(message)
        ids = sorted(self._incidents, reverse=True)
        found = [self._incidents[each] for each in ids if query.wants(self._incidents[each])]
        has_more = len(found) > query.limit
        return Page(found[: query.limit], found[query.limit - 1].incident_id if has_more else None)
