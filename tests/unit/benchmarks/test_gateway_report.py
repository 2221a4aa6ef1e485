"""The gateway benchmark's report: what follows from samples, and what is not claimed without them."""

from math import isnan

import pytest

from benchmarks._load import Seen
from benchmarks.gateway.contestants import DIRECT, LITELLM, PORTKEY, SENTINEL, Address, Contestant
from benchmarks.gateway.failover import Failover, OpenCircuit
from benchmarks.gateway.report import Report
from benchmarks.gateway.rounds import FIRST, PLAIN, SINGLE, TOKENS, Results, Sample, Samples
from benchmarks.gateway.wire import CUT_MODEL, FAILING_MODEL

ADDRESS = Address(model="good", headers={})


def contestant(name: str) -> Contestant:
    """A gateway that does not run."""
    return Contestant(name=name, version="1", port=1, plain=ADDRESS)


def samples(*, answers: int = 1, tokens: int = 0, milliseconds: float = 1.0, cpu: float = 0.0) -> Samples:
    """One round of a second."""
    times = [milliseconds] * answers
    seen = Seen(answers=answers, tokens=tokens, seconds=1.0, whole_ms=times, first_token_ms=times)
    return Samples([Sample(seen, cpu)])


def failover(fault: str, *, complete: int = 40, added_ms: float = 2.0) -> Failover:
    """What Sentinel did after a fault."""
    return Failover(
        gateway=SENTINEL,
        fault=fault,
        complete=complete,
        asked=40,
        added_ms=added_ms,
        worst_ms=added_ms * 2,
        first_error="",
    )


def report(
    results: Results, *, names: tuple[str, ...] = (DIRECT, SENTINEL), failovers: tuple[Failover, ...] = ()
) -> Report:
    """A report on these."""
    return Report(
        contestants=[contestant(name) for name in names],
        results=results,
        failovers=failovers,
        open_circuit=OpenCircuit(complete=40, asked=40, reached=0, added_ms=1.0) if failovers else None,
        idle={},
        busy={},
        notes=["5 interleaved rounds"],
    )


def measured(made: Report, what: str) -> float:
    """The figure of a target."""
    return next(target.measured for target in made.targets() if target.what.startswith(what))


def test_rates_are_compared_with_each_peer() -> None:
    """Under the same load."""
    results = {
        (SENTINEL, PLAIN.name): samples(answers=2000),
        (PORTKEY, PLAIN.name): samples(answers=800),
        (LITELLM, PLAIN.name): samples(answers=80),
        (SENTINEL, TOKENS.name): samples(tokens=60_000, cpu=0.6),
        (PORTKEY, TOKENS.name): samples(tokens=30_000),
    }
    made = report(results, names=(DIRECT, SENTINEL, PORTKEY, LITELLM))
    assert measured(made, "plain answers/s against LiteLLM") == 25
    assert measured(made, "plain answers/s against Portkey") == 2.5
    assert measured(made, "tokens/s against Portkey") == 2
    assert measured(made, "CPU per relayed chunk") == pytest.approx(10)


def test_a_peer_that_was_left_out_gives_no_ratio() -> None:
    """Nothing is claimed against somebody who did not run."""
    made = report({(SENTINEL, PLAIN.name): samples(answers=2000)})
    assert isnan(measured(made, "plain answers/s against LiteLLM"))


def test_added_time_is_what_is_beyond_the_direct_way() -> None:
    """The load generator's and the provider's own time are not the gateway's."""
    results = {
        (name, measure.name): samples(milliseconds=milliseconds)
        for measure in (SINGLE, FIRST)
        for name, milliseconds in ((DIRECT, 0.25), (SENTINEL, 1.0))
    }
    made = report(results)
    assert (measured(made, "added to a plain answer"), measured(made, "added to the first token")) == (0.75, 0.75)
    assert "0.75 / 0.75" in made.result().text()


def test_a_failover_that_lost_an_answer_meets_no_target() -> None:
    """However fast the others were."""
    made = report({}, failovers=(failover(FAILING_MODEL), failover(CUT_MODEL, complete=39)))
    assert measured(made, "failover after a 500") == 2
    assert isnan(measured(made, "failover in mid-stream"))
    assert "39 of 40 whole" in made.result().text()


def test_failed_requests_are_named() -> None:
    """Rates count whole answers alone, so a reader must know how many there were besides."""
    broken = samples(answers=10)
    broken.all[0].seen.fail("status 503: b'no'")
    made = report({(SENTINEL, PLAIN.name): broken})
    assert f"{SENTINEL}, {PLAIN.name}: 1 failed, status 503: b'no'" in made.result().circumstances


def test_without_sentinel_there_are_no_targets() -> None:
    """They are what this project wants of itself."""
    assert report({}, names=(DIRECT, PORTKEY)).targets() == []
