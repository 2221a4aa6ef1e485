"""The table of fail modes: every dependency in every state, each row with a test that exists."""

import ast
from collections import defaultdict

from tests.support.doc_tables import table_rows
from tests.support.sources import ROOT

ROWS = table_rows("operations.md", "Dependency", "State", "What happens", "Proven by")
DEPENDENCIES = {
    "PostgreSQL",
    "SQLite",
    "Redis",
    "checkpoints",
    "a provider",
    "a tool server",
    "the queue",
    "the disk",
}


def _exists(test: str) -> bool:
    path, _, name = test.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name for node in tree.body)


def test_every_dependency_is_declared_slow_gone_and_back() -> None:
    states: defaultdict[str, list[str]] = defaultdict(list)
    for dependency, state, *_ in ROWS:
        states[dependency].append(state)
    assert states == {dependency: ["slow", "gone", "back"] for dependency in DEPENDENCIES}


def test_every_row_names_a_test_that_exists() -> None:
    assert [test for *_, test in ROWS if not _exists(test)] == []
