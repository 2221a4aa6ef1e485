"""Which tools are trusted, where several processes keep it in one database."""

from dataclasses import replace
from typing import Any

import pytest

from sentinel.domain.tools import ToolPin
from sentinel.persistence.engine import Engine
from sentinel.persistence.tool_pin_store import SqlToolPinStore
from sentinel.testing.clock import FakeClock
from sentinel.tools.catalogue.pinning import PinBoard
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import ServerConfig
from tests.support.run_builders import at

SERVER = ServerConfig(command="x")
SEEN = ToolPin(server="s", tool="t", digest="d1", seen_digest="d1", first_seen_at=at(1), changed_at=at(1))
APPROVED = replace(
    SEEN, digest="d2", seen_digest="d2", approved_at=at(5), approved_by="ann", facts={"description": "2"}
)


@pytest.fixture
def store(engine: Engine) -> SqlToolPinStore:
    return SqlToolPinStore(engine)


async def kept(store: SqlToolPinStore) -> ToolPin:
    (pin,) = await store.load()
    return pin


async def test_pins_are_kept_with_what_is_trusted(store: SqlToolPinStore) -> None:
    other = replace(SEEN, tool="u", digest="", facts={"description": "1"})
    await store.save([other, SEEN])
    assert list(await store.load()) == [SEEN, other]
    assert await store.digests() == {("s", "t"): "d1", ("s", "u"): ""}


async def test_what_is_seen_does_not_undo_an_approval(store: SqlToolPinStore) -> None:
    """A process that has not heard of it sees the tool as it was, or as it is next."""
    await store.save([SEEN])
    await store.save([], approved=[APPROVED])
    await store.save([replace(SEEN, seen_digest="d3", changed_at=at(9), facts={"description": "1"})])
    assert await kept(store) == replace(APPROVED, seen_digest="d3", changed_at=at(9))


async def test_what_a_trusted_definition_says_is_filled_in_once(store: SqlToolPinStore) -> None:
    await store.save([SEEN])
    for text in ("1", "another"):
        await store.save([replace(SEEN, facts={"description": text})])
    assert (await kept(store)).facts == {"description": "1"}


async def test_the_newest_approval_holds(store: SqlToolPinStore) -> None:
    """Also where an older one is written later, because the database was away."""
    await store.save([], approved=[APPROVED])
    await store.save([], approved=[replace(APPROVED, digest="d0", approved_at=at(4))])
    assert await kept(store) == APPROVED
    newer = replace(APPROVED, digest="d3", seen_digest="d3", approved_at=at(6), approved_by="bob")
    await store.save([], approved=[newer])
    assert await kept(store) == newer


async def test_what_somebody_has_approved_meanwhile_is_not_dropped(store: SqlToolPinStore) -> None:
    await store.save([], approved=[APPROVED])
    await store.save([], dropped=[SEEN])
    assert await kept(store) == APPROVED
    await store.save([], dropped=[APPROVED])
    assert list(await store.load()) == []


class Process:
    """A pin board over the common database."""

    def __init__(self, store: SqlToolPinStore) -> None:
        self.clock = FakeClock()
        self.board = PinBoard(clock=self.clock, store=store)

    async def sees(self, digest: str) -> bool:
        """Whether the tool may be called, as this process lists it."""
        (marked,) = self.board.examine("s", SERVER, [_spec(digest)])
        await self.written()
        return not marked.is_quarantined

    async def written(self) -> None:
        """Wait until everything is in the database."""
        await self.board.close()


def _spec(digest: str, **more: Any) -> ToolSpec:
    return ToolSpec(name="s__t", server="s", tool="t", description="", input_schema={}, digest=digest, **more)


@pytest.fixture
async def processes(store: SqlToolPinStore) -> tuple[Process, Process]:
    """Two processes that have seen the first definition."""
    both = Process(store), Process(store)
    for each in both:
        await each.board.load()
        assert await each.sees("d1")
    return both


async def test_a_process_that_lags_behind_erases_no_approval(
    store: SqlToolPinStore, processes: tuple[Process, Process]
) -> None:
    """It has read the pins before, and sees the change afterwards."""
    one, other = processes
    assert not await one.sees("d2")
    one.board.approve(_spec("d2"), digest="d2", actor="ann")
    await one.written()
    assert not await other.sees("d2")
    pin = await kept(store)
    assert (pin.digest, pin.approved_by, pin.approved_at is not None) == ("d2", "ann", True)


async def test_an_approval_reaches_the_other_process_within_seconds(
    store: SqlToolPinStore, processes: tuple[Process, Process]
) -> None:
    """Both see the new definition. What a third one sees then is told to nobody, as it changes no trust."""
    one, other = processes
    assert not await one.sees("d2")
    assert not await other.sees("d2")
    one.board.approve(_spec("d2"), digest="d2", actor="ann")
    await one.written()
    assert await other.board.catch_up()
    (marked,) = other.board.marked(SERVER, [_spec("d2", is_quarantined=True)])
    assert not marked.is_quarantined
    await store.save([replace(await kept(store), seen_digest="d3")])
    assert not await other.board.catch_up()
    assert not await other.sees("d1")


async def test_two_processes_that_see_different_tools_at_first_trust_one(store: SqlToolPinStore) -> None:
    """The one that came second learns that its own is not what is trusted."""
    one, other = Process(store), Process(store)
    assert await one.sees("d1")
    assert await other.sees("d2")
    await other.board.catch_up()
    assert not await other.sees("d2")
    assert await one.sees("d1")
