"""Results on pages: kept as JSON, shown where a page has a place for them, never mixed up."""

from math import isnan, nan
from pathlib import Path

import pytest

from benchmarks._figures import Table, Target
from benchmarks._pages import filled, publish, read_results
from benchmarks._result import Result

PAGE = """# Speed

<!-- measured: gateway.load -->
old
<!-- /measured -->

Prose stays.

<!-- measured: breaker.targets -->
<!-- /measured -->
"""


def result(benchmark: str, measured: float = 1.0) -> Result:
    """A small result."""
    return Result(
        benchmark=benchmark,
        circumstances=["a quiet machine"],
        tables={"load": Table(["", "Sentinel"], [["answers", "7"]])},
        targets=[Target("added", measured, 2, "ms")],
    )


def test_places_are_filled_and_prose_stays() -> None:
    """A place of a benchmark that has no result yet keeps what it shows."""
    page = filled(PAGE, {"gateway": result("gateway")})
    assert "| answers | 7 |" in page
    assert "old" not in page
    assert "Prose stays." in page
    assert page.endswith("<!-- measured: breaker.targets -->\n<!-- /measured -->\n")


def test_filling_twice_changes_nothing() -> None:
    """So a page can be compared with its results."""
    results = {"gateway": result("gateway"), "breaker": result("breaker")}
    assert filled(filled(PAGE, results), results) == filled(PAGE, results)


def test_a_place_for_a_part_that_does_not_exist_is_an_error() -> None:
    """A table that was renamed must not leave old figures on a page."""
    with pytest.raises(KeyError, match="lod"):
        filled("<!-- measured: gateway.lod -->\n<!-- /measured -->", {"gateway": result("gateway")})


def test_publishing_replaces_one_result_and_keeps_the_others(tmp_path: Path) -> None:
    """Benchmarks run one by one, and the page has the newest of each."""
    file, page = tmp_path / "results.json", tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    publish(result("gateway"), file=file, pages=[page])
    publish(result("breaker", measured=3.0), file=file, pages=[page])
    publish(result("breaker", measured=1.5), file=file, pages=[page])
    results = read_results(file)
    assert results["gateway"] == result("gateway")
    assert results["breaker"].targets[0].measured == 1.5
    assert "| added | ≤ 2 ms | 1.50 ms | met |" in page.read_text(encoding="utf-8")


def test_what_was_not_measured_survives_the_file(tmp_path: Path) -> None:
    """JSON has no word for it."""
    publish(result("gateway", measured=nan), file=tmp_path / "results.json", pages=[])
    assert isnan(read_results(tmp_path / "results.json")["gateway"].targets[0].measured)


def test_the_terminal_shows_circumstances_tables_and_targets() -> None:
    """In this order."""
    text = result("gateway").text()
    assert [text.index(word) for word in ("a quiet machine", "answers", "met")] == sorted(
        text.index(word) for word in ("a quiet machine", "answers", "met")
    )
