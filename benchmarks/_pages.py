"""The pages that show what was measured: no figure in them is written by hand.

Results are kept in `docs/benchmarks.json`, each benchmark's newest. A page has a place for each part of them:
a line `<!-- measured: BENCHMARK.PART -->`, what is shown, and a line `<!-- /measured -->`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from benchmarks._result import Result
from scripts.project import ROOT

RESULTS = ROOT / "docs" / "benchmarks.json"
PAGES = (ROOT / "docs" / "benchmarks.md", ROOT / "README.md")
_PLACE = re.compile(r"(<!-- measured: (\w+)\.(\w+) -->\n).*?(<!-- /measured -->)", re.DOTALL)


def read_results(file: Path = RESULTS) -> dict[str, Result]:
    """Give the newest result of each benchmark by its name."""
    if not file.exists():
        return {}
    return {name: Result.from_dict(fields) for name, fields in orjson.loads(file.read_bytes()).items()}


def publish(result: Result, *, file: Path = RESULTS, pages: Sequence[Path] = PAGES) -> None:
    """Keep a result and show it."""
    results = {**read_results(file), result.benchmark: result}
    fields = {name: results[name].to_dict() for name in sorted(results)}
    file.write_bytes(orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    for page in pages:
        page.write_text(filled(page.read_text(encoding="utf-8"), results), encoding="utf-8")


def filled(page: str, results: Mapping[str, Result]) -> str:
    """Give a page's text with every place filled; one without a result stays as it is.

    Raises:
        KeyError: a place names a part that its result does not have.
    """

    def fill(place: re.Match[str]) -> str:
        opening, benchmark, part, closing = place.groups()
        if benchmark not in results:
            return place.group()
        return f"{opening}\n{results[benchmark].markdown(part)}\n\n{closing}"

    return _PLACE.sub(fill, page)
