"""Incidents: kept whole, listed from new to old, a newer version over an older one."""

from dataclasses import replace

import pytest

from sentinel.domain.incidents import Incident, IncidentQuery, IncidentType
from tests.support.run_builders import at, incident
from tests.support.stores import Stores


async def ids(stores: Stores, **wanted: object) -> list[str]:
    query = IncidentQuery(**{"limit": 50, **wanted})  # type: ignore[arg-type]  # the test's own words
    return [each.incident_id for each in (await stores.incidents.list(query)).items]


def id_of(number: int) -> str:
    return incident(number).incident_id


@pytest.fixture
def full() -> Incident:
    """An incident with a value in every column."""
    return incident(
        type=IncidentType.CHAOS, actor="ann", reason="drill", run_id="run-1", request_id="request-1", count=3
    )


async def test_an_incident_comes_back_as_it_was_kept(stores: Stores, full: Incident) -> None:
    bare = incident(2, detail=None, data={})
    await stores.incidents.add([full, bare])
    page = await stores.incidents.list(IncidentQuery(limit=50))
    assert (page.items, page.next_cursor) == ([bare, full], None)


async def test_a_newer_version_takes_the_place_of_the_older_one(stores: Stores, full: Incident) -> None:
    await stores.incidents.add([full])
    newer = replace(full, count=9, last_at=at(80), data={"rule": "probe"})
    await stores.incidents.add([newer, incident(2)])
    await stores.incidents.add([newer])
    assert (await stores.incidents.list(IncidentQuery(limit=50))).items == [incident(2), newer]


async def test_incidents_are_listed_in_pages(stores: Stores) -> None:
    await stores.incidents.add([incident(number) for number in (2, 1, 3)])
    first = await stores.incidents.list(IncidentQuery(limit=2))
    assert [each.incident_id for each in first.items] == [id_of(3), id_of(2)]
    second = await stores.incidents.list(IncidentQuery(limit=2, cursor=first.next_cursor))
    assert ([each.incident_id for each in second.items], second.next_cursor) == ([id_of(1)], None)


async def test_incidents_are_found_by_type_and_time(stores: Stores) -> None:
    outage = incident(2, type=IncidentType.OUTAGE)
    await stores.incidents.add([incident(1), outage, incident(3)])
    assert await ids(stores, type=IncidentType.OUTAGE) == [id_of(2)]
    assert await ids(stores, since=at(2)) == [id_of(3), id_of(2)]
    assert await ids(stores, since=at(3), type=IncidentType.OUTAGE) == []
