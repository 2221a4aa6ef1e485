"""The use cases of runs: accept a question, look at a run, follow it, stop it."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from sentinel.clock import Clock
from sentinel.domain.events import Event
from sentinel.domain.messages import Page, Role
from sentinel.domain.queues import QueuedRun, RunQueue
from sentinel.domain.routes import Route
from sentinel.domain.runs import EarlierMessage, NewRun, Run, RunMode, RunOptions, RunStatus
from sentinel.domain.stores import LiveEvents, LogHead, RunStore
from sentinel.errors import (
    EmptyInputError,
    InputTooLongError,
    RequestError,
    RunNotFoundError,
    ShuttingDownError,
    StoreUnavailableError,
    UnknownRouteError,
)
from sentinel.ids import IdSource

_TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a caller asks. `parent_given` tells an explicit parent of None (a new root) from none at all."""

    text: str
    options: RunOptions
    thread_id: str | None = None
    parent_given: bool = False
    parent_message_id: str | None = None
    history: tuple[tuple[str, str], ...] = ()
    idempotency_key: str | None = None
    caller: str = ""
    """Whose question it is, as far as that is known: callers take turns when runs have to wait."""


@dataclass(frozen=True, kw_only=True)
class RunService:
    """What `api` may do with runs."""

    runs: RunStore
    live: LiveEvents
    queue: RunQueue
    routes: Mapping[str, Route]
    clock: Clock
    ids: IdSource
    max_input_chars: int

    async def ask(self, question: Question) -> Run:
        """Store the question and its run, and hand the run to the queue.

        Raises:
            RequestError: the input is empty or too long, the route unknown, the thread missing or busy.
            ShuttingDownError: the process is draining.
        """
        self.queue.ensure_accepting()  # before anything is stored: who is refused will ask again
        self._check(question)
        run = await self.runs.create(self._new_run(question))
        if run.status is RunStatus.QUEUED:
            with suppress(ShuttingDownError, StoreUnavailableError):  # stored already: the sweeper finds it
                await self.queue.submit(QueuedRun.of(run, caller=question.caller))
        return run

    async def get(self, run_id: str) -> Run:
        """Give the run; raises RunNotFoundError."""
        return await self.runs.get(run_id)

    async def list(
        self, *, status: RunStatus | None, thread_id: str | None, limit: int, cursor: str | None
    ) -> Page[Run]:
        """Give runs, newest first."""
        return await self.runs.list(status=status, thread_id=thread_id, limit=limit, cursor=cursor)

    async def cancel(self, run_id: str) -> Run:
        """Ask the run to stop; a run that has ended stays as it is. Raises RunNotFoundError."""
        run = await self.runs.request_cancel(run_id)
        if run.status.is_active:
            await self.queue.stop(run_id)
        return run

    async def head(self, run_id: str) -> LogHead:
        """Give how far the run's log reaches, and whether it has ended; raises RunNotFoundError."""
        head = await self.live.head(run_id)
        if head is None:
            message = f"there is no run {run_id!r}"
            raise RunNotFoundError(message)
        return head

    def follow(
        self, run_id: str, *, after: int = 0, most_seconds: float | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Follow the run's log from a sequence number on, for `most_seconds` if given."""
        return self.live.follow(run_id, after=after, most_seconds=most_seconds)

    async def wait(self, run_id: str) -> Run:
        """Wait until the run has ended, and give it.

        Raises:
            ShuttingDownError: the process stops first; the run goes on after the next start.
        """
        async with self.follow(run_id) as events:
            async for _ in events:
                pass
        run = await self.runs.get(run_id)
        if run.status.is_active:
            message = "the server is shutting down; the run goes on after its next start"
            raise ShuttingDownError(message, run_id=run_id)
        return run

    def _check(self, question: Question) -> None:
        if not question.text.strip():
            message = "the input is empty; write a question"
            raise EmptyInputError(message)
        if len(question.text) > self.max_input_chars:
            message = f"the input has {len(question.text)} characters; the limit is {self.max_input_chars}"
            raise InputTooLongError(
                message,
                limit=self.max_input_chars,
            )
        if question.options.route not in self.routes:
            known = ", ".join(sorted(self.routes))
            message = f"no route is called {question.options.route!r}; known routes: {known}"
            raise UnknownRouteError(message)
        if question.options.mode is RunMode.TEAM:
            message = "mode 'team' is not available in this version; use 'auto' or 'direct'"
            raise RequestError(message)

    def _new_run(self, question: Question) -> NewRun:
        return NewRun(
            run_id=self.ids.new(),
            message_id=self.ids.new(),
            input_message_id=self.ids.new(),
            new_thread_id=self.ids.new(),
            thread_id=question.thread_id,
            title=_title(question.text),
            text=question.text,
            options=question.options,
            at=self.clock.now(),
            parent_given=question.parent_given,
            parent_message_id=question.parent_message_id,
            history=tuple(EarlierMessage(self.ids.new(), Role(role), text) for role, text in question.history),
            idempotency_key=question.idempotency_key,
            request_hash=_fingerprint(question) if question.idempotency_key else None,
        )


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1].rstrip() + "…"


def _fingerprint(question: Question) -> str:
    parts: list[Any] = [question.text, question.thread_id, question.history]
    parts += [question.parent_given, question.parent_message_id]
    options = question.options
    parts += [options.route, options.mode, options.temperature, options.max_tokens, options.priority]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
