"""`make test` leaves no folder of tests out."""

from pathlib import Path

from scripts.tests import HALVES

TESTS = Path(__file__).parents[2]


def test_every_folder_with_tests_is_in_one_half() -> None:
    with_tests = {file.relative_to(TESTS).parts[0] for file in TESTS.rglob("test_*.py")}
    assert sorted(folder for half in HALVES for folder in half) == sorted(with_tests - {"node_modules"})
