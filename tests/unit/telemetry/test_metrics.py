"""Metrics: each source is counted, labels stay bounded whatever callers name, and nothing is counted twice."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import Target
from sentinel.domain.runs import RunStatus
from sentinel.domain.tools import GuardedCall
from sentinel.errors import Outcome
from sentinel.resilience.breaker_view import BreakerState, Transition, TransitionRule
from sentinel.telemetry.exposition import Exposition, Summary, wants_json
from sentinel.telemetry.metrics import TOOLS_PER_SERVER, Bounded, Metrics
from sentinel.telemetry.series import Reading
from sentinel.testing.clock import FakeClock
from tests.support.run_builders import claimed_run, completed, failed_attempt, incident, request_record, served_attempt

PRIMARY, FALLBACK = Target("primary", "large/v2"), Target("fallback", "small")
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def metrics(clock: FakeClock) -> Metrics:
    return Metrics(clock, Bounded(targets=[PRIMARY, FALLBACK], routes=["default"], servers=["files"]))


def exposition(metrics: Metrics, *readings: Reading) -> Exposition:
    summary = Summary(metrics=metrics, active_provider=lambda: "primary", circuits=lambda: {"closed": 2},
                      tool_servers=lambda: {"ready": 3})  # fmt: skip
    return Exposition(summary, readings)


def samples(metrics: Metrics, *readings: Reading) -> dict[str, float]:
    """Every sample of ours that is not zero, as a scraper reads it: `name{label="value"}`."""
    text = exposition(metrics, *readings).text("")[0].decode()
    return {
        f"{sample.name}{sorted(sample.labels.items())}" if sample.labels else sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("sentinel_") and sample.value
    }


def labelled(name: str, **labels: str) -> str:
    return f"{name}{sorted(labels.items())}"


def change(key: str, before: BreakerState, after: BreakerState, clock: FakeClock) -> Transition:
    return Transition(
        key=key, from_state=before, to_state=after, rule=TransitionRule.PROBE, failures=1, successes=0, slow=0, rate=1,
        epoch=1, at=clock.now(),
    )  # fmt: skip


# Attempts -------------------------------------------------------------------------------------------------------------


def test_attempts_are_counted_by_target_class_and_cause(metrics: Metrics) -> None:
    metrics.attempt(failed_attempt())
    metrics.attempt(served_attempt())
    metrics.attempt(served_attempt())
    found = samples(metrics)
    refused = {"provider": "primary", "model": "large/v2", "class": "failure", "cause": "connection_refused"}
    served = {"provider": "fallback", "model": "small", "class": "success", "cause": "none"}
    assert found[labelled("sentinel_attempts_total", **refused)] == 1
    assert found[labelled("sentinel_attempts_total", **served)] == 2


def test_durations_and_first_tokens_fall_into_buckets(metrics: Metrics) -> None:
    for seconds in (0.05, 0.051, 400.0):
        metrics.attempt(served_attempt(duration_ms=seconds * 1000, ttft_ms=40.0))
    found, name = samples(metrics), "sentinel_attempt_duration_seconds"
    target = {"provider": "fallback", "model": "small"}
    counts = [found.get(labelled(f"{name}_bucket", **target, **{"class": "success", "le": le}), 0)
              for le in ("0.05", "0.1", "300.0", "+Inf")]  # fmt: skip
    assert counts == [1, 2, 2, 3]
    assert found[labelled(f"{name}_sum", **target, **{"class": "success"})] == pytest.approx(400.101)
    assert found[labelled("sentinel_attempt_first_token_seconds_count", **target)] == 3


def test_models_and_routes_and_circuits_that_callers_think_of_are_one_label(metrics: Metrics, clock: FakeClock) -> None:
    for number in range(50):
        guess = Target("primary", f"guess-{number}")
        metrics.attempt(failed_attempt(target=guess))
        metrics.request_over(request_record(route=str(guess), attempts=(failed_attempt(target=guess, skipped=True),)))
        metrics.transition(change(f"model:{guess}", CLOSED, OPEN, clock))
    found = samples(metrics)
    assert not any("guess" in name for name in found)
    cause = "connection_refused"
    labels = {"provider": "primary", "model": "other", "class": "failure", "cause": cause}
    assert found[labelled("sentinel_attempts_total", **labels)] == 50
    assert found[labelled("sentinel_targets_passed_over_total", provider="primary", model="other", cause=cause)] == 50
    labels = {"key": "other", "from": "closed", "to": "open", "rule": "probe"}
    assert found[labelled("sentinel_circuit_transitions_total", **labels)] == 50
    labels = {"endpoint": "/chat/completions", "route": "other", "outcome": "completed"}
    assert found[labelled("sentinel_gateway_requests_total", **labels)] == 50


def test_tools_that_servers_think_of_are_bounded(metrics: Metrics, clock: FakeClock) -> None:
    for number in range(TOOLS_PER_SERVER + 50):
        metrics.transition(change(f"tool:files/t{number}", CLOSED, OPEN, clock))
        metrics.transition(change(f"tool:gone/t{number}", CLOSED, OPEN, clock))
    assert len(metrics.transitions.counts) == TOOLS_PER_SERVER + 1
    assert metrics.transitions.sum_by(0)["other"] == TOOLS_PER_SERVER + 100
    known = [f"tool:files/t{number}" for number in range(TOOLS_PER_SERVER + 50)]
    clock.advance(1)
    changed = {labels[0] for labels, seconds in metrics.states.read(known) if labels[1] == "open" and seconds}
    assert changed == set(known[:TOOLS_PER_SERVER])


# Tools ----------------------------------------------------------------------------------------------------------------


def guarded_call(**changes: Any) -> GuardedCall:
    return GuardedCall(
        **{"server": "files", "tool": "read", "outcome": Outcome.SUCCESS, "cause": None, "duration_ms": 20.0,
           "was_sent": True, "origin": "run", **changes}
    )  # fmt: skip


def test_tool_calls_are_counted_by_tool_class_cause_and_origin(metrics: Metrics) -> None:
    metrics.tool_call(guarded_call())
    metrics.tool_call(guarded_call(origin="mcp"))
    metrics.tool_call(guarded_call(outcome=Outcome.FAILURE, cause="timeout", duration_ms=30_000.0))
    found, tool = samples(metrics), {"server": "files", "tool": "read"}
    name, served = "sentinel_tool_calls_total", tool | {"class": "success", "cause": "none"}
    assert found[labelled(name, **served, origin="run")] == found[labelled(name, **served, origin="mcp")] == 1
    assert found[labelled(name, **tool, **{"class": "failure", "cause": "timeout", "origin": "run"})] == 1
    assert found[labelled("sentinel_tool_call_duration_seconds_count", **tool)] == 3
    assert found[labelled("sentinel_tool_call_duration_seconds_sum", **tool)] == pytest.approx(30.04)


def test_a_refusal_or_a_caller_who_leaves_says_nothing_about_how_fast_a_tool_is(metrics: Metrics) -> None:
    metrics.tool_call(guarded_call(outcome=Outcome.NEUTRAL, cause="circuit_open", was_sent=False, duration_ms=0.1))
    metrics.tool_call(guarded_call(outcome=Outcome.NEUTRAL, cause="cancelled"))
    assert metrics.tool_calls.sum == 2
    assert list(metrics.tool_calls_ms) == []
    assert "sentinel_tool_call_duration_seconds_count" not in "".join(samples(metrics))


def test_tools_beyond_the_first_of_a_server_are_one_label(metrics: Metrics) -> None:
    for number in range(TOOLS_PER_SERVER + 50):
        metrics.tool_call(guarded_call(tool=f"t{number}"))
    assert len(metrics.tool_calls.counts) == TOOLS_PER_SERVER + 1
    assert metrics.tool_calls.sum_by(1)["other"] == 50


def test_fallbacks_between_tools_are_counted(metrics: Metrics) -> None:
    metrics.tool_fallback("calculator/evaluate", "calculator_backup/calc", cause="connect")
    labels = {"from": "calculator/evaluate", "to": "calculator_backup/calc", "cause": "connect"}
    assert samples(metrics)[labelled("sentinel_tool_fallbacks_total", **labels)] == 1


# Requests and runs ----------------------------------------------------------------------------------------------------


def test_an_answer_of_somebody_else_is_a_failover(metrics: Metrics) -> None:
    metrics.request_over(request_record())
    metrics.run_over(claimed_run(), completed(provider="fallback", model="small", latency_ms=1.0,
                                              attempts=(failed_attempt(), served_attempt())))  # fmt: skip
    labels = {"from": "primary/large/v2", "to": "fallback/small", "cause": "connection_refused"}
    assert samples(metrics)[labelled("sentinel_failovers_total", **labels)] == 2


def test_a_second_attempt_on_a_target_is_a_retry_and_the_next_model_call_of_a_run_is_none(metrics: Metrics) -> None:
    again = failed_attempt(number=2)
    metrics.request_over(request_record(attempts=(failed_attempt(), again, served_attempt(target=PRIMARY))))
    calls = (served_attempt(), served_attempt(), failed_attempt(target=FALLBACK), served_attempt())
    metrics.run_over(claimed_run(), completed(attempts=calls))
    found = samples(metrics)
    assert found[labelled("sentinel_retries_total", provider="primary", model="large/v2")] == 2
    assert found[labelled("sentinel_retries_total", provider="fallback", model="small")] == 1


def test_a_target_that_was_overtaken_and_is_asked_again_is_no_retry(metrics: Metrics) -> None:
    lost = failed_attempt(cause="hedge_lost", outcome=Outcome.NEUTRAL)
    broke = failed_attempt(target=FALLBACK, number=2, hedge=True, ttft_ms=1.0)
    metrics.request_over(request_record(attempts=(lost, broke, served_attempt(target=PRIMARY))))
    assert metrics.retries.sum == 0


def test_recovered_runs_and_incidents_are_counted(metrics: Metrics) -> None:
    metrics.run_recovered(claimed_run())
    metrics.incident(incident())
    metrics.incident(incident(count=2))
    found = samples(metrics)
    assert found["sentinel_runs_recovered_total"] == 1
    assert found[labelled("sentinel_incidents_total", type="breaker_opened")] == 1


# Circuits -------------------------------------------------------------------------------------------------------------


def test_the_time_in_each_state_adds_up(metrics: Metrics, clock: FakeClock) -> None:
    key = "provider:primary"
    for seconds, before, after in ((10, CLOSED, OPEN), (30, OPEN, HALF_OPEN), (2, HALF_OPEN, CLOSED)):
        clock.advance(seconds)
        metrics.transition(change(key, before, after, clock))
    clock.advance(5)
    found = {labels: seconds for labels, seconds in metrics.states.read([key, "tool:a/b"]) if seconds}
    assert found == {(key, "closed"): 15, (key, "open"): 30, (key, "half_open"): 2, ("tool:a/b", "closed"): 47}


# Who reads ------------------------------------------------------------------------------------------------------------


def test_readings_are_taken_when_somebody_asks(metrics: Metrics) -> None:
    seen: list[int] = []

    def read() -> list[tuple[tuple[str, ...], float]]:
        seen.append(1)
        return [(("a",), len(seen))]

    reading = Reading(name="sentinel_readings", help="How often.", labels=["of"], read=read)
    assert seen == []
    assert [samples(metrics, reading)[labelled("sentinel_readings", of="a")] for _ in range(2)] == [1, 2]


def test_a_label_may_hold_anything(metrics: Metrics) -> None:
    reading = Reading(name="sentinel_odd", help="x", labels=["of"], read=lambda: [(('a"\n\\b',), 1)])
    assert samples(metrics, reading)[labelled("sentinel_odd", of='a"\n\\b')] == 1


def test_open_metrics_is_given_to_who_asks_for_it(metrics: Metrics) -> None:
    body, media_type = exposition(metrics).text("application/openmetrics-text;version=1.0.0,text/plain;q=0.3")
    assert media_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", True),
        ("Application/JSON;q=0.9, */*", True),
        ("text/plain, application/json", False),
        ("application/json, text/plain, */*", True),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2,*/*;q=0.1", False),
    ],
)
def test_json_is_for_who_names_it_first(accept: str, is_json: bool) -> None:
    assert wants_json(accept) is is_json


def test_the_summary_adds_up_runs_and_requests(metrics: Metrics, clock: FakeClock) -> None:
    metrics.request_over(request_record(latency_ms=100.0, ttft_ms=10.0))
    metrics.request_over(request_record(outcome=RequestOutcome.FAILED, latency_ms=9000.0))
    metrics.run_over(claimed_run(), completed(latency_ms=300.0, ttft_ms=None))
    metrics.run_over(claimed_run(), completed(status=RunStatus.CANCELLED))
    metrics.attempt(served_attempt(outcome=Outcome.THROTTLE))
    clock.advance(12)
    view = exposition(metrics).summary()
    totals = {name: view[f"total_{name}"] for name in ("requests", "successes", "failures", "cancelled", "failovers")}
    assert totals == {"requests": 4, "successes": 2, "failures": 1, "cancelled": 1, "failovers": 1}
    assert (view["avg_latency_ms"], view["latency_ms"]["p50"], view["ttft_ms"]["p99"]) == (200.0, 200.0, 10.0)
    assert (view["uptime_seconds"], view["active_provider"]) == (12, "primary")
    assert view["counts"]["runs"] == {"completed": 1, "failed": 0, "cancelled": 1}
    assert view["counts"]["attempts"] == {"throttle": 1}


def test_a_summary_of_nothing_has_no_latencies(metrics: Metrics) -> None:
    view: dict[str, Any] = exposition(metrics).summary()
    assert (view["total_requests"], view["avg_latency_ms"]) == (0, None)
    assert view["latency_ms"] == {"p50": None, "p95": None, "p99": None}
