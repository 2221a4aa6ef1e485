"""What nodes put on the run's stream. Only the runner reads it, and turns it into events of the run's log."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sentinel.domain.events import Phase
from sentinel.domain.runs import RunEnding


@dataclass(frozen=True, slots=True)
class Status:
    """A step that a reader may want to see."""

    phase: Phase
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """More text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The text so far is void except for `kept_text`; the answer begins again after it."""

    kept_text: str


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything emitted so far is to be committed; `done` is set when it is.

    What must not be done twice is begun only then: a later drive finds it in the log.
    """

    done: asyncio.Event = field(default_factory=asyncio.Event)


Emission = Status | Token | Restart | Commit | RunEnding
Emit = Callable[[Emission], None]


async def committed(emit: Emit) -> None:
    """Wait until everything emitted is committed."""
    commit = Commit()
    emit(commit)
    await commit.done.wait()
