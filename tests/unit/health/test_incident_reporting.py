"""What becomes an incident: circuits, holds, failovers, recovered runs and operators' acts, each told once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.domain.incidents import Severity
from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import Target
from sentinel.domain.runs import RunStatus
from sentinel.domain.stores import AuditEntry
from sentinel.errors import Outcome
from sentinel.resilience.breaker_view import BreakerState, TransitionRule
from sentinel.resilience.cooldowns import CooldownBoard, CooldownConfig
from sentinel.resilience.failure_table import LatchScope
from tests.support.run_builders import claimed_run, completed, failed_attempt, request_record, served_attempt
from tests.unit.health.incident_making import ONE, Watched

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


@pytest.fixture
def watched() -> Watched:
    return Watched()


# Circuits -------------------------------------------------------------------------------------------------------------


def test_a_circuit_that_opens_and_closes_is_two_incidents(watched: Watched) -> None:
    watched.change("provider:one", CLOSED, OPEN)
    watched.clock.advance(31)
    watched.change("provider:one", OPEN, HALF_OPEN, rule=TransitionRule.ELAPSED)
    watched.change("provider:one", HALF_OPEN, CLOSED, rule=TransitionRule.PROBE)
    assert watched.told == [("breaker_opened", "provider:one", 1), ("breaker_closed", "provider:one", 1)]
    opened, closed = watched.newest.values()
    assert (opened.severity, closed.severity) == (Severity.WARNING, Severity.INFO)
    assert opened.detail == "too many calls failed in a row; the last cause: reset"
    assert opened.data["failures"] == 5
    assert closed.data == {"from": "half_open", "rule": "probe", "incident_id": opened.incident_id, "after_seconds": 31}


def test_a_circuit_that_opens_again_after_a_trial_call_is_counted_and_not_told_anew(watched: Watched) -> None:
    watched.change("provider:one", CLOSED, OPEN)
    for _ in range(3):
        watched.clock.advance(30)
        watched.change("provider:one", HALF_OPEN, OPEN, rule=TransitionRule.PROBE)
    assert watched.told == [("breaker_opened", "provider:one", 4)]
    (incident,) = watched.newest.values()
    assert incident.last_at - incident.at == timedelta(seconds=90)
    assert incident.data["rule"] == "probe"


def test_a_tool_is_isolated_and_recovers(watched: Watched) -> None:
    watched.change("tool:calculator/evaluate", CLOSED, OPEN)
    watched.change("tool:calculator/evaluate", OPEN, CLOSED, rule=TransitionRule.MANUAL, actor="ann", reason="mended")
    assert [kind for kind, _, _ in watched.told] == ["tool_isolated", "tool_recovered"]


def test_an_operator_s_trip_names_him_and_his_reason(watched: Watched) -> None:
    watched.change("provider:one", CLOSED, OPEN, rule=TransitionRule.MANUAL, actor="ann", reason="drill")
    (incident,) = watched.newest.values()
    assert (incident.actor, incident.reason, incident.detail) == ("ann", "drill", None)


def test_secrets_are_masked(watched: Watched) -> None:
    secret = "sk-abcdefghijklmnop1234"
    watched.change("provider:one", CLOSED, OPEN, reason=f"said {secret}", rule=TransitionRule.MANUAL, actor="ann")
    watched.board.again(next(iter(watched.newest.values())), {"api_key": secret, "text": f"{secret}!"})
    assert secret not in repr(watched.kept)


# Holds ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def holds(watched: Watched) -> CooldownBoard:
    return CooldownBoard(watched.clock, config=CooldownConfig(recheck_seconds=60), listener=watched.reporter.hold)


def test_a_refused_key_is_told_once_and_each_check_is_counted(watched: Watched, holds: CooldownBoard) -> None:
    for _ in range(3):
        holds.latch(ONE, LatchScope.CREDENTIAL, cause="auth")
        watched.clock.advance(60)
    assert watched.told == [("auth_error", "provider:one", 3)]
    (incident,) = watched.newest.values()
    assert incident.title == "one refuses its key"


def test_a_released_latch_is_a_recovery_with_its_operator(watched: Watched, holds: CooldownBoard) -> None:
    holds.latch(ONE, LatchScope.MODEL, cause="unknown_model")
    holds.release("one", actor="ann", reason="renamed")
    assert watched.told == [("auth_error", "model:one/large", 1), ("recovery", "model:one/large", 1)]
    latched, released = watched.newest.values()
    assert latched.title == "one does not know large"
    assert (released.actor, released.reason) == ("ann", "renamed")
    assert released.data["incident_id"] == latched.incident_id


def test_a_cool_down_is_no_incident(watched: Watched, holds: CooldownBoard) -> None:
    holds.throttle(ONE, 30)
    holds.release("one", actor="ann")
    assert watched.told == []


def test_models_that_callers_think_of_are_one_incident_however_many(watched: Watched, holds: CooldownBoard) -> None:
    for number in range(50):
        holds.latch(Target("one", f"guess-{number}"), LatchScope.MODEL, cause="unknown_model")
    holds.release("one", actor="ann")
    assert watched.told == [("auth_error", "provider:one", 50)]
    (incident,) = watched.newest.values()
    assert (incident.severity, incident.data["last"]) == (Severity.INFO, "one/guess-49")


# Failovers ------------------------------------------------------------------------------------------------------------


def test_failovers_of_one_kind_are_one_incident_a_minute_with_a_count(watched: Watched) -> None:
    for number in range(100):
        watched.reporter.request_over(request_record(number))
    watched.clock.advance(60)
    watched.reporter.request_over(request_record(100))
    assert [count for _, _, count in watched.told] == [100, 1]
    first, second = watched.newest.values()
    assert (first.request_id, second.request_id) == ("request-0", "request-100")
    assert first.data == {"from": "primary/large/v2", "to": "fallback/small", "cause": failed_attempt().cause}


def test_a_run_that_another_target_ended_is_a_failover_of_that_run(watched: Watched) -> None:
    ending = completed(provider="fallback", model="small", attempts=(failed_attempt(), served_attempt()))
    watched.reporter.run_over(claimed_run(), ending)
    (incident,) = watched.newest.values()
    assert (incident.type.value, incident.run_id) == ("failover_triggered", "run-1")


@pytest.mark.parametrize("outcome", [RequestOutcome.FAILED, RequestOutcome.CANCELLED])
def test_a_request_without_an_answer_is_no_failover(watched: Watched, outcome: RequestOutcome) -> None:
    watched.reporter.request_over(request_record(outcome=outcome, serving=None))
    assert watched.told == []


def test_a_run_that_failed_is_no_failover(watched: Watched) -> None:
    watched.reporter.run_over(claimed_run(), completed(status=RunStatus.FAILED, attempts=(failed_attempt(),)))
    assert watched.told == []


def test_a_hedge_is_no_failover_whoever_answers(watched: Watched) -> None:
    first, second = failed_attempt(), served_attempt()
    lost = replace(first, cause="hedge_lost", outcome=Outcome.NEUTRAL)
    watched.reporter.request_over(request_record(serving=second.target, attempts=(lost, replace(second, hedge=True))))
    answered = replace(first, cause=None, outcome=Outcome.SUCCESS)
    failed = replace(second, cause="server_error", outcome=Outcome.FAILURE, ttft_ms=None, hedge=True)
    watched.reporter.request_over(request_record(serving=first.target, attempts=(answered, failed)))
    assert watched.told == []


def test_who_was_asked_again_and_answered_has_not_been_failed_over(watched: Watched) -> None:
    target = failed_attempt().target
    record = request_record(serving=target, attempts=(failed_attempt(), served_attempt(target=target)))
    watched.reporter.request_over(record)
    assert watched.told == []


# Runs and operators ---------------------------------------------------------------------------------------------------


def test_a_recovered_run_is_told(watched: Watched) -> None:
    watched.reporter.run_recovered(claimed_run(recovered=2))
    (incident,) = watched.newest.values()
    assert (incident.type.value, incident.key, incident.run_id) == ("run_recovered", "run:run-1", "run-1")
    assert incident.detail == "taken up again for the second time"


def test_a_kill_switch_is_chaos_and_other_acts_are_told_by_what_they_change(watched: Watched) -> None:
    now = watched.clock.now()
    for action in ("kill_switch_on", "breaker_trip", "kill_switch_off"):
        detail = {"reason": "drill", "ttl_seconds": 60.0}
        watched.reporter.act(AuditEntry(at=now, actor="ann", action=action, target="one", detail=detail))
    assert watched.told == [("chaos", "one", 1), ("chaos", "one", 1)]
    on, off = watched.newest.values()
    assert (on.title, off.title) == ("Kill switch of one on", "Kill switch of one off")
    assert (on.actor, on.reason, on.data["ttl_seconds"]) == ("ann", "drill", 60.0)


# Tool servers ---------------------------------------------------------------------------------------------------------


def test_a_tool_server_that_refuses_its_key_is_an_incident(watched: Watched) -> None:
    watched.reporter.tool_server_refused("search", "HTTP 401")
    assert watched.told == [("auth_error", "tool:search", 1)]


def test_a_tool_that_our_key_may_not_use_is_an_incident(watched: Watched) -> None:
    watched.reporter.tool_forbidden("tool:search/delete", "HTTP 403")
    assert watched.told == [("auth_error", "tool:search/delete", 1)]
