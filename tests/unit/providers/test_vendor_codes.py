"""The table of vendors' words: sound in itself, complete against the failure table, and the only place of its kind."""

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

import sentinel
from sentinel.errors import Outcome
from sentinel.providers.classification import ERROR_OF_CAUSE, from_response
from sentinel.providers.vendor_codes import CHECKED_WITH, VENDOR_CODES, Report, VendorCode, cause_of, is_filtered
from sentinel.resilience.failure_table import FAILURE_TABLE, Elsewhere

PACKAGE = Path(next(iter(sentinel.__path__)))
SPEAKS_OPENAI = PACKAGE / "gateway"  # what the gateway answers its own callers is in OpenAI's words on purpose
WORDS = [(word, row) for row in VENDOR_CODES for word in row.words]
PHRASES = [(phrase, row) for row in VENDOR_CODES for phrase in row.phrases]


def name_of(row: VendorCode) -> str:
    return f"{row.vendor}-{row.cause}"


@pytest.mark.parametrize("row", VENDOR_CODES, ids=name_of)
def test_every_row_gives_a_cause_of_the_failure_table(row: VendorCode) -> None:
    assert row.cause in ERROR_OF_CAUSE
    assert row.cause in FAILURE_TABLE


def test_every_cause_has_the_class_that_the_failure_table_says() -> None:
    assert {cause: error.outcome for cause, error in ERROR_OF_CAUSE.items()} == {
        cause: FAILURE_TABLE[cause].outcome for cause in ERROR_OF_CAUSE
    }


def test_what_may_be_asked_elsewhere_is_the_same_in_both_tables() -> None:
    for cause, error in ERROR_OF_CAUSE.items():
        assert error.allow_failover == (FAILURE_TABLE[cause].elsewhere is Elsewhere.ANY), cause


def test_no_word_stands_in_two_rows() -> None:
    words = [word for word, _ in WORDS]
    assert sorted(words) == sorted(set(words))


def test_words_and_phrases_are_written_as_they_are_compared() -> None:
    texts = [text for text, _ in (*WORDS, *PHRASES)]
    assert [text for text in texts if text != text.lower() or text != text.strip()] == []


@pytest.mark.parametrize("row", VENDOR_CODES, ids=name_of)
def test_every_row_can_be_reached(row: VendorCode) -> None:
    """A row that an earlier one hides is dead."""
    statuses = [status for status in (None, *range(100, 600)) if row.statuses is None or status in row.statuses]
    texts = row.phrases or ("",)
    reports = [Report(status, row.words, text) for status in statuses for text in texts]
    assert row.cause in {cause_of(report) for report in reports}


@pytest.mark.parametrize(("phrase", "row"), PHRASES)
def test_every_phrase_decides_where_there_is_nothing_else(phrase: str, row: VendorCode) -> None:
    said = Report(None if row.statuses is None else 400, row.words, f"error: {phrase} ...")
    assert cause_of(said) == row.cause


GENERIC = ["invalid_request_error", "api_error", "server_error", "BadRequestError", "INVALID_ARGUMENT"]


@pytest.mark.parametrize("word", GENERIC)
@pytest.mark.parametrize(
    ("status", "cause"),
    [(400, "bad_request"), (401, "auth"), (404, "unknown_model"), (413, "context_length"), (429, "rate_limit"),
     (500, "server_error"), (529, "overloaded")],
)  # fmt: skip
def test_a_generic_word_never_speaks_louder_than_the_status(word: str, status: int, cause: str) -> None:
    assert from_response(status, {"error": {"type": word, "code": word}}).cause == cause


@pytest.mark.parametrize(
    ("status", "cause"),
    [(100, "unreadable"), (204, "unreadable"), (301, "unreadable"), (308, "unreadable"), (405, "server_error"),
     (418, "bad_request"), (499, "cancelled"), (504, "server_error"), (599, "server_error")],
)  # fmt: skip
def test_every_status_has_a_cause(status: int, cause: str) -> None:
    error = from_response(status, None)
    assert (error.cause, error.status_code) == (cause, status)


@pytest.mark.parametrize("status", [None, -1, 0, 200])
def test_an_error_inside_a_stream_has_no_status_and_is_the_servers_unless_it_says_otherwise(status: int | None) -> None:
    error = from_response(status, {"error": {"message": "oh"}})
    assert (error.cause, error.status_code, error.outcome) == ("server_error", None, Outcome.FAILURE)
    assert from_response(status, {"error": {"code": 429}}).cause == "rate_limit"
    assert from_response(status, {"error": {"type": "invalid_request_error"}}).cause == "bad_request"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "model_not_found"}},
        {"error": {"type": "MODEL_NOT_FOUND"}},
        {"code": "model_not_found", "error": "no"},
        [{"error": {"status": "model_not_found"}}],
        {"error": {"details": [{"reason": "model_not_found"}]}},
        {"error": {"innererror": {"code": "model_not_found"}}},
        {"error": {"details": {"error_code": "model_not_found"}}},
        '{"error": {"code": "model_not_found"}}',
    ],
)
def test_a_word_is_found_wherever_vendors_put_it(body: object) -> None:
    assert from_response(400, body).cause == "unknown_model"


@pytest.mark.parametrize(
    "body",
    [None, [], {}, "", "Bad Request", 7, {"error": None}, {"error": []}, {"error": {"code": None, "type": 3.5}},
     {"error": {"code": "\u00b2\u00b2\u00b2", "details": "x", "message": 5}}, "[" * 50_000, "<html>maximum</html>"],
)  # fmt: skip
def test_a_body_of_any_other_shape_is_judged_by_the_status(body: object) -> None:
    error = from_response(400, body)
    assert error.cause == "bad_request"
    assert error.message.startswith("the provider answered HTTP 400: ")


def test_a_refusal_of_the_callers_own_key_is_not_ours_to_mend() -> None:
    error = from_response(401, {"error": {"code": "invalid_api_key"}}, is_callers_key=True)
    assert (error.cause, error.outcome, error.allow_failover) == ("caller_auth", Outcome.NEUTRAL, False)
    assert FAILURE_TABLE["caller_auth"].row == 11
    assert from_response(429, None, is_callers_key=True).cause == "rate_limit"


def test_what_the_headers_say_about_asking_again_is_in_the_error() -> None:
    error = from_response(429, None, headers={"Retry-After": "3", "X-Should-Retry": "false"})
    assert (error.retry_after, error.may_repeat) == (3.0, False)
    assert from_response(429, None).may_repeat
    assert from_response(429, None).retry_after is None


@pytest.mark.parametrize("reason", ["content_filter", "content_filter: SAFETY", "SAFETY", "refusal"])
def test_an_end_by_a_filter_is_known_by_its_reason(reason: str) -> None:
    assert is_filtered(reason)


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "end_turn", ""])
def test_other_ends_are_not_a_filters(reason: str) -> None:
    assert not is_filtered(reason)


@pytest.mark.parametrize("package", sorted(CHECKED_WITH))
def test_the_table_was_checked_with_the_sdks_that_are_installed(package: str) -> None:
    """A newer SDK knows newer words: compare the table with its documentation, then raise `CHECKED_WITH`."""
    assert version(package).startswith(f"{CHECKED_WITH[package]}.")


def test_no_other_module_knows_a_vendors_word() -> None:
    """Words that are also causes of ours are ours, and generic ones are everybody's."""
    foreign = {word for word, row in WORDS if row.vendor != "any"} - set(FAILURE_TABLE)
    found = [
        f"{source.relative_to(PACKAGE)}:{node.lineno} {node.value!r}"
        for source in sorted(PACKAGE.rglob("*.py"))
        if source.name != "vendor_codes.py" and SPEAKS_OPENAI not in source.parents
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in foreign
    ]
    assert found == []
