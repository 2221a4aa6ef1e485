"""The second calculator: the answers of the first, from a parser and an arithmetic of its own, never expensive."""

import math
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.arithmetic import ExpressionError, evaluate
from mcp_servers.decimal_expressions import MAX_DEPTH, MAX_LENGTH, calculate
from mcp_servers.decimal_numbers import FUNCTIONS, CalculationError


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -1", "0.5"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 % -3", "-2"),
        ("+5 - -3", "8"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.333333333333333"),
        ("1 / 3 * 3", "1"),
        ("-0.0", "0"),
        ("1e-7 * 2", "2e-7"),
        ("2 \u00d7 3 \u00f7 4 \u2212 1", "0.5"),
        ("2 ^ 10", "1024"),
        ("sqrt(16)", "4"),
        ("sqrt(2)", "1.4142135623731"),
        ("sqrt(0.25)", "0.5"),
        ("log(e)", "1"),
        ("log(8, 2)", "3"),
        ("log10(1000)", "3"),
        ("exp(0)", "1"),
        ("sin(pi)", "0"),
        ("cos(pi)", "-1"),
        ("tan(1)", "1.5574077246549"),
        ("round(2.675, 2)", "2.68"),
        ("round(2.5)", "2"),
        ("round(1250, -2)", "1200"),
        ("round(7)", "7"),
        ("floor(-2.5) + ceil(-2.5)", "-5"),
        ("min(3, 1, 2) + max(3, 1, 2)", "4"),
        ("abs(-3)", "3"),
        ("factorial(5)", "120"),
        ("0 ** 0", "1"),
        ("0 ** 2", "0"),
        ("(-1) ** 99999999999", "-1"),
        ("(-1) ** 100000000000", "1"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: str) -> None:
    """The operators and functions mean what they mean in mathematics; decimals are what they look like."""
    assert calculate(expression) == value


def test_whole_numbers_are_exact_at_any_size() -> None:
    """No rounding until the last digit of the largest that is given."""
    assert calculate("2 ** 200 + 1") == str(2**200 + 1)
    assert calculate("factorial(1000) + 1") == str(math.factorial(1000) + 1)
    assert calculate("10 ** 3899 - 1") == "9" * 3899
    assert calculate("sqrt(10 ** 40)") == str(10**20)


def test_a_rounded_number_does_not_pretend_to_be_exact() -> None:
    """What is left of 34 digits is not written out with zeros that nobody computed."""
    assert calculate("exp(100)") == "2.68811714181614e+43"
    assert calculate("2 ** 0.5 * 10 ** 30") == "1.4142135623731e+30"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "empty"),
        ("1 / 0", "division by zero"),
        ("5 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("log(1, 1)", "division by zero"),
        ("9 ** 9 ** 9", "too large"),
        ("10 ** 3900", "too large"),
        ("factorial(1000) ** 2", "too large"),
        ("exp(100000)", "too large"),
        ("2e99999", "too large"),
        ("factorial(1001)", "from 0 to 1000"),
        ("factorial(2.5)", "from 0 to 1000"),
        ("round(1, 301)", "between -300 and 300"),
        ("round(1, 0.5)", "between -300 and 300"),
        ("sin(1e13)", "angles up to"),
        ("sqrt(-1)", "not defined"),
        ("log(0)", "not defined"),
        ("(-8) ** 0.5", "no real value"),
        ("1,000", "write 1000"),
        ("2 *", "the end of the expression"),
        ("(1 + 2", "the end of the expression"),
        ("1 2", "'2' is unexpected"),
        ("sqrt", "write sqrt"),
        ("sqrt()", "unexpected"),
        ("sqrt(1, 2)", "takes 1 numbers, not 2"),
        ("min(1)", "takes 2 to 50 numbers, not 1"),
        ("x + 1", "unknown name 'x'"),
        ("open(1)", "unknown function 'open'"),
        ("pi.real", "cannot read '.real'"),
        ("'a'", "cannot read"),
        ("[1][0]", "cannot read"),
        ("1 if 1 else 2", "unexpected"),
        ("1__2", "cannot read"),
        ("lambda: 1", "cannot read"),
        ("1" + "0" * MAX_LENGTH, f"the limit is {MAX_LENGTH}"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "nested deeper"),
        ("2" + "**1" * (MAX_DEPTH + 1), "nested deeper"),
        ("abs(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), "nested deeper"),
    ],
)
def test_what_has_no_answer_says_why(expression: str, reason: str) -> None:
    """In words for the person who wrote it, of bounded length."""
    with pytest.raises(CalculationError) as caught:
        calculate(expression)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "expression",
    [
        "+".join(["sqrt(2)"] * 120),
        "*".join(["exp(9)"] * 120),
        "+".join(["factorial(999)"] * 60),
        "-" * 900 + "1",
        "2 ** 12000 % 7 ** 4000",
        "9**999" + "*9**999" * 2,
        "+".join(["sin(1e12)"] * 90),
        "1/7" + "*1/7" * 190,
    ],
)
def test_the_most_expensive_expressions_are_cheap(expression: str) -> None:
    """Each within a second of processor time, generously: what they cost is milliseconds."""
    begin = time.process_time()
    calculate(expression)
    assert time.process_time() - begin < 1.0


@given(st.text(max_size=60))
def test_any_text_gets_an_answer_or_a_reason(text: str) -> None:
    """Nothing else comes out, whatever goes in."""
    try:
        told = calculate(text)
    except CalculationError as error:
        told = str(error)
    assert told


NUMBERS = st.integers(-(10**6), 10**6).map(str) | st.decimals(-1000, 1000, places=3).map(lambda value: f"{value:f}")


def _joined(parts: tuple[str, str, str]) -> str:
    return f"({parts[0]}) {parts[1]} ({parts[2]})"


EXPRESSIONS = st.recursive(
    NUMBERS, lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(_joined), max_leaves=8
)


@given(EXPRESSIONS)
def test_both_calculators_agree(expression: str) -> None:
    """That is what makes one a stand-in for the other."""
    first, second = Decimal(evaluate(expression)), Decimal(calculate(expression))
    assert abs(first - second) <= max(abs(first), Decimal(1)) * Decimal("1e-9")


@given(NUMBERS.filter(lambda text: Decimal(text) > 0), st.sampled_from(["sqrt", "log", "log10", "sin", "cos", "abs"]))
def test_both_calculators_agree_on_functions(argument: str, function: str) -> None:
    """To what floating point can hold."""
    first, second = evaluate(f"{function}({argument})"), calculate(f"{function}({argument})")
    assert float(first) == pytest.approx(float(second), rel=1e-9, abs=1e-9)


def test_both_calculators_know_the_same_functions() -> None:
    """Each name is refused for its arguments, not for itself."""
    for name in FUNCTIONS:
        with pytest.raises(ExpressionError) as caught:
            evaluate(f"{name}(" + ",".join(["1"] * 51) + ")")
        assert "takes" in str(caught.value)
