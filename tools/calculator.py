"""Calculations, exact, from signs or from spoken words."""

import re

from pipecat.services.llm_service import FunctionCallParams

from tools.arithmetic import Nonsense, calculate, shown
from tools.declare import Family
from tools.number_words import symbols
from tools.toolbox import ToolFailed, toolbox

FAMILY = Family(
    name="calculator",
    words=r"calculat(?!or)|percent|per cent|prozent|\w+ (?:plus|minus|times) (?:\w+ )?\w"
    r"|multipl|divid|square root|cube root|square of|root of|sum of|add up|half of"
    r"|a (?:third|quarter|fifth) of|tip (?:on|for|of)|split (?:\w+ ){1,6}(?:between"
    r"|among|by|in)|rechne|wie ?viel (?:ist|sind)|geteilt|wurzel|mal\b|cuanto (?:es|son)"
    r"|por ciento|raiz|combien (?:font|fait)|pour cent|racine",
    hints=r"how much|plus|minus|times\b|squared?|tip\b|split|sum\b|altogether|in total",
    windows=frozenset({"calculator"}),
    cannot="calculate",
)

_COMMA = frozenset({"de", "es", "fr"})
_WORDS = {
    **{"**": "to the power of", "^": "to the power of", "sqrt": "the square root of"},
    **{"*": "times", "/": "divided by", "+": "plus", "-": "minus", "%": "percent"},
}
_SIGN = re.compile("|".join(map(re.escape, _WORDS)))


async def bot_calculate(params: FunctionCallParams, expression: str) -> str:
    """Work out a calculation exactly. Use it for every sum, percentage or root, also easy ones.

    Args:
        expression: The calculation, like 0.25 * 80, or in the caller's words, like twenty five
            percent of eighty.
    """
    language = toolbox(params).language
    signs = symbols(expression, language)
    try:
        value = calculate(signs)
    except Nonsense as error:
        raise ToolFailed(
            f"Not done: this is no calculation that can be worked out: {error}. "
            "Ask the caller to say it again."
        ) from None
    number, exact = shown(value)
    if language in _COMMA:
        number = number.replace(".", ",")
    return f"{_aloud(signs)} is {'' if exact else 'about '}{number}."


def _aloud(signs: str) -> str:
    """An expression in words: a voice takes a star for the mark of a stressed word."""
    return " ".join(_SIGN.sub(lambda sign: f" {_WORDS[sign[0]]} ", signs).split())
