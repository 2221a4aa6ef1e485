"""The promises about tools in `docs/tools.md` lead to their tests, and each of these tests is a promise."""

import re

from tests.support.doc_tables import table_rows
from tests.support.sources import ROOT

FOLDER = ROOT / "tests" / "acceptance" / "tools"


def promises() -> dict[int, str]:
    return {int(number): file for number, _, file in table_rows("tools.md", "No.", "Whatever happens", "Tests")}


def test_there_are_twelve() -> None:
    assert sorted(promises()) == list(range(1, 13))


def test_each_promise_has_its_file_and_each_file_its_promise() -> None:
    files = {int(file.name[5:7]): file.name for file in FOLDER.glob("test_[0-9][0-9]_*.py")}
    assert promises() == files


def test_each_file_says_which_promise_it_holds_and_has_a_test() -> None:
    for number, name in promises().items():
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert text.startswith(f'"""Must-have {number}: '), name
        assert re.search(r"^(?:async )?def test_", text, re.MULTILINE), name
