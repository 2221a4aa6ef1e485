"""One play: the driver asks while the monkey rages, then everything is mended and all that was seen is judged."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cluster import invariants
from tests.cluster.driver import Driver, Told, insist
from tests.cluster.invariants import Evidence
from tests.cluster.monkey import Monkey
from tests.cluster.orders import KINDS, Habit, Order, plan
from tests.cluster.reading import replay
from tests.cluster.stage import Stage

RUN_SECONDS = 60.0
"""How long a run may take when it is accepted and everything is up; takeovers from before are included."""
_EVERY_REQUEST_ITS_OWN = httpx.Limits(max_connections=None, max_keepalive_connections=0)
_SHOWN, _LISTED = 600, 12
_ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True)
class Report:
    """What a play showed. `broken` names invariants, each with the run that broke it."""

    seed: int
    stage: str
    runs: int
    deeds: int
    seconds: float
    broken: list[str]
    timeline: list[str]
    evidence: list[Evidence] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def __str__(self) -> str:
        head = (
            f"{self.stage}, seed {self.seed}: {self.runs} runs, {self.deeds} deeds in {self.seconds:.0f} s, "
            f"the slowest run took {self.slowest_seconds:.1f} s"
        )
        return "\n".join([head, *(complaint[:_SHOWN] for complaint in self.broken[:_LISTED])])


@dataclass
class Play:
    """A play on a stage that runs already."""

    stage: Stage
    seed: int
    runs: int
    most_deeds: int

    async def perform(self) -> Report:
        """Play to the end and judge."""
        began = time.monotonic()
        monkey = Monkey(self.stage, self.seed, self.most_deeds)
        async with httpx.AsyncClient(
            base_url=self.stage.url, timeout=15, limits=_EVERY_REQUEST_ITS_OWN, verify=False
        ) as client:
            driver = Driver(client, RUN_SECONDS, lambda: monkey.calm_since)
            await self._rage(driver, monkey)
            evidence = await _gather(client, driver.told)
            broken = driver.complaints + await self._judge(driver, evidence)
        return Report(
            seed=self.seed,
            stage=type(self.stage).__name__,
            runs=len(driver.told),
            deeds=monkey.deeds,
            seconds=time.monotonic() - began,
            broken=broken,
            timeline=monkey.timeline,
            evidence=evidence,
            slowest_seconds=max((told.ended_at - told.accepted_at for told in driver.told if told.ended_at), default=0),
        )

    async def _rage(self, driver: Driver, monkey: Monkey) -> None:
        enough = asyncio.Event()
        raging = asyncio.create_task(monkey.rage(enough))
        try:
            await driver.drive(plan(self.seed, self.runs))
        finally:
            enough.set()
            await raging

    async def _judge(self, driver: Driver, evidence: Sequence[Evidence]) -> list[str]:
        broken = [
            f"run {each.told.run_id} ({each.told.order.kind.name}, order {each.told.order.key}): {complaint}"
            for each in evidence
            for complaint in invariants.broken(each)
        ]
        broken += invariants.bookings_broken(self.stage.booked(), evidence)
        broken += await self._same_key_again(driver)
        broken += await _still_active(driver.client)
        return broken + await _stuck_threads(driver)

    async def _same_key_again(self, driver: Driver) -> list[str]:
        """Send some requests a last time: who asks again under a key gets the run that it has."""
        rng = random.Random(f"again {self.seed}")
        chosen = rng.sample(driver.told, min(5, len(driver.told)))
        threads = {told.thread_id: told.order.key for told in reversed(driver.told)}
        again = [told for told in chosen if threads[told.thread_id] == told.order.key]
        broken = []
        for told in again:
            copy = await driver.ask(told.order, None)
            if copy["run_id"] != told.run_id:
                broken.append(f"one key, one run: {told.order.key} made {told.run_id} and {copy['run_id']}")
        return broken


async def _gather(client: httpx.AsyncClient, told: Sequence[Told]) -> list[Evidence]:
    evidence = []
    for each in told:
        view = await _until_ended(client, each.run_id)
        if view["status"] in _ENDED:
            stored = await replay(client, each.run_id)
            evidence.append(Evidence(each, stored, view, await _answer(client, each)))
    return evidence


async def _until_ended(client: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    """Give the run as it is when it has ended, or when it still has not after a while; the driver complained then."""
    view: dict[str, Any] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while view.get("status") not in _ENDED:
                view = (await insist(lambda: client.get(f"/api/runs/{run_id}"))).json()
    return view


async def _answer(client: httpx.AsyncClient, told: Told) -> str | None:
    messages = (await client.get(f"/api/threads/{told.thread_id}/messages")).json()["items"]
    return next((message["text"] for message in messages if message.get("run_id") == told.run_id), None)


async def _still_active(client: httpx.AsyncClient) -> list[str]:
    found = []
    for status in ("queued", "running"):
        runs = (await client.get("/api/runs", params={"status": status})).json()["items"]
        found += [f"every run ended: {run['run_id']} is {status}" for run in runs]
    return found


async def _stuck_threads(driver: Driver) -> list[str]:
    """Ask one more question on every thread: it is accepted at once and answered."""
    plain = KINDS[0]
    before, complaints = len(driver.told), len(driver.complaints)
    threads = sorted({told.thread_id for told in driver.told})

    async def ask(thread_id: str) -> None:
        order = Order(f"last on {thread_id}", plain, f"Question {thread_id}: tell me something new", (Habit.STEADY,))
        await driver.converse((order,), thread_id)

    await asyncio.gather(*(ask(thread_id) for thread_id in threads))
    evidence = await _gather(driver.client, driver.told[before:])
    answered = [each for each in evidence if each.view["status"] == "completed"]
    stuck = [] if len(answered) == len(threads) else [f"free threads: {len(answered)} of {len(threads)} answered"]
    return driver.complaints[complaints:] + stuck + [text for each in evidence for text in invariants.broken(each)]


def write_bundle(folder: Path, report: Report, logs: Sequence[Path]) -> Path:
    """Keep what is needed to understand a failure: seed, timeline, the events of failing runs, and all logs."""
    bundle = folder / f"{report.stage}-seed-{report.seed}"
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / "report.txt").write_text("\n".join([str(report), "", *report.timeline]), encoding="utf-8")
    for each in report.evidence:
        if invariants.broken(each) or each.told.order.key in "\n".join(report.broken):
            lines = [json.dumps(each.view), *(event.raw.decode() for event in each.stored)]
            (bundle / f"run-{each.told.run_id}.txt").write_text("\n\n".join(lines), encoding="utf-8")
    for log in logs:
        (bundle / log.name).write_bytes(log.read_bytes())
    return bundle
