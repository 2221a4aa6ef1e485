"""Every figure of speed that a page shows was measured: pages and results are one."""

import re
from pathlib import Path

import pytest

from benchmarks._pages import PAGES, filled, read_results

_PLACE = re.compile(r"<!-- measured: (\w+)\.(\w+) -->")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_shows_what_was_measured(page: Path) -> None:
    """`make bench ARGS=--write-docs` writes both; a figure that was changed by hand, or is missing, is found here."""
    text = page.read_text(encoding="utf-8")
    assert filled(text, read_results()) == text


def test_every_part_of_every_result_is_shown() -> None:
    """A missed target is shown like one that is met."""
    shown = {place for page in PAGES for place in _PLACE.findall(page.read_text(encoding="utf-8"))}
    results = read_results().items()
    parts = {(name, part) for name, result in results for part in ("circumstances", *result.tables)}
    parts |= {(name, "targets") for name, result in results if result.targets}
    assert parts
    assert shown == parts
