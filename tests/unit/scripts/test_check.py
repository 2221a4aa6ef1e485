"""`make check` runs everything and ends with the whole list of what failed."""

import sys

import pytest

from scripts.check import CHECKS, Check, run_all


def _check(title: str, program: str, remedy: str = "") -> Check:
    return Check(title, [sys.executable, "-c", program], remedy)


def test_all_checks_run_even_if_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """One run shows everything that is wrong."""
    code = run_all(
        [
            _check("first", "print('the reason'); raise SystemExit(2)", remedy="make format"),
            _check("second", "print('nothing to say')"),
            _check("third", "raise SystemExit(1)"),
        ]
    )
    shown = capsys.readouterr().out
    assert code == 1
    assert "the reason" in shown
    assert "mend it with: make format" in shown
    assert "nothing to say" not in shown
    assert "checks: 1 passed, 2 failed" in shown


def test_passing_checks_give_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named with its time."""
    assert run_all([_check("only", "pass")]) == 0
    assert "ok     only (" in capsys.readouterr().out


def test_what_passing_ones_say_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """As for tests: how many there were, and which were skipped."""
    assert run_all([_check("only", "print('3 passed')")], name="parts", shows_all=True) == 0
    shown = capsys.readouterr().out
    assert "3 passed" in shown
    assert "parts: 1 passed, 0 failed" in shown


def test_checks_have_names_of_their_own() -> None:
    """The list at the end is read by name."""
    assert len({check.title for check in CHECKS}) == len(CHECKS)
