"""Figures and tables: percentiles, targets, and rows of text as a table for the terminal or in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

TARGET_HEAD = ("Target", "wanted", "measured", "")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values do not exceed; not a number where there are none."""
    if not values:
        return nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def number(value: float) -> str:
    """Write a figure with as many digits as it deserves; a dash for none."""
    if isnan(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def pair(first: float, second: float) -> str:
    """Write two figures of one thing, such as two percentiles."""
    return f"{number(first)} / {number(second)}"


@dataclass(frozen=True)
class Target:
    """What is wanted of one figure: at least, or at most, `limit`."""

    what: str
    measured: float
    limit: float
    unit: str
    is_minimum: bool = False

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Target":
        """Read it back; JSON has no word for what is not a number."""
        return cls(**{**fields, "measured": nan if fields["measured"] is None else fields["measured"]})

    def row(self) -> list[str]:
        """Wanted, measured, and by how much it is met or missed."""
        wanted = f"{'≥' if self.is_minimum else '≤'} {self.limit:g} {self.unit}"
        return [self.what, wanted, f"{number(self.measured)} {self.unit}", self.verdict]

    @property
    def verdict(self) -> str:
        """Say whether it is met; what is missed by a hair is missed."""
        if isnan(self.measured):
            return "not measured"
        if self.measured >= self.limit if self.is_minimum else self.measured <= self.limit:
            return "met"
        by = abs(self.measured - self.limit)
        return f"missed by {max(by / self.limit, 0.001):.1%}" if self.limit else f"missed by {number(by)}"


@dataclass(frozen=True)
class Table:
    """A head and rows of text; the first column names what the others are about."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """Set it for a page: the first column to the left, the others to the right."""
        lines = [self.head, ["---", *["--:"] * (len(self.head) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def text(self) -> str:
        """Set it for the terminal."""
        lines = (self.head, *self.rows)
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]
        return "\n".join("  ".join(_cells(line, widths)).rstrip() for line in lines)


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(line, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
