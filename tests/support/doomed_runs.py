"""A program that makes one run again and again, each time killed at another moment, and lets another process end it.

`python -m tests.support.doomed_runs FOLDER` prints a line of JSON for each moment. The run asks a model, which wants a
tool that changes something, and asks the model again. Every process is a fork of this one, so all begin in no time.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import _AsyncGeneratorContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig

from sentinel.domain.attempts import Usage
from sentinel.domain.runs import Run
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.providers.base import ChatStream, ModelCall, Piece, ToolRequest
from sentinel.telemetry.logging import configure_logging
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.config import Effect
from tests.integration.runs.conftest import Machine, Process
from tests.support.bounded import bounded

FIRST = ["Let me see what ", "the ledger says ", "before I book it."]
SECOND = ["It is booked now, ", "and the ledger says so, ", "as everybody may read."]
TOOL = "ledger__book"
_WORD_SECONDS = 0.04  # longer than a group of the journal, so that every word is committed
_END_SECONDS = 20.0
_SHARES = 4


@dataclass
class Doom:
    """Kills this process at the given occurrence of the given moment; counts all of them."""

    moment: str = ""
    number: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def at(self, moment: str) -> None:
        """Live through a moment, or do not."""
        self.seen[moment] += 1
        if (moment, self.seen[moment]) == (self.moment, self.number):
            os.kill(os.getpid(), signal.SIGKILL)


class Knowing(ScriptedProvider):
    """Knows the whole answer, and says all of it whenever it is asked: also to who wants it to be gone on with."""

    doom = Doom()

    def stream(self, call: ModelCall) -> _AsyncGeneratorContextManager[ChatStream, None]:
        """Ask for the tool, or answer when there is a result of it."""
        self.calls.append(call)
        return _saying(self.doom, is_second=any(turn["role"] == "tool" for turn in call.turns))


@asynccontextmanager
async def _saying(doom: Doom, *, is_second: bool) -> AsyncIterator[ChatStream]:
    doom.at("model asked")
    yield _Stream(doom, is_second=is_second)


@dataclass
class _Stream:
    doom: Doom
    is_second: bool

    async def __aiter__(self) -> AsyncIterator[Piece]:
        for word in SECOND if self.is_second else FIRST:
            yield Piece(text=word, is_content=True)
            await asyncio.sleep(_WORD_SECONDS)
            self.doom.at("word said")
        if not self.is_second:
            yield Piece(is_content=True, has_tool_parts=True)
        yield Piece(finish_reason="stop", usage=Usage(3, 2))

    def tool_requests(self) -> tuple[list[ToolRequest], list[str]]:
        return ([] if self.is_second else [ToolRequest(f"call-{os.getpid()}", TOOL, {"amount": 5})]), []


class CountedSaver(TranslatingSaver):
    """Meets its doom before or after each write."""

    doom = Doom()

    async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
        """Write a checkpoint."""
        self.doom.at("before checkpoint")
        written = await super().aput(config, *rest)
        self.doom.at("after checkpoint")
        return written

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], *rest: Any) -> None:
        """Write what a node gave."""
        self.doom.at("before writes")
        await super().aput_writes(config, writes, *rest)
        self.doom.at("after writes")

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a run."""
        self.doom.at("before forgetting")
        await super().adelete_thread(thread_id)
        self.doom.at("after forgetting")


def machine_in(folder: Path, doom: Doom) -> Machine:
    """Give a machine on which everything of note can kill."""

    def book(_: Mapping[str, Any]) -> str:
        doom.at("before booking")
        with (folder / "booked").open("a", encoding="utf-8") as notes:
            notes.write("booked\n")
        doom.at("after booking")
        return "booked"

    Knowing.doom = CountedSaver.doom = doom
    return Machine(
        folder,
        toolbox=FakeToolbox({TOOL: book}, effects={TOOL: Effect.MUTATING}),
        make_provider=Knowing,
        make_saver=CountedSaver,
        numbers=count(os.getpid()),
    )


def watch(process: Process, doom: Doom) -> None:
    """Let every commit of the journal and every claim be a moment."""
    for owner, name in ((process.journal, "_commit"), (process.runs, "claim")):
        vars(owner)[name] = _between(getattr(owner, name), name.strip("_"), doom)


def _between(work: Callable[..., Any], name: str, doom: Doom) -> Callable[..., Any]:
    async def done(*arguments: Any, **more: Any) -> Any:
        doom.at(f"before {name}")
        result = await work(*arguments, **more)
        doom.at(f"after {name}")
        return result

    return done


async def begin(folder: Path, doom: Doom) -> None:
    """Ask, and work until the end or the doom."""
    async with machine_in(folder, doom).process(one=[Behaviour()]) as process:
        watch(process, doom)
        asked = await process.ask()
        await bounded(process.service.wait(asked.run_id), _END_SECONDS)
        while process.executor.active:
            await asyncio.sleep(0.005)
    (folder / "moments").write_text(json.dumps(doom.seen), encoding="utf-8")


async def end(folder: Path) -> None:
    """Do what the next process does, and note what became of the run."""
    async with machine_in(folder, Doom()).process(one=[Behaviour()]) as process:
        await process.take_up()
        page = await process.service.list(status=None, thread_id=None, limit=10, cursor=None)
        for run in page.items:
            await bounded(process.service.wait(run.run_id), _END_SECONDS)
        booked = folder / "booked"
        bookings = len(booked.read_text(encoding="utf-8").splitlines()) if booked.exists() else 0
        left = [await _story(process, run) for run in page.items]
        (folder / "story").write_text(json.dumps({"runs": left, "booked": bookings}), encoding="utf-8")


async def _story(process: Process, run: Run) -> dict[str, Any]:
    ended = await process.runs.get(run.run_id)
    events = await process.events(run.run_id)
    again = await process.ask(thread_id=run.thread_id)
    await process.service.wait(again.run_id)
    return {
        "status": ended.status.value,
        "recovered": ended.recovered,
        "executed": [call.executed for call in ended.tool_calls],
        "events": [{"seq": event.seq, "type": event.type.value, "data": event.data} for event in events],
    }


def forked(work: Callable[[], Any]) -> int:
    """Run it in a process of its own; the number of the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def tell(folder: Path, moment: str, number: int) -> None:
    """Kill a run at a moment, let another process end it, and print what became of it."""
    folder.mkdir()
    killed = forked(lambda: begin(folder, Doom(moment, number)))
    ended = forked(lambda: end(folder))
    story = json.loads((folder / "story").read_text(encoding="utf-8")) if ended == 0 else {}
    line = {"moment": moment, "number": number, "killed": killed, "ended": ended, **story}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(folder: Path) -> None:
    """See which moments there are, then die at each of them, at several in parallel."""
    folder.mkdir(exist_ok=True)
    tell(folder / "whole", "", 0)
    seen: dict[str, int] = json.loads((folder / "whole" / "moments").read_text(encoding="utf-8"))
    moments = [(moment, number) for moment, times in seen.items() for number in range(1, times + 1)]
    children = [_fork(folder, moments[share::_SHARES]) for share in range(_SHARES)]
    sys.exit(max(os.waitpid(child, 0)[1] for child in children))


def _fork(folder: Path, moments: Sequence[tuple[str, int]]) -> int:
    child = os.fork()
    if child:
        return child
    for moment, number in moments:
        tell(folder / f"{moment} {number}".replace(" ", "-"), moment, number)
    os._exit(0)


if __name__ == "__main__":
    configure_logging("info", json=False)  # to standard error: what is told here is JSON alone
    main(Path(sys.argv[1]))
