"""Exact arithmetic on a line of symbols: `(3 + 1/2) * 2`, `80 + 10%`, `sqrt 144`. Pure, bounded.

Numbers are fractions, so nothing is lost before the answer is written down. Percent is understood
as people mean it: `25% * 80` is 20, `80 + 10%` is 88.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

from bot.errors import TandemError

LONGEST = 400
"""Characters of an expression; nobody speaks a longer one."""
_LARGEST_BITS = 4_000
"""Bits of a number: about 1,200 digits. Keeps every operation under a millisecond."""
_DEEPEST = 40
_PLACES = 10
"""Significant digits of what has no end."""
_LONGEST_NUMBER = 25
"""Digits that are written out; more can neither be said nor remembered."""

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d*)?|\.\d+)|(sqrt|pi)|(\*\*|[-+*/^()%]))")
_PI = Fraction("3.14159265358979323846264338327950288")


T = TypeVar("T")


class Nonsense(TandemError):
    """It is no calculation, or one without a result; the text says why."""


def calculate(expression: str) -> Fraction:
    """The value of an expression.

    Raises:
        Nonsense: it cannot be read, has no value, or is too big.
    """
    if len(expression) > LONGEST:
        raise Nonsense("it is too long")
    reader = _Reader(list(_tokens(expression)))
    value = reader.sum()
    if reader.rest:
        raise Nonsense(f"“{reader.rest[0]}” is in the wrong place")
    return value


def shown(value: Fraction) -> tuple[str, bool]:
    """(the number in decimal digits, whether it is exact)."""
    ends = value.denominator
    for prime in (2, 5):
        while ends % prime == 0:
            ends //= prime
    exact = ends == 1
    with localcontext() as context:
        context.prec = _LARGEST_BITS if exact else 2 * _PLACES
        number = Decimal(value.numerator) / Decimal(value.denominator)
        if not exact or len(number.as_tuple().digits) > _LONGEST_NUMBER:
            context.prec = _PLACES
            rounded = +number
            exact = exact and rounded == number
            number = rounded
        if abs(number.adjusted()) > _LONGEST_NUMBER:
            digits = _plain(number.scaleb(-number.adjusted()))
            return f"{digits} times 10 to the power of {number.adjusted()}", exact
        return _plain(number), exact


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tokens(expression: str) -> Iterator[str]:
    place = 0
    text = expression.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            word = re.match(r"\s*([^\s\d+*/^()%-]+|.)", text[place:])
            raise Nonsense(f"“{(word[1] if word else text[place:])[:30]}” is no part of one")
        place = found.end()
        yield found[0].strip()


class _Reader:
    """Reads tokens by the usual precedence: signs and powers, then × ÷, then + −."""

    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens
        self._depth = 0

    def sum(self) -> Fraction:
        value, _ = self._product()
        while self.rest and self.rest[0] in "+-":
            sign = 1 if self.rest.pop(0) == "+" else -1
            other, percent = self._product()
            value = _bounded(value + sign * (value * other if percent else other))
        return value

    def _product(self) -> tuple[Fraction, bool]:
        """(value, whether it is nothing but a percentage)."""
        value, percent = self._power()
        while self.rest and (self.rest[0] in ("*", "/") or self._starts()):
            operator = self.rest.pop(0) if self.rest[0] in ("*", "/") else "*"
            other, _ = self._power()
            percent = False
            if operator == "/" and other == 0:
                raise Nonsense("nothing can be divided by zero")
            value = _bounded(value * other if operator == "*" else value / other)
        return value, percent

    def _starts(self) -> bool:
        """`2 (3 + 4)`: a bracket or a root without a sign before it is a product."""
        return self.rest[0] in ("(", "sqrt", "pi")

    def _power(self) -> tuple[Fraction, bool]:
        if self.rest and self.rest[0] in "+-":
            sign = -1 if self.rest.pop(0) == "-" else 1
            value, percent = self._nested(self._power)
            return sign * value, percent
        value = self._atom()
        percent = False
        while self.rest and self.rest[0] == "%":
            self.rest.pop(0)
            value, percent = value / 100, True
        if self.rest and self.rest[0] in ("^", "**"):
            self.rest.pop(0)
            exponent, _ = self._nested(self._power)
            return _raised(value, exponent), False
        return value, percent

    def _atom(self) -> Fraction:
        if not self.rest:
            raise Nonsense("it stops in the middle")
        token = self.rest.pop(0)
        if token == "(":
            value = self._nested(self.sum)
            if not self.rest or self.rest.pop(0) != ")":
                raise Nonsense("a bracket is not closed")
            return value
        if token == "sqrt":
            value, _ = self._nested(self._power)
            return _root(value)
        if token == "pi":
            return _PI
        if token[0].isdigit() or token[0] == ".":
            return _bounded(Fraction(token.rstrip(".")))
        raise Nonsense(f"“{token}” is in the wrong place")

    def _nested(self, read: Callable[[], T]) -> T:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Nonsense("it has too many brackets")
        value = read()
        self._depth -= 1
        return value


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _LARGEST_BITS:
        raise Nonsense("the numbers are too big")
    return value


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        if exponent == Fraction(1, 2):
            return _root(base)
        raise Nonsense("only whole powers and square roots can be worked out")
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent.numerator) > _LARGEST_BITS and abs(base) != 1:
        raise Nonsense("the numbers are too big")
    if base == 0 and exponent < 0:
        raise Nonsense("nothing can be divided by zero")
    if abs(base) == 1:
        return base if exponent.numerator % 2 else Fraction(1)
    return base**exponent.numerator


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise Nonsense("a negative number has no square root")
    with localcontext() as context:
        context.prec = 50
        root = Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())
    near = root.limit_denominator(10**12)
    return near if near * near == value else root
