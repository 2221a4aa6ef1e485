"""A program that streams a run into the database of its argument until it is killed; prints each committed number."""

import asyncio
import sys
from collections.abc import Sequence
from itertools import count

from sentinel.clock import SystemClock
from sentinel.domain.events import Event, EventType
from sentinel.persistence.engine import create_engine
from sentinel.persistence.journal import Journal
from sentinel.persistence.run_store import SqlRunStore
from tests.support.run_builders import Questions, at


def _tell(events: Sequence[Event]) -> None:
    for event in events:
        sys.stdout.write(f"{event.seq}\n")
    sys.stdout.flush()


async def write(database_url: str) -> None:
    """Claim a new run and append to it for ever."""
    engine, clock = create_engine(database_url), SystemClock()
    runs = SqlRunStore(engine)
    await runs.create(Questions().ask())
    run = await runs.claim("run-1", owner="doomed", lease_seconds=0.0, at=at(50))
    assert run
    async with Journal(engine=engine, clock=clock, publish=_tell, flush_interval_seconds=0.001) as journal:
        log = journal.open(run)
        for number in count():
            log.append(EventType.TOKEN, {"text": f"{number} ", "message_id": run.message_id})
            await clock.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
