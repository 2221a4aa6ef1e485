"""How a log line looks, who writes it, and that no secret is in it."""

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from mcp.client import session, streamable_http

from sentinel.telemetry.logging import configure_logging, get_logger, log_context

Lines = Callable[[], list[dict[str, Any]]]
SECRET = "sk-proj-abcdefghijkl"


QUOTING = (streamable_http.logger, session.logger)


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Give the process its own logging back after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    touched = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "openai")]
    filters = [(logger, logger.filters[:]) for logger in QUOTING]
    before = [(logger, logger.handlers[:], logger.propagate, logger.level) for logger in touched]
    yield
    root.handlers, root.level = handlers, level
    for logger, own_filters in filters:
        logger.filters = own_filters
    for logger, own_handlers, propagate, own_level in before:
        logger.handlers, logger.propagate, logger.level = own_handlers, propagate, own_level
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    """Log as JSON, and read what was logged."""
    configure_logging("info", json=True, stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_json_line_has_time_level_logger_words_and_values(lines: Lines) -> None:
    get_logger("sentinel.runs").info("run_ended", run_id="r1", latency_ms=12.5, chain=["a/x", "b/y"])
    (line,) = lines()
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "sentinel.runs",
        "event": "run_ended",
        "run_id": "r1",
        "latency_ms": 12.5,
        "chain": ["a/x", "b/y"],
    }


def test_lines_below_the_level_are_not_written(lines: Lines) -> None:
    logger = get_logger("sentinel.x")
    logger.debug("quiet")
    logger.warning("loud")
    assert [line["event"] for line in lines()] == ["loud"]


def test_the_level_can_be_lowered(stream: io.StringIO) -> None:
    configure_logging("debug", json=True, stream=stream)
    get_logger("sentinel.x").debug("quiet")
    assert json.loads(stream.getvalue())["level"] == "debug"


def test_a_logger_made_before_the_configuration_follows_it(stream: io.StringIO) -> None:
    early = get_logger("sentinel.early")
    early.debug("before")
    configure_logging("info", json=True, stream=stream)
    early.info("after")
    assert json.loads(stream.getvalue())["event"] == "after"


def test_ids_are_on_every_line_inside_their_context_and_on_no_other(lines: Lines) -> None:
    logger = get_logger("sentinel.x")
    with log_context(request_id="q1"), log_context(run_id="r1"):
        logger.info("inside")
    logger.info("outside")
    inside, outside = lines()
    assert (inside["request_id"], inside["run_id"]) == ("q1", "r1")
    assert "run_id" not in outside


async def test_concurrent_tasks_do_not_share_their_ids(lines: Lines) -> None:
    async def run(run_id: str) -> None:
        with log_context(run_id=run_id):
            await asyncio.sleep(0)
            get_logger("sentinel.x").info(run_id)

    await asyncio.gather(*(run(name) for name in "abc"))
    assert {line["event"]: line["run_id"] for line in lines()} == {"a": "a", "b": "b", "c": "c"}


def test_records_of_the_standard_library_take_the_same_way(lines: Lines) -> None:
    with log_context(run_id="r1"):
        logging.getLogger("sentinel.tools.session.supervisor").warning("server %s is down", "calculator")
    (line,) = lines()
    assert (line["event"], line["logger"], line["run_id"]) == (
        "server calculator is down",
        "sentinel.tools.session.supervisor",
        "r1",
    )


def test_uvicorn_writes_no_line_of_its_own(lines: Lines, stream: io.StringIO) -> None:
    own = io.StringIO()
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [logging.StreamHandler(own)], False
    configure_logging("info", json=True, stream=stream)
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/?token=abcdef", "1.1", 200)
    assert own.getvalue() == ""
    assert lines()[0]["event"] == '127.0.0.1:1 - "GET /?token=*** HTTP/1.1" 200'


@pytest.mark.parametrize("library", ["httpx", "openai"])
def test_libraries_that_narrate_every_request_are_held_at_warning(lines: Lines, library: str) -> None:
    logging.getLogger(library).info("HTTP Request: POST")
    logging.getLogger(library).warning("odd")
    assert [line["event"] for line in lines()] == ["odd"]


def test_configuring_twice_writes_each_line_once(stream: io.StringIO, lines: Lines) -> None:
    configure_logging("info", json=True, stream=stream)
    get_logger("sentinel.x").info("once")
    assert len(lines()) == 1


class Holder:
    """An object whose text has a secret in it."""

    def __repr__(self) -> str:
        return f"Holder({SECRET})"


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        {"api_key": "hunter2-hunter2"},
        {"headers": {"Authorization": "hunter2-hunter2"}},
        {"detail": f"refused: {SECRET}"},
        {"detail": [f"refused: {SECRET}"]},
        {"url": "postgresql://u:hunter2-hunter2@h/d"},
        {"holder": Holder()},
        {"holder": {"deep": [Holder()]}},
    ],
)
def test_no_secret_reaches_a_line(stream: io.StringIO, values: dict[str, Any], *, as_json: bool) -> None:
    configure_logging("info", json=as_json, stream=stream)
    get_logger("sentinel.x").info("told", **values)
    text = stream.getvalue()
    assert "told" in text
    assert SECRET not in text
    assert "hunter2" not in text


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_reaches_a_line_through_its_words(stream: io.StringIO, *, as_json: bool) -> None:
    configure_logging("info", json=as_json, stream=stream)
    get_logger("sentinel.x").info(f"told {SECRET}")
    logging.getLogger("library").warning("told %s", SECRET)
    assert stream.getvalue().count("told ***") == 2


def fail_with_a_local_variable(hidden: str) -> None:
    raise ValueError(f"bad key {SECRET} of {len(hidden)} letters")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_written_without_secrets_and_local_variables(stream: io.StringIO, *, as_json: bool) -> None:
    configure_logging("info", json=as_json, stream=stream)
    try:
        fail_with_a_local_variable("hunter2-hunter2")
    except ValueError:
        get_logger("sentinel.x").exception("failed")
        logging.getLogger("library").exception("failed too")
    text = stream.getvalue()
    assert text.count("ValueError: bad key *** of 15 letters") == 2
    assert SECRET not in text
    assert "'hunter2-hunter2'" not in text  # as a listing of local variables would show it


def test_a_json_line_stays_json_whatever_is_masked_in_it(lines: Lines) -> None:
    get_logger("sentinel.x").info('he said "Bearer abcdefgh\\"', nested={'a"': 'Bearer abcdefgh"'})
    assert lines()[0]["event"].startswith('he said "Bearer ***')


def test_lines_for_people_are_readable_and_without_colours_when_piped(stream: io.StringIO) -> None:
    configure_logging("info", json=False, stream=stream)
    get_logger("sentinel.x").warning("provider_down", provider="openai", cause="connection_refused")
    line = stream.getvalue()
    assert "\x1b" not in line
    assert line.rstrip().endswith("[sentinel.x] cause=connection_refused provider=openai")
    assert "[warning  ] provider_down" in line


@pytest.mark.parametrize("quoting", QUOTING, ids=lambda logger: logger.name)
@pytest.mark.parametrize(("level", "seen"), [("info", []), ("debug", [("debug", "Error parsing JSON response")])])
def test_what_an_sdk_says_of_a_bad_answer_is_one_line_for_debugging(
    stream: io.StringIO, quoting: logging.Logger, level: str, seen: list[tuple[str, str]]
) -> None:
    """By the loggers that the SDK really has, one of which is not called as its module is."""
    configure_logging(level, json=True, stream=stream)
    try:
        json.loads("<html>quoted")
    except ValueError:
        quoting.exception("Error parsing JSON response")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == seen
    assert "Traceback" not in stream.getvalue()
