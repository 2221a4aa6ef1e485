"""What is taken for a secret, and what must stay readable."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.redaction import Redactor, looks_secret, redact_text, redact_value

SECRET_NAMES = [
    "api_key", "API_KEY", "OPENAI_API_KEY", "apiKey", "x-api-key", "Authorization", "authorization", "password",
    "db_password", "secret", "client_secret", "clientSecret", "access_token", "SEARCH_TOKEN", "token", "cookie",
    "Set-Cookie", "credentials", "private_key", "Ocp-Apim-Subscription-Key", "aws_secret_access_key", "passphrase",
]  # fmt: skip
OPEN_NAMES = [
    "key", "max_tokens", "input_tokens", "tokens_used", "first_token_seconds", "context_tokens", "idempotency_key",
    "keyboard", "provider", "model", "monkey", "secretary", "breaker_key", "author", "tokenizer",
]  # fmt: skip

HIDDEN = [
    ("key sk-proj-abcdEFGH12345678", "key ***"),
    ("sk-sentinel-abcdefgh and gsk_abcdefghijkl", "*** and ***"),
    ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
    ("Basic dXNlcjpwYXNzd29yZA==", "Basic ***"),
    ("postgresql+asyncpg://user:p%40ss@db:5432/x", "postgresql+asyncpg://user:***@db:5432/x"),
    ("redis://:hunter22@cache:6379/0", "redis://:***@cache:6379/0"),
    ("GET /mcp?api_key=abc&x=1", "GET /mcp?api_key=***&x=1"),
    ("https://h/?q=1&access_token=abc#f", "https://h/?q=1&access_token=***#f"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def", "jwt ***"),
    ("ghp_abcdefghijkl, hf_abcdefghijkl, tvly-abcdefghijk", "***, ***, ***"),
    ("Incorrect API key provided: sk-simul********ated.", "Incorrect API key provided: ***."),
    ("Incorrect API key provided: 0123456789abcdef. Find it at", "Incorrect API key provided: *** Find it at"),
    ("API key not valid: AIzaSyA-1234567890abcdef", "API key not valid: ***"),
    ("sent {'api-key': '0123456789abcdef', 'x': 1}", "sent {'api-key': '***', 'x': 1}"),
    ("x-api-key: 0123456789abcdef", "x-api-key: ***"),
    ('{"password": "correct-horse"}', '{"password": "***"}'),
    ("AKIAIOSFODNN7EXAMPLE is disabled", "*** is disabled"),
]
UNTOUCHED = [
    "simulated-primary/sim-large failed with connection_refused",
    "http://127.0.0.1:8000/api/runs?after=3",
    "2026-11-21T10:00:00Z took 12.5 ms",
    "the task-force of risk-averse desk-workers",
    "circuit provider:openai opened",
    "basic arithmetic",
    "postgresql://db:5432/x",
    "0192f0c1-7a52-7c3e-9d1f-1b2c3d4e5f60",
    "max_tokens: 1234567890 is too large",
    "You can find your API key at https://h/account",
    "an API key is required",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_are_known_in_every_spelling(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_names_that_only_resemble_secrets_are_not(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_credentials_are_masked_by_their_shape(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize("text", UNTOUCHED)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@settings(deadline=None)
@given(st.text())
def test_redaction_is_stable(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)


def test_secrets_are_masked_at_any_depth() -> None:
    value = {"a": [{"api_key": "x", "n": 1}, ("Bearer abcdefgh", None)], "token": {"deep": "x"}, "password": None}
    assert redact_value(value) == {
        "a": [{"api_key": "***", "n": 1}, ["Bearer ***", None]],
        "token": "***",
        "password": None,
    }


def test_whether_a_secret_is_set_may_be_said() -> None:
    assert redact_value({"api_key": True, "token": False}) == {"api_key": True, "token": False}


KNOWN = Redactor(["zq7-hunter-zq7", "p@ss/word 99", "short"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("denied for zq7-hunter-zq7!", "denied for ***!"),
        ("postgresql://u at p%40ss%2Fword%2099", "postgresql://u at ***"),
        ("cut at zq7-hunter-", "cut at ***"),
        ("hunter-zq7 was cut", "*** was cut"),
        ("a short word, and zq7-hu", "a short word, and zq7-hu"),
        ("nothing", "nothing"),
    ],
)
def test_configured_secrets_are_masked_whatever_their_shape(text: str, shown: str) -> None:
    assert KNOWN.text(text) == shown


def test_configured_secrets_are_masked_at_any_depth_of_json() -> None:
    value = {"a": ["zq7-hunter-zq7", 1, None], "zq7-hunter-zq7": {"b": "password: hunter22-hunter22"}}
    assert KNOWN.known_in(value) == {"a": ["***", 1, None], "***": {"b": "password: hunter22-hunter22"}}
