"""Every import contract of pyproject.toml can fail: each is shown an import that it forbids, all in one copy.

A contract that lists a module by a wrong name, or allows too much, would be kept for ever without guarding anything.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.sources import ROOT

FORBIDDEN = {
    "Layers import only downwards, and every module has one": ("backend/sentinel/nowhere.py", ""),
    "Tools have layers of their own": (
        "backend/sentinel/tools/filters/planted.py",
        "import sentinel.tools.transport.http",
    ),
    "No cycles between siblings, at any depth": (
        "backend/simulator/planted.py",
        "import simulator.planted_too",
    ),
    "The product, the simulator and the MCP servers are separate programs": (
        "mcp_servers/planted.py",
        "import sentinel.errors",
    ),
    "Only the composition root knows the settings": ("backend/sentinel/runs/planted.py", "import sentinel.settings"),
    "Only the composition root chooses what stores and shares": (
        "backend/sentinel/api/planted.py",
        "import sentinel.persistence.tables",
    ),
    "The core knows no framework": ("backend/sentinel/domain/planted.py", "import httpx"),
    "SQL stays in persistence and the root that opens the engine": (
        "backend/sentinel/graph/planted.py",
        "import sqlalchemy",
    ),
    "Database drivers, Redis and queues are reached from persistence and coordination alone": (
        "backend/sentinel/tools/guard/planted.py",
        "import redis",
    ),
    "What hands out runs is the only importer of the queue's library": (
        "backend/sentinel/persistence/planted.py",
        "import procrastinate",
    ),
    "LangGraph stays in the graph, the runner and the root that opens its checkpointer": (
        "backend/sentinel/providers/planted.py",
        "import langgraph.graph",
    ),
    "HTTP stays in the API, the gateway and the root that listens": (
        "backend/sentinel/health/planted.py",
        "import starlette.requests",
    ),
    "Telemetry is the only importer of its libraries": ("backend/sentinel/chaos/planted.py", "import structlog"),
}


def _lint(folder: Path) -> str:
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder / 'backend'}{os.pathsep}{folder}", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def _copy(folder: Path) -> None:
    for name in ("backend", "mcp_servers"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def test_every_contract_has_an_example_of_what_it_forbids() -> None:
    """A new contract comes with the import that it is there to stop."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {contract["name"] for contract in tables["tool"]["importlinter"]["contracts"]} == set(FORBIDDEN)


def test_every_contract_is_broken_by_the_import_that_it_forbids(tmp_path: Path) -> None:
    """All examples are planted at once, so that the code is read only once."""
    _copy(tmp_path)
    for file, text in FORBIDDEN.values():
        (tmp_path / file).write_text(f"{text}\n", encoding="utf-8")
    (tmp_path / "backend/simulator/planted_too.py").write_text("import simulator.planted\n", encoding="utf-8")
    report = _lint(tmp_path)
    assert [name for name in FORBIDDEN if f"{name} BROKEN" not in report] == []
