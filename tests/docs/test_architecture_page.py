"""`docs/architecture.md` tells the truth about files, names, layers and the graph; decisions are in their form."""

import re
import tomllib
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from sentinel.graph.builder import build_graph
from tests.docs.pages import ROOT, blocks, named, read, spans
from tests.support.doc_tables import table_rows

PAGE = read("docs/architecture.md")
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
OURS = ["docs/architecture.md", "docs/operations.md", *map(named, DECISIONS)]
HOMES = (ROOT, ROOT / "backend", ROOT / "backend" / "sentinel")
_FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|yaml|txt|mjs)|(?:[\w.-]+/)+")
_CLASS = re.compile(r"[A-Z][a-z]+\.\w+|[A-Z][a-z]+[A-Z]\w*(?:\.\w+)?")
_WRITTEN_BY_USERS = {"sentinel.yaml"}
_OF_OTHERS = {"RetryPolicy", "DeltaChannel", "TrustedHostMiddleware"}
_SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize("name", OURS)
def test_every_file_that_a_page_names_exists(name: str) -> None:
    files = {span for span in spans(read(name)) if _FILE.fullmatch(span)} - _WRITTEN_BY_USERS
    assert [file for file in sorted(files) if not any((home / file).exists() for home in HOMES)] == []


@pytest.mark.parametrize("name", OURS)
def test_every_class_that_a_page_names_exists(name: str) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "backend").rglob("*.py"))
    classes = {span for span in spans(read(name)) if _CLASS.fullmatch(span)} - _OF_OTHERS
    lost = [name for name in classes if not all(_is_defined(part, source) for part in name.split("."))]
    assert lost == []


def _is_defined(name: str, source: str) -> bool:
    return re.search(rf"^\s*(?:class|def|async def) {name}\b", source, re.MULTILINE) is not None


def test_the_page_names_many_files() -> None:
    assert len({span for span in spans(PAGE) if _FILE.fullmatch(span)}) > 40


@pytest.mark.parametrize(("container", "header"), [("sentinel", "packages"), ("sentinel.tools", "packages of `tools`")])
def test_a_table_of_layers_is_that_of_the_import_contracts(container: str, header: str) -> None:
    shown = [_packages(row[0]) for row in table_rows("architecture.md", header, "hold")]
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == [container]]
    assert shown == [_packages(layer) - {"__main__"} for layer in layers]


def _packages(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def test_the_drawing_of_the_graph_is_the_graph() -> None:
    (drawing,) = [block.text for block in blocks(PAGE) if block.language == "mermaid"]
    drawn = {tuple(edge) for edge in re.findall(r"^\s*(\w+)(?:\(\[\w+\]\))? --> (\w+)", drawing, re.MULTILINE)}
    edges = {(_node(edge.source), _node(edge.target)) for edge in build_graph(InMemorySaver()).get_graph().edges}
    assert drawn == edges


def _node(name: str) -> str:
    return {"__start__": "START", "__end__": "END"}.get(name, name)


@pytest.mark.parametrize("page", DECISIONS, ids=named)
def test_a_decision_has_its_number_and_its_parts(page: Path) -> None:
    title, *sections = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert title.startswith(f"{int(page.name[:4])}. ")
    assert [section for section in sections if section in _SECTIONS] == [s for s in _SECTIONS if s in sections]
    assert {"Context", "Decision", "Consequences"} <= set(sections)


def test_no_two_decisions_have_one_number() -> None:
    numbers = [page.name[:4] for page in DECISIONS]
    assert len(numbers) == len(set(numbers))
