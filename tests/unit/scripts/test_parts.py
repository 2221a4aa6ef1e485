"""`make test` leaves no file of tests out, and takes none twice."""

from pathlib import Path

from scripts.tests import PARTS

TESTS = Path(__file__).parents[2]


def test_every_file_of_tests_is_in_one_part() -> None:
    folders = [TESTS / folder for part in PARTS for folder in part]
    for file in TESTS.rglob("test_*.py"):
        if "node_modules" not in file.parts:
            assert sum(folder in file.parents for folder in folders) == 1, file


def test_every_part_has_tests() -> None:
    assert all(any((TESTS / folder).rglob("test_*.py")) for part in PARTS for folder in part)
