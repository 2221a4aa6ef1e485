"""The failure table, row by row, as the design has it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import Outcome, ProviderError
from sentinel.resilience.failure_table import FAILURE_TABLE, Elsewhere, LatchScope, Pace, SameTarget, rule_of
from tests.support.doc_tables import table_rows

F, N, T, L, Q = Outcome.FAILURE, Outcome.NEUTRAL, Outcome.THROTTLE, Outcome.LATCH, Outcome.QUALITY
NEVER, ALONE, AGAIN, SHORT = SameTarget.NEVER, SameTarget.WHEN_ALONE, SameTarget.ASK_AGAIN, SameTarget.WAIT_SHORT
ANY, LARGER, NONE = Elsewhere.ANY, Elsewhere.LARGER_CONTEXT, Elsewhere.NONE

# Row of the failure table, its causes, class, same target, other targets.
ROWS = [
    (1, ["connection_refused", "dns_failure", "tls_failure", "connect_timeout"], F, ALONE, ANY),
    (2, ["pool_timeout", "bulkhead_full", "loop_lag"], N, NEVER, ANY),
    (3, ["read_timeout", "first_token_timeout"], F, NEVER, ANY),
    (4, ["server_error"], F, ALONE, ANY),
    (5, ["overloaded"], F, ALONE, ANY),
    (6, ["request_timeout"], F, ALONE, ANY),
    (7, ["conflict"], N, AGAIN, NONE),
    (8, ["rate_limit"], T, SHORT, ANY),
    (9, ["quota"], L, NEVER, ANY),
    (10, ["auth"], L, NEVER, ANY),
    (11, ["caller_auth"], N, NEVER, NONE),
    (12, ["unknown_model"], L, NEVER, ANY),
    (13, ["context_length"], N, NEVER, LARGER),
    (14, ["content_filter"], N, NEVER, NONE),
    (15, ["bad_request"], N, NEVER, NONE),
    (16, ["bad_generation"], Q, AGAIN, ANY),
    (17, ["stall"], F, NEVER, ANY),
    (19, ["truncated", "connection_lost", "malformed_frame"], F, NEVER, ANY),
    (20, ["not_json", "unreadable"], F, NEVER, ANY),
    (21, ["empty_answer"], Q, AGAIN, ANY),
    (22, ["bad_tool_json"], Q, AGAIN, ANY),
    (24, ["cancelled"], N, NEVER, NONE),
    (25, ["deadline_exceeded"], N, NEVER, NONE),
    (27, ["circuit_open", "kill_switch", "cooldown", "latched"], N, NEVER, ANY),
    (0, ["stale_connection"], N, AGAIN, ANY),
    (0, ["hedge_lost"], N, NEVER, ANY),
    (0, ["seam_diverged"], Q, NEVER, ANY),
    (0, ["unsupported"], N, NEVER, ANY),
    (0, ["prefill_refused", "usage_refused"], N, AGAIN, ANY),
]


@pytest.mark.parametrize(("row", "causes", "outcome", "same", "elsewhere"), ROWS)
def test_each_row_says_what_the_design_says(
    row: int, causes: Sequence[str], outcome: Outcome, same: SameTarget, elsewhere: Elsewhere
) -> None:
    for cause in causes:
        rule = FAILURE_TABLE[cause]
        assert (rule.row, rule.outcome, rule.same_target, rule.elsewhere) == (row, outcome, same, elsewhere), cause


def test_every_cause_has_a_row_here() -> None:
    assert sorted(FAILURE_TABLE) == sorted(cause for row in ROWS for cause in row[1])


def test_only_what_was_asked_again_at_once_is_not_paused() -> None:
    at_once = {cause for cause, rule in FAILURE_TABLE.items() if rule.pace is Pace.AT_ONCE}
    assert at_once == {cause for cause, rule in FAILURE_TABLE.items() if rule.same_target is AGAIN}
    assert {cause for cause, rule in FAILURE_TABLE.items() if rule.pace is Pace.GENTLE} == {"overloaded", "rate_limit"}


def test_late_first_tokens_count_as_slow_calls() -> None:
    assert {cause for cause, rule in FAILURE_TABLE.items() if rule.is_slow} == {"read_timeout", "first_token_timeout"}


def test_throttles_and_timeouts_narrow_what_may_be_in_flight() -> None:
    strain = {cause for cause, rule in FAILURE_TABLE.items() if rule.is_strain}
    assert strain == {
        "read_timeout", "first_token_timeout", "request_timeout", "stall", "overloaded", "rate_limit"
    }  # fmt: skip


def test_latches_disable_a_credential_or_one_model() -> None:
    scopes = {cause: rule.latch for cause, rule in FAILURE_TABLE.items() if rule.latch}
    assert scopes == {"quota": LatchScope.CREDENTIAL, "auth": LatchScope.CREDENTIAL, "unknown_model": LatchScope.MODEL}
    assert {cause for cause, rule in FAILURE_TABLE.items() if rule.outcome is L} == set(scopes)


def test_only_what_was_let_go_for_another_answer_was_no_try() -> None:
    assert {cause for cause, rule in FAILURE_TABLE.items() if rule.is_moot} == {"hedge_lost"}


def test_three_empty_answers_in_a_row_are_a_failure() -> None:
    escalating = {cause: rule.escalates_after for cause, rule in FAILURE_TABLE.items() if rule.escalates_after}
    assert escalating == {"empty_answer": 3}


def attempt(cause: str | None, outcome: Outcome, *, final: bool = False) -> Attempt:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Attempt(
        number=1, target=Target("a", "x"), outcome=outcome, started_at=now, ended_at=now, duration_ms=1.0, cause=cause,
        final=final,
    )  # fmt: skip


def test_a_cause_that_nobody_knows_fails_over_and_is_not_retried() -> None:
    rule = rule_of(attempt("gremlins", F))
    assert (rule.outcome, rule.same_target, rule.elsewhere) == (F, NEVER, ANY)


def test_a_final_attempt_of_unknown_cause_is_not_rerouted() -> None:
    rule = rule_of(attempt(None, N, final=True))
    assert (rule.outcome, rule.elsewhere) == (N, NONE)


def classes_of_codes() -> dict[str, Outcome]:
    """Give the class of each error of a provider, by its code."""
    return {error.code: error.outcome for error in ProviderError.__subclasses__()}


def test_every_cause_of_an_error_has_a_rule_of_that_errors_class() -> None:
    documented = {row[0]: classes_of_codes()[row[1]] for row in table_rows("errors.md", "Cause", "Code")}
    assert len(documented) > 20
    assert {cause: FAILURE_TABLE[cause].outcome for cause in documented} == documented


def test_the_documentation_has_every_cause_with_its_rule() -> None:
    documented = {row[0]: (row[1], row[2]) for row in table_rows("errors.md", "Cause", "Same target")}
    assert documented == {cause: (rule.same_target, rule.elsewhere) for cause, rule in FAILURE_TABLE.items()}
