"""Whoever installs from the locks gets the packages that were tested, from an index of their choice."""

import json

import pytest

from scripts.lock import LOCKS, faults, header, read_locks
from tests.support.sources import ROOT


def test_the_committed_locks_belong_to_pyproject() -> None:
    """Changed dependencies need `make lock`."""
    assert faults(read_locks()) == []


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://packages.example/simple",
        "--find-links /opt/wheels",
        "wheel @ https://packages.example/wheel.whl",
        "-e .",
        "./local.whl",
    ],
)
def test_a_lock_that_names_a_source_is_refused(line: str) -> None:
    """An index, an address or a path in a lock works on one machine only."""
    locks = dict.fromkeys(LOCKS, header()) | {"dev": f"{header()}{line}\n"}
    assert len(faults(locks)) >= 1


def test_a_lock_of_other_dependencies_is_refused() -> None:
    """The header holds the digest of what the lock was made from."""
    locks = dict.fromkeys(LOCKS, header()) | {"runtime": "# inputs: sha256:0\n"}
    assert faults(locks) == ["runtime: does not belong to pyproject.toml: run `make lock`"]


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    """The development lock must hold every runtime pin unchanged."""
    locks = dict.fromkeys(LOCKS, header()) | {
        "runtime": f"{header()}orjson==3.13.0 \\\n",
        "dev": f"{header()}orjson==3.12.0 \\\n",
    }
    assert faults(locks) == ["dev: orjson is not at runtime's 3.13.0"]


def test_every_pin_has_a_hash() -> None:
    """A pin without one would make the installer refuse the whole file, on a fresh machine first."""
    for text in read_locks().values():
        blocks = [block for block in text.split("\n") if "==" in block]
        assert all(block.endswith("\\") for block in blocks)


@pytest.mark.parametrize("folder", ["frontend", "tests/clients/node", "tests/third_party"])
def test_the_npm_locks_name_no_registry(folder: str) -> None:
    """Integrity hashes only: the registry is the installer's choice."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
