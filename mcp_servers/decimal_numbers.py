"""Operations on decimal numbers for the second calculator: exact where they can be, else to 34 digits.

They rest on `decimal` (libmpdec) and share nothing with `arithmetic`, so that a fault of one calculator is not a fault
of the other. A result that had to be rounded says so in `Number.is_exact`, and everything computed from it, too.
"""

import decimal
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

MAX_DIGITS: Final = 3_900
"""Digits of a whole number."""
MAX_FACTORIAL: Final = 1_000
MAX_ROUNDING: Final = 300
MAX_ANGLE: Final = Decimal("1e12")
SHOWN_DIGITS: Final = 15
_PRECISION: Final = 34
_GUARD: Final = 60  # digits while a function is computed, so that the rounding at its end is right
_LARGEST_EXPONENT: Final = 9_999
_TRAPS: Final = (decimal.Overflow, decimal.InvalidOperation, decimal.DivisionByZero)
_SMALLEST_TERM: Final = Decimal("1e-60")
_SMALLEST_SHOWN_PLAINLY: Final = -5
_NOTHING: Final = Decimal("1e-31")  # what is left of sin(pi) after 34 digits
_PI: Final = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534")


class CalculationError(ValueError):
    """The expression has no answer that could be given; the message says why, for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number, and whether it is exactly what was asked for."""

    value: Decimal
    is_exact: bool = True

    def __str__(self) -> str:
        """Write whole numbers in full and others with up to 15 significant digits."""
        if not self.value:
            return "0"
        if self.is_whole and (self.is_exact or self.value.adjusted() < SHOWN_DIGITS):
            return f"{self.value:f}".partition(".")[0]
        shown = _context(SHOWN_DIGITS, is_exact=False).plus(self.value).normalize()
        is_plain = _SMALLEST_SHOWN_PLAINLY < shown.adjusted() < SHOWN_DIGITS
        return f"{shown:f}" if is_plain else f"{shown:e}"

    @property
    def is_whole(self) -> bool:
        """Whether it has no digits after the point."""
        return self.value == self.value.to_integral_value()


def number(text: str) -> Number:
    """Read a literal such as 12, .5 or 1e3.

    Raises:
        CalculationError: it is too large.
    """
    value = _exactly(lambda context: context.create_decimal(text))
    return _bounded(value)


def _context(digits: int, *, is_exact: bool) -> decimal.Context:
    traps = [*_TRAPS, decimal.Inexact] if is_exact else list(_TRAPS)
    return decimal.Context(
        prec=digits,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=-_LARGEST_EXPONENT,
        Emax=_LARGEST_EXPONENT,
        traps=traps,
    )


def _exactly(operation: Callable[[decimal.Context], Decimal]) -> Number:
    """Compute exactly if the result fits, else to 34 digits."""
    try:
        return Number(operation(_context(MAX_DIGITS + 10, is_exact=True)))
    except decimal.Inexact as exc:
        if isinstance(exc, decimal.Overflow):
            raise
        return _rounded(operation)


def _rounded(operation: Callable[[decimal.Context], Decimal]) -> Number:
    return Number(operation(_context(_PRECISION, is_exact=False)), is_exact=False)


def _bounded(result: Number) -> Number:
    if result.is_exact and result.is_whole and result.value.adjusted() >= MAX_DIGITS:
        raise too_large()
    return result


def too_large() -> CalculationError:
    """Make the error of a result that is not computed."""
    return CalculationError(f"the result is too large: whole numbers may have about {MAX_DIGITS:,} digits")


def _both(left: Number, right: Number, operation: Callable[[decimal.Context], Decimal]) -> Number:
    result = _exactly(operation)
    return _bounded(Number(result.value, is_exact=result.is_exact and left.is_exact and right.is_exact))


def _add(left: Number, right: Number) -> Number:
    return _both(left, right, lambda context: context.add(left.value, right.value))


def _subtract(left: Number, right: Number) -> Number:
    return _both(left, right, lambda context: context.subtract(left.value, right.value))


def _multiply(left: Number, right: Number) -> Number:
    return _both(left, right, lambda context: context.multiply(left.value, right.value))


def _divide(left: Number, right: Number) -> Number:
    _refuse_zero(right)
    return _both(left, right, lambda context: context.divide(left.value, right.value))


def _modulo(left: Number, right: Number) -> Number:
    """The sign is that of the divisor, as in most calculators for programmers."""
    _refuse_zero(right)

    def operation(context: decimal.Context) -> Decimal:
        rest = context.remainder(left.value, right.value)
        return context.add(rest, right.value) if rest and rest.is_signed() != right.value.is_signed() else rest

    return _both(left, right, operation)


def _floor_divide(left: Number, right: Number) -> Number:
    _refuse_zero(right)
    rest = _modulo(left, right)
    quotient = _divide(_subtract(left, rest), right)
    return Number(quotient.value.to_integral_value(), is_exact=quotient.is_exact)


def _power(base: Number, exponent: Number) -> Number:
    if not exponent.value:
        return Number(Decimal(1), is_exact=exponent.is_exact)
    if not base.value:
        _refuse_zero(Number(Decimal(0 if exponent.value < 0 else 1)))
        return base
    if base.value < 0 and not exponent.is_whole:
        message = f"{base} ** {exponent} has no real value"
        raise CalculationError(message)
    if base.is_whole and exponent.is_whole and exponent.value > 0 and base.is_exact and exponent.is_exact:
        return _whole_power(base, exponent)
    power = _rounded(lambda context: context.power(base.value, exponent.value))
    return _bounded(power)


def _whole_power(base: Number, exponent: Number) -> Number:
    size = base.value.copy_abs()
    if size == 1:
        return Number(base.value if int(exponent.value) % 2 else size)
    rough = _context(_PRECISION, is_exact=False)
    if rough.multiply(rough.log10(size), exponent.value) > MAX_DIGITS:
        raise too_large()
    return _bounded(_exactly(lambda context: context.power(base.value, exponent.value)))


def _refuse_zero(divisor: Number) -> None:
    if not divisor.value:
        message = "division by zero"
        raise CalculationError(message)


# Functions ------------------------------------------------------------------------------------------------------------


def _negative(operand: Number) -> Number:
    return Number(operand.value.copy_negate() if operand.value else operand.value, is_exact=operand.is_exact)


def _absolute(operand: Number) -> Number:
    return Number(operand.value.copy_abs(), is_exact=operand.is_exact)


def _smallest(*operands: Number) -> Number:
    return min(operands, key=lambda each: each.value)


def _largest(*operands: Number) -> Number:
    return max(operands, key=lambda each: each.value)


def _down(operand: Number) -> Number:
    return Number(operand.value.to_integral_value(decimal.ROUND_FLOOR), is_exact=operand.is_exact)


def _up(operand: Number) -> Number:
    return Number(operand.value.to_integral_value(decimal.ROUND_CEILING), is_exact=operand.is_exact)


def _round(operand: Number, digits: Number | None = None) -> Number:
    places = Decimal(0) if digits is None else digits.value
    if places != places.to_integral_value() or places.copy_abs() > MAX_ROUNDING:
        message = f"round takes a whole number of digits between -{MAX_ROUNDING} and {MAX_ROUNDING}"
        raise CalculationError(message)
    if -operand.value.as_tuple().exponent <= places:  # type: ignore[operator]  # a finite number has a whole exponent
        return operand
    unit = Decimal(1).scaleb(-int(places))
    rounded = operand.value.quantize(unit, context=_context(MAX_DIGITS + MAX_ROUNDING + 10, is_exact=False))
    return Number(rounded, is_exact=operand.is_exact)


def _square_root(operand: Number) -> Number:
    if operand.value < 0:
        message = f"sqrt({operand}) is not defined"
        raise CalculationError(message)
    # A root that is exact has half as many digits; looking for it among thousands would take long.
    digits = max(_PRECISION, len(operand.value.as_tuple().digits) // 2 + 2)
    try:
        return Number(_context(digits, is_exact=True).sqrt(operand.value), is_exact=operand.is_exact)
    except decimal.Inexact:
        return _rounded(lambda context: context.sqrt(operand.value))


def _exponential(operand: Number) -> Number:
    return _rounded(lambda context: context.exp(operand.value))


def _logarithm(operand: Number, base: Number | None = None) -> Number:
    _refuse_no_logarithm(operand, *([base] if base else []))
    wide = _context(_GUARD, is_exact=False)
    natural = wide.ln(operand.value)
    if base is None:
        return _rounded(lambda context: context.plus(natural))
    if base.value == 1:
        _refuse_zero(Number(Decimal(0)))
    return _rounded(lambda context: context.divide(natural, wide.ln(base.value)))


def _decimal_logarithm(operand: Number) -> Number:
    _refuse_no_logarithm(operand)
    return _rounded(lambda context: context.log10(operand.value))


def _refuse_no_logarithm(*operands: Number) -> None:
    for operand in operands:
        if operand.value <= 0:
            message = f"log({operand}) is not defined"
            raise CalculationError(message)


def _factorial(operand: Number) -> Number:
    if not operand.is_whole or not 0 <= operand.value <= MAX_FACTORIAL:
        message = f"factorial takes a whole number from 0 to {MAX_FACTORIAL}"
        raise CalculationError(message)
    return Number(Decimal(math.factorial(int(operand.value))), is_exact=operand.is_exact)


def _sine(operand: Number) -> Number:
    return _rounded(lambda context: context.plus(_without_noise(_series(_reduced(operand), begin=1))))


def _cosine(operand: Number) -> Number:
    return _rounded(lambda context: context.plus(_without_noise(_series(_reduced(operand), begin=0))))


def _tangent(operand: Number) -> Number:
    below = _cosine(operand)
    _refuse_zero(below)
    return _rounded(lambda context: context.divide(_sine(operand).value, below.value))


def _reduced(angle: Number) -> Decimal:
    """Bring an angle near zero, where its series is short."""
    if angle.value.copy_abs() > MAX_ANGLE:
        message = f"sin, cos and tan take angles up to {MAX_ANGLE:.0e} radians"
        raise CalculationError(message)
    wide = _context(_GUARD, is_exact=False)
    return wide.remainder_near(angle.value, wide.multiply(_PI, Decimal(2)))


def _series(angle: Decimal, *, begin: int) -> Decimal:
    """Sum x**n / n! with alternating signs over n = begin, begin + 2, …: sine from 1, cosine from 0."""
    context = _context(_GUARD, is_exact=False)
    square = context.multiply(angle, angle)
    term = angle if begin else Decimal(1)
    total, power = term, begin
    while term.copy_abs() > _SMALLEST_TERM:
        power += 2
        term = context.divide(context.multiply(term, square.copy_negate()), Decimal(power * (power - 1)))
        total = context.add(total, term)
    return total


def _without_noise(value: Decimal) -> Decimal:
    return Decimal(0) if value.copy_abs() < _NOTHING else value


SIGNS: Final[Mapping[str, Callable[[Number], Number]]] = MappingProxyType({"+": lambda same: same, "-": _negative})
OPERATIONS: Final[Mapping[str, Callable[[Number, Number], Number]]] = MappingProxyType(
    {
        "+": _add,
        "-": _subtract,
        "*": _multiply,
        "/": _divide,
        "//": _floor_divide,
        "%": _modulo,
        "**": _power,
    }
)
CONSTANTS: Final[Mapping[str, Number]] = MappingProxyType(
    {
        "pi": Number(Decimal("3.141592653589793238462643383279503"), is_exact=False),
        "e": Number(Decimal("2.718281828459045235360287471352662"), is_exact=False),
        "tau": Number(Decimal("6.283185307179586476925286766559006"), is_exact=False),
    }
)
FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Number], int, int]]] = MappingProxyType(
    {
        "abs": (_absolute, 1, 1),
        "ceil": (_up, 1, 1),
        "cos": (_cosine, 1, 1),
        "exp": (_exponential, 1, 1),
        "factorial": (_factorial, 1, 1),
        "floor": (_down, 1, 1),
        "log": (_logarithm, 1, 2),
        "log10": (_decimal_logarithm, 1, 1),
        "max": (_largest, 2, 50),
        "min": (_smallest, 2, 50),
        "round": (_round, 1, 2),
        "sin": (_sine, 1, 1),
        "sqrt": (_square_root, 1, 1),
        "tan": (_tangent, 1, 1),
    }
)
"""Each function, and the fewest and the most numbers it takes."""
