"""Figures, verdicts and tables of the benchmarks."""

from math import isnan, nan

import pytest

from benchmarks._figures import Table, Target, number, percentile


def test_percentile_is_one_of_the_values() -> None:
    """No value between two measured ones is made up."""
    values = [3.0, 1.0, 2.0, 100.0]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 0.0)) == (3.0, 100.0, 1.0)


def test_percentile_of_nothing_is_not_a_number() -> None:
    """A gateway that answered nothing has no times, and they are not zero."""
    assert isnan(percentile([], 0.5))


@pytest.mark.parametrize(
    ("value", "written"),
    [(46_610.4, "46,610"), (100.0, "100"), (21.46, "21.5"), (-5.349, "-5.35"), (0.0, "0.00"), (nan, "-")],
)
def test_a_figure_has_as_many_digits_as_it_deserves(value: float, written: str) -> None:
    """Three digits that mean something, and a dash for what was not measured."""
    assert number(value) == written


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("added", 1.5, 1.5, "ms"), "met"),
        (Target("added", 1.8, 1.5, "ms"), "missed by 20.0%"),
        (Target("rate", 2.0, 2, "times", is_minimum=True), "met"),
        (Target("rate", 1.9999, 2, "times", is_minimum=True), "missed by 0.1%"),
        (Target("requests", 3, 0, "requests"), "missed by 3.00"),
        (Target("requests", 0, 0, "requests"), "met"),
        (Target("added", nan, 1.5, "ms"), "not measured"),
    ],
)
def test_a_target_is_met_or_missed_by_so_much(target: Target, verdict: str) -> None:
    """What is missed by a hair is missed, and what was not measured is not met."""
    assert target.verdict == verdict


def test_a_table_for_the_terminal_is_aligned() -> None:
    """Names stand to the left, figures to the right."""
    table = Table(["", "a"], [["long name", "1"], ["x", "1,000"]])
    assert table.text().splitlines() == ["               a", "long name      1", "x          1,000"]


def test_a_table_for_a_page_is_markdown() -> None:
    """The same rows, as GitHub sets them."""
    assert Table(["", "a"], [["x", "1"]]).markdown().splitlines() == ["|  | a |", "| --- | --: |", "| x | 1 |"]
