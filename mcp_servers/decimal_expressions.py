"""Expressions for the second calculator, read by a parser of its own that computes as it reads.

sum = product ((+|-) product)*, product = signed ((*|/|//|%) signed)*, signed = (+|-)* power,
power = atom (** signed)?
"""

import decimal
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mcp_servers.decimal_numbers import (
    CONSTANTS,
    FUNCTIONS,
    OPERATIONS,
    SIGNS,
    CalculationError,
    Number,
    number,
    too_large,
)

MAX_LENGTH: Final = 1_000
"""Characters of an expression."""
MAX_DEPTH: Final = 100
"""Levels of parentheses, function calls and powers of powers."""
MAX_ECHO: Final = 40

# What people and models write (times, middle dot, divided by, minus, en dash), and what the grammar calls it.
_SPELLINGS: Final = str.maketrans(
    {"\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-", "^": "**"}
)
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?(?![0-9A-Za-z_.]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>\*\*|//|[-+*/%(),]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression: its kind (`number`, `name`, `sign` or `end`) and its text."""

    kind: str
    text: str


_END: Final = Token("end", "the end")


def calculate(expression: str) -> str:
    """Return the value of an arithmetic expression as text.

    Raises:
        CalculationError: the text is not arithmetic, has no value, or would cost too much.
    """
    try:
        return str(_Reader(_tokens(expression)).value())
    except decimal.Overflow as exc:
        raise too_large() from exc
    except decimal.DivisionByZero as exc:
        message = "division by zero"
        raise CalculationError(message) from exc
    except decimal.InvalidOperation as exc:
        message = "the result is too large or not defined"
        raise CalculationError(message) from exc


def _tokens(expression: str) -> list[Token]:
    text = expression.strip()
    if not text:
        message = "the expression is empty"
        raise CalculationError(message)
    if len(text) > MAX_LENGTH:
        message = f"the expression has {len(text)} characters; the limit is {MAX_LENGTH}"
        raise CalculationError(message)
    text, tokens, place = text.translate(_SPELLINGS), list[Token](), 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            message = f"cannot read {_echo(text[place:].strip())} as arithmetic"
            raise CalculationError(message)
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return [*tokens, _END]


class _Reader:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def value(self) -> Number:
        """Read the whole expression."""
        result = self._sum()
        if self._next is not _END:
            raise self._unexpected()
        return result

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _takes(self, *signs: str) -> bool:
        return self._next.kind == "sign" and self._next.text in signs

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._unexpected()
        self._take()

    def _unexpected(self) -> CalculationError:
        token = self._next
        if token.text == "," and not self._depth:
            return CalculationError("a comma only separates the arguments of a function; write 1000, not 1,000")
        shown = "the end of the expression" if token is _END else _echo(token.text)
        return CalculationError(f"cannot read this as arithmetic: {shown} is unexpected")

    def _deeper(self, read: Callable[[], Number]) -> Number:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"the expression is nested deeper than {MAX_DEPTH} levels"
            raise CalculationError(message)
        result = read()
        self._depth -= 1
        return result

    def _sum(self) -> Number:
        result = self._product()
        while self._takes("+", "-"):
            operation = OPERATIONS[self._take().text]
            result = operation(result, self._product())
        return result

    def _product(self) -> Number:
        result = self._signed()
        while self._takes("*", "/", "//", "%"):
            operation = OPERATIONS[self._take().text]
            result = operation(result, self._signed())
        return result

    def _signed(self) -> Number:
        signs = []
        while self._takes("+", "-"):
            signs.append(SIGNS[self._take().text])
        result = self._power()
        for sign in reversed(signs):
            result = sign(result)
        return result

    def _power(self) -> Number:
        base = self._atom()
        if not self._takes("**"):
            return base
        self._take()
        return OPERATIONS["**"](base, self._deeper(self._signed))

    def _atom(self) -> Number:
        token = self._next
        if token.kind == "number":
            return number(self._take().text)
        if token.kind == "name":
            return self._named(self._take().text)
        self._expect("(")
        result = self._deeper(self._sum)
        self._expect(")")
        return result

    def _named(self, name: str) -> Number:
        if self._takes("("):
            return self._call(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            message = f"{name} is a function: write {name}(…)"
            raise CalculationError(message)
        known = ", ".join(sorted(CONSTANTS))
        message = f"unknown name {_echo(name)}; known: {known} and the functions {_known()}"
        raise CalculationError(message)

    def _call(self, name: str) -> Number:
        if name not in FUNCTIONS:
            message = f"unknown function {_echo(name)}; known: {_known()}"
            raise CalculationError(message)
        function, fewest, most = FUNCTIONS[name]
        arguments = self._arguments()
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            message = f"{name} takes {wanted} numbers, not {len(arguments)}"
            raise CalculationError(message)
        return function(*arguments)

    def _arguments(self) -> list[Number]:
        self._expect("(")
        arguments = [self._deeper(self._sum)]
        while self._takes(","):
            self._take()
            arguments.append(self._deeper(self._sum))
        self._expect(")")
        return arguments


def _known() -> str:
    return ", ".join(sorted(FUNCTIONS))


def _echo(text: str) -> str:
    return repr(text if len(text) <= MAX_ECHO else f"{text[:MAX_ECHO]}…")
