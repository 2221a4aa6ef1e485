"""Runs from question to answer: how many a second, and when their first event comes."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import orjson

from benchmarks._load import Job, Seen
from benchmarks._programs import Program, cpu_seconds_of

_WARM_SECONDS, _WARM_REQUESTS = 2.0, 10


def asked(port: int, question: str, *, route: str = "default") -> Job:
    """Give the job of asking a question and reading all events of its run."""
    return Job(
        port=port,
        path="/api/chat/stream",
        body=orjson.dumps({"input": question, "route": route}).decode(),
        marker="event: token",
        end="event: completion",
        connections=1,
        seconds=60,
    )


def measure_runs(
    load: Program, job: Job, *, at_once: int, seconds: float, pids: Sequence[int] = ()
) -> tuple[Seen, float]:
    """Ask again and again on so many connections; one answer is one run. Gives the processor time of `pids`, too."""
    _perform(load, replace(job, connections=at_once, seconds=_WARM_SECONDS))
    before = sum(map(cpu_seconds_of, pids))
    seen = _perform(load, replace(job, connections=at_once, seconds=seconds))
    return seen, sum(map(cpu_seconds_of, pids)) - before


def measure_first_event(load: Program, job: Job, *, count: int) -> Seen:
    """Ask one question after the other; the first event is the one that says that the question is stored."""
    first = replace(job, marker='"phase":"queued"')
    _perform(load, replace(first, limit=_WARM_REQUESTS))
    return _perform(load, replace(first, limit=count))


def _perform(load: Program, job: Job) -> Seen:
    load.tell(asdict(job))
    return Seen(**load.hear())
