"""The ring of incidents and its readers: the newest from memory, older ones from the store, each once."""

from datetime import timedelta

import pytest

from sentinel.domain.incidents import Incident, IncidentQuery, IncidentType
from sentinel.domain.messages import Page
from sentinel.errors import RequestError, StoreUnavailableError
from sentinel.health.incidents import IncidentHistory
from sentinel.testing.incidents import MemoryIncidentStore
from tests.unit.health.incident_making import Watched

CAPACITY = 5


@pytest.fixture
def watched() -> Watched:
    return Watched(capacity=CAPACITY)


@pytest.fixture
def store() -> MemoryIncidentStore:
    return MemoryIncidentStore()


@pytest.fixture
def history(watched: Watched, store: MemoryIncidentStore) -> IncidentHistory:
    return IncidentHistory(watched.board, store)


def report(watched: Watched, *numbers: int, type_: IncidentType = IncidentType.CHAOS) -> None:
    for number in numbers:
        watched.clock.advance(1)
        watched.board.report(type_, f"key-{number}", "A title")


def keys(page: Page[Incident]) -> list[str]:
    return [incident.key for incident in page.items]


def names(*numbers: int) -> list[str]:
    return [f"key-{number}" for number in numbers]


async def test_the_newest_come_first_and_from_memory_alone(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    store.is_away = True
    report(watched, 1, 2, 3)
    page = await history.list(IncidentQuery(limit=10))
    assert (keys(page), page.next_cursor) == (names(3, 2, 1), None)
    assert keys(await history.list(IncidentQuery(limit=2))) == names(3, 2)


async def test_older_ones_come_from_the_store(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(1, 9))
    await store.add(watched.kept[:7])  # the newest is not written yet
    first = await history.list(IncidentQuery(limit=6))
    assert keys(first) == names(8, 7, 6, 5, 4, 3)
    second = await history.list(IncidentQuery(limit=6, cursor=first.next_cursor))
    assert (keys(second), second.next_cursor) == (names(2, 1), None)


async def test_pages_of_any_size_give_each_incident_once(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(12))
    await store.add(watched.kept)
    for limit in range(1, 14):
        found, cursor = [], None
        while True:
            page = await history.list(IncidentQuery(limit=limit, cursor=cursor))
            found += keys(page)
            if (cursor := page.next_cursor) is None:
                break
        assert found == names(*reversed(range(12)))


async def test_a_time_that_memory_covers_needs_no_store(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(8))
    store.is_away = True
    since = watched.kept[5].at
    assert keys(await history.list(IncidentQuery(limit=50, since=since))) == names(7, 6, 5)


async def test_all_that_memory_holds_is_readable_while_the_store_is_away(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(8))
    store.is_away = True
    page = await history.list(IncidentQuery(limit=CAPACITY))
    assert keys(page) == names(7, 6, 5, 4, 3)
    store.is_away = False
    await store.add(watched.kept)
    rest = await history.list(IncidentQuery(limit=CAPACITY, cursor=page.next_cursor))
    assert (keys(rest), rest.next_cursor) == (names(2, 1, 0), None)


async def test_what_memory_has_of_a_longer_list_is_given_while_the_store_is_away(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(6))
    report(watched, 6, type_=IncidentType.OUTAGE)
    store.is_away = True
    page = await history.list(IncidentQuery(limit=50, type=IncidentType.OUTAGE))
    assert (keys(page), page.next_cursor) == (names(6), watched.kept[6].incident_id)
    for beyond in ({"cursor": page.next_cursor, "type": IncidentType.OUTAGE}, {"type": IncidentType.RECOVERY}):
        with pytest.raises(StoreUnavailableError):
            await history.list(IncidentQuery(limit=50, **beyond))


async def test_an_old_incident_that_is_counted_again_hides_none(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(11))
    watched.board.again(watched.kept[0])
    await store.add(watched.kept)
    page = await history.list(IncidentQuery(limit=50, since=watched.kept[1].at))
    assert keys(page) == names(*reversed(range(1, 11)))
    everything = await history.list(IncidentQuery(limit=50))
    assert (everything.items[-1].key, everything.items[-1].count) == ("key-0", 2)


async def test_one_type_is_found_beyond_memory(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, 0, type_=IncidentType.OUTAGE)
    report(watched, *range(1, 8))
    await store.add(watched.kept)
    assert keys(await history.list(IncidentQuery(limit=50, type=IncidentType.OUTAGE))) == names(0)


async def test_what_memory_knows_is_never_older_than_what_is_stored(
    watched: Watched, store: MemoryIncidentStore, history: IncidentHistory
) -> None:
    report(watched, *range(7))
    await store.add(watched.kept)
    watched.board.again(watched.kept[6])
    page = await history.list(IncidentQuery(limit=50))
    assert [incident.count for incident in page.items] == [2, 1, 1, 1, 1, 1, 1]


async def test_a_process_takes_over_what_earlier_ones_stored(watched: Watched, store: MemoryIncidentStore) -> None:
    report(watched, *range(4))
    later = Watched(capacity=CAPACITY, clock=watched.clock)
    await store.add(watched.kept)
    later.board.load(await store.list(IncidentQuery(limit=CAPACITY)))
    report(later, 4)
    store.is_away = True
    history = IncidentHistory(later.board, store)
    page = await history.list(IncidentQuery(limit=50))
    assert (keys(page), page.next_cursor) == (names(4, 3, 2, 1, 0), None)
    report(later, 5)
    page = await history.list(IncidentQuery(limit=50))
    assert keys(page) == names(5, 4, 3, 2, 1)
    assert page.next_cursor is not None  # the oldest is only in the store now


async def test_what_other_processes_have_stored_is_read_at_every_process(store: MemoryIncidentStore) -> None:
    mine, other = Watched(capacity=CAPACITY), Watched(capacity=CAPACITY)
    other.clock.advance(0.5)  # so that the two take turns
    report(mine, 1, 3)
    report(other, 2, 4)
    await store.add(other.kept)  # mine are not written yet
    history = IncidentHistory(mine.board, store, is_shared=True)
    page = await history.list(IncidentQuery(limit=10))
    assert (sorted(keys(page)), page.next_cursor) == (names(1, 2, 3, 4), None)
    assert len((await history.list(IncidentQuery(limit=3))).items) == 3
    store.is_away = True
    page = await history.list(IncidentQuery(limit=1))
    assert (keys(page), page.next_cursor) == (names(3), mine.kept[1].incident_id)


async def test_what_another_process_has_counted_since_it_was_loaded_is_given(
    watched: Watched, store: MemoryIncidentStore
) -> None:
    other = Watched(clock=watched.clock)
    report(other, 1)
    await store.add(other.kept)
    watched.board.load(await store.list(IncidentQuery(limit=CAPACITY)))
    other.board.again(other.kept[0])
    await store.add(other.kept)
    page = await IncidentHistory(watched.board, store, is_shared=True).list(IncidentQuery(limit=10))
    assert [(incident.key, incident.count) for incident in page.items] == [("key-1", 2)]


async def test_a_store_that_does_not_answer_is_not_waited_for(watched: Watched, store: MemoryIncidentStore) -> None:
    report(watched, 1)
    store.hangs = True
    history = IncidentHistory(watched.board, store, is_shared=True, patience_seconds=0)
    assert keys(await history.list(IncidentQuery(limit=10))) == names(1)
    with pytest.raises(StoreUnavailableError):
        await history.list(IncidentQuery(limit=10, type=IncidentType.OUTAGE))


async def test_what_is_older_than_it_is_kept_is_not_given_from_memory(store: MemoryIncidentStore) -> None:
    watched = Watched(max_age=timedelta(days=1))
    report(watched, 1)
    watched.clock.advance(86_400)
    report(watched, 2)
    assert keys(await IncidentHistory(watched.board, store).list(IncidentQuery(limit=50))) == names(2)


@pytest.mark.parametrize("cursor", ["", "nonsense", "0199A000-0000-7000-8000-000000000001"])
async def test_a_cursor_that_no_listing_gave_out_is_refused(history: IncidentHistory, cursor: str) -> None:
    with pytest.raises(RequestError, match="cursor"):
        await history.list(IncidentQuery(limit=1, cursor=cursor))
