"""What tokens cost. Amounts are whole nanodollars: a billionth of a US dollar each.

A token of the cheapest models costs tens of them. Whole numbers add up to the same total here, in SQL (SQLite has no
decimals) and in a browser (JSON has none), which neither floats nor dollars with a point do.
"""

from dataclasses import dataclass
from typing import Final, Self

NANOS_PER_USD: Final = 1_000_000_000
_TOKENS_PER_PRICE: Final = 1_000_000
_MAX_NANOS: Final = 1_000_000 * NANOS_PER_USD
"""No answer costs a million dollars, but what a provider counts may be anything. A float holds all amounts below it."""


@dataclass(frozen=True, slots=True)
class Price:
    """Nanodollars per million tokens, read and written."""

    input: int
    output: int

    @classmethod
    def of_usd(cls, *, per_million_input: float, per_million_output: float) -> Self:
        """Read prices as vendors and the configuration name them: US dollars per million tokens."""
        return cls(round(per_million_input * NANOS_PER_USD), round(per_million_output * NANOS_PER_USD))

    def of(self, *, input_tokens: int, output_tokens: int) -> int:
        """Give what so many tokens cost in nanodollars, halves rounded up."""
        exact = self.input * input_tokens + self.output * output_tokens
        return min((exact + _TOKENS_PER_PRICE // 2) // _TOKENS_PER_PRICE, _MAX_NANOS)


def usd(nanos: int | None) -> float | None:
    """Give an amount as it goes over the wire: US dollars, or null where nobody knows."""
    return None if nanos is None else nanos / NANOS_PER_USD


def usd_text(nanos: int) -> str:
    """Give an amount of US dollars in figures, without an exponent."""
    whole, rest = divmod(nanos, NANOS_PER_USD)
    return f"{whole}.{rest:09d}"


def nanos_of(dollars: float | None) -> int | None:
    """Read an amount from the wire."""
    return None if dollars is None else round(dollars * NANOS_PER_USD)
