"""How much longer a caller waits when a provider breaks: before its first token, in mid-stream, behind a circuit."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks._programs import fetch_json
from benchmarks.gateway.contestants import FAULTS, Contestant
from benchmarks.gateway.rounds import Bench, Measure, Samples
from benchmarks.gateway.wire import BREAK_PAUSE_SECONDS, CUT_MODEL, FAILING_MODEL, Wish

BROKEN = Measure(name="failover", wish=Wish(tokens=60), is_stream=True, connections=1, seconds=10.0)


@dataclass(frozen=True, kw_only=True)
class Failover:
    """One gateway after one fault: complete answers of all requests, and the time that the fault cost.

    `added_ms` is the wait for the first token (or, after a cut, the silence in the stream) beyond the time that the
    broken target kept silent and that the fallback itself takes to its first token.
    """

    gateway: str
    fault: str
    complete: int
    asked: int
    added_ms: float
    worst_ms: float
    first_error: str


@dataclass(frozen=True, kw_only=True)
class OpenCircuit:
    """Requests behind an open circuit: how many reached the broken target."""

    complete: int
    asked: int
    reached: int
    added_ms: float


def measure_failovers(bench: Bench, direct: Contestant, *, count: int, say: Callable[[str], None]) -> list[Failover]:
    """Break the first target of every gateway that can fail over, in each way."""
    own = _own_first_token_ms(bench, direct, count)
    found = []
    for fault in FAULTS:
        say(f"failover: {fault}")
        for each in bench.contestants:
            if each.after is not None:
                job = BROKEN.job(each.port, each.after(fault), limit=count)
                found.append(_failover(each.name, fault, Samples([bench.sample(each, job)]), own_ms=own))
    return found


def _failover(gateway: str, fault: str, samples: Samples, *, own_ms: float) -> Failover:
    waited = samples.gap_ms if fault == CUT_MODEL else samples.first_token_ms
    unavoidable_ms = own_ms + (0.0 if fault == FAILING_MODEL else BREAK_PAUSE_SECONDS * 1000)
    seen = samples.all[0].seen
    return Failover(
        gateway=gateway,
        fault=fault,
        complete=seen.answers,
        asked=seen.answers + seen.errors,
        added_ms=waited(0.5) - unavoidable_ms,
        worst_ms=waited(0.95) - unavoidable_ms,
        first_error=seen.first_error,
    )


def measure_open_circuit(bench: Bench, sentinel: Contestant, direct: Contestant, *, count: int) -> OpenCircuit:
    """Open the circuit of the broken provider by hand and see who is asked."""
    own = _own_first_token_ms(bench, direct, count)
    api = f"http://127.0.0.1:{sentinel.port}/api/breakers"
    assert sentinel.after is not None, "it can fail over"
    job = BROKEN.job(sentinel.port, sentinel.after(FAILING_MODEL), limit=count)
    fetch_json(f"{api}/trip", {"key": "provider:broken", "reason": "benchmark"})
    before = _asked(direct)
    samples = Samples([bench.sample(sentinel, job)])
    reached = _asked(direct) - before
    fetch_json(f"{api}/reset", {"key": "provider:broken", "reason": "benchmark"})
    seen = samples.all[0].seen
    return OpenCircuit(
        complete=seen.answers,
        asked=seen.answers + seen.errors,
        reached=reached,
        added_ms=samples.first_token_ms(0.5) - own,
    )


def _asked(direct: Contestant) -> int:
    return int(fetch_json(f"http://127.0.0.1:{direct.port}/asked").get(FAILING_MODEL, 0))


def _own_first_token_ms(bench: Bench, direct: Contestant, count: int) -> float:
    return Samples([bench.sample(direct, BROKEN.job(direct.port, direct.plain, limit=count))]).first_token_ms(0.5)
