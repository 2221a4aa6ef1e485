"""What the log says at the start: who answers, and what was given in vain."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from sentinel.main.announcing import announce
from sentinel.settings import load_settings

KEY = "sk-hunter2hunter2hunter2"
WIRE = """
routes:
  default: {targets: [simulated-primary/sim-large, simulated-fallback/sim-small]}
  broken: {targets: ["simulated-primary/sim-large:cut=20"]}
"""
SCRIPT = "answers come from a script; set OPENAI_API_KEY, or name real providers in sentinel.yaml"


def told(folder: Path, event: str, yaml: str = "", env: Mapping[str, str] | None = None) -> list[EventDict]:
    """Give the lines about one event; none of all lines has a key in it."""
    if yaml:
        (folder / "sentinel.yaml").write_text(yaml, encoding="utf-8")
    with capture_logs() as lines:
        announce(load_settings(env or {}, folder))
    assert KEY not in str(lines)
    return [line for line in lines if line["event"] == event]


def test_each_route_is_told_with_its_targets(tmp_path: Path) -> None:
    assert [(line["route"], line["targets"]) for line in told(tmp_path, "route", WIRE)] == [
        ("default", "simulated-primary/sim-large, simulated-fallback/sim-small"),
        ("broken", "simulated-primary/sim-large:cut=20"),
    ]


def test_with_nothing_configured_the_log_says_what_brings_real_answers(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "simulated_providers")
    assert line["providers"] == ["simulated-primary", "simulated-fallback"]
    assert line["detail"] == SCRIPT


def test_a_key_that_the_routes_of_the_file_do_not_use_is_told_with_both_names(tmp_path: Path) -> None:
    env = {"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-5"}
    (line,) = told(tmp_path, "simulated_providers", WIRE, env)
    assert line["detail"] == (
        f"answers come from a script: {tmp_path / 'sentinel.yaml'} takes precedence over OPENAI_API_KEY and does not "
        "use it; add a target such as openai/gpt-5 to its routes, or remove them"
    )


@pytest.mark.parametrize(
    ("yaml", "env"),
    [
        (WIRE, {}),
        ("routes: {default: {targets: [openai/gpt-5, simulated-fallback/sim-small]}}", {"OPENAI_API_KEY": KEY}),
        (
            "providers: {a: {kind: openai, api_key: '${OPENAI_API_KEY}', simulated: true}}\n"
            "routes: {default: {targets: [a/m]}}",
            {"OPENAI_API_KEY": KEY},
        ),
    ],
    ids=["no key", "used by a route", "used by a provider"],
)
def test_no_key_is_told_that_is_not_idle(tmp_path: Path, yaml: str, env: dict[str, str]) -> None:
    (line,) = told(tmp_path, "simulated_providers", yaml, env)
    assert line["detail"] == SCRIPT


def test_providers_of_the_file_leave_the_key_aside_too(tmp_path: Path) -> None:
    yaml = "providers: {openai: {kind: openai, simulated: true}}\nroutes: {default: {targets: [openai/m]}}"
    (line,) = told(tmp_path, "simulated_providers", yaml, {"GROQ_API_KEY": KEY, "OPENAI_BASE_URL": "http://h"})
    assert "takes precedence over OPENAI_BASE_URL, GROQ_API_KEY and" in line["detail"]


def test_real_answers_need_no_warning(tmp_path: Path) -> None:
    assert told(tmp_path, "simulated_providers", env={"OPENAI_API_KEY": KEY}) == []


@pytest.mark.parametrize("is_in_dotenv", [True, False])
def test_a_variable_that_looks_like_ours_and_is_none_is_told_by_name_alone(
    tmp_path: Path, *, is_in_dotenv: bool
) -> None:
    given = {"SENTINEL_CHAOSS": KEY, "SENTINEL_DATABASE_URI": KEY, "SENTINEL_ZZZ": KEY}
    if is_in_dotenv:
        (tmp_path / ".env").write_text("".join(f"{name}={KEY}\n" for name in given), encoding="utf-8")
    lines = told(tmp_path, "unknown_variable", env={} if is_in_dotenv else given)
    assert [(line["variable"], line["detail"], line["log_level"]) for line in lines] == [
        ("SENTINEL_CHAOSS", "it has no meaning here and is ignored; did you mean 'SENTINEL_CHAOS'?", "warning"),
        ("SENTINEL_DATABASE_URI", "it has no meaning here and is ignored; did you mean 'DATABASE_URL'?", "warning"),
        ("SENTINEL_ZZZ", "it has no meaning here and is ignored", "warning"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "SENTINEL_CHAOS",
        "SENTINEL_IMAGE",
        "SENTINEL_SERVICE_HOST",
        "SENTINEL_API_SERVICE_PORT_HTTP",
        "SENTINEL_PORT",
        "SENTINEL_PORT_8000_TCP_ADDR",
        "OPENAI_API_KEYS",
    ],
)
def test_what_is_ours_or_plainly_of_others_is_not_told(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, "unknown_variable", env={name: "on"}) == []
