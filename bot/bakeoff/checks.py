"""Whether an argument that a model wrote says what the caller meant, in whatever words.

| check | the argument must |
|---|---|
| `"plumber friday nine\\|9"` | contain every term; `a\\|b`: either; `!x`: not x; `_` is a space |
| `["", "me"]` | be one of these; `""` also if it was left out |
| `30`, `true` | be this number, this truth value |
| `{ value = 20 }` | be a calculation with this result, or one of these in a list |

Texts are compared without case, accents and punctuation; a term is found inside words too.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from bot.store.once import folded
from tools.arithmetic import Nonsense, calculate
from tools.number_words import symbols

Check: TypeAlias = "str | int | float | bool | list[Any] | Mapping[str, Any]"
_TOLERANCE = Fraction(1, 1000)
"""Of a result: a model may round."""


def fits(value: object, check: Check) -> bool:
    """Whether an argument passes; `value` is None for one that was left out."""
    match check:
        case bool():
            return value is check
        case int() | float():
            return _number(value) == check
        case str():
            return _contains(_text(value), check)
        case list():
            return _text(value) in [_text(one) for one in check]
        case _:
            return _results_in(value, check["value"])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).casefold()
    return "" if value is None else folded(str(value))


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _contains(text: str, terms: str) -> bool:
    for term in terms.split():
        unwanted = term.startswith("!")
        found = any(
            option.replace("_", " ") in text for option in term.removeprefix("!").split("|")
        )
        if found is unwanted:
            return False
    return True


def _results_in(value: object, wanted: object) -> bool:
    results = wanted if isinstance(wanted, list) else [wanted]
    try:
        found = calculate(symbols(str(value), "en"))
    except Nonsense:
        return False
    return any(abs(found - Fraction(str(one))) <= _TOLERANCE * abs(found) for one in results)
