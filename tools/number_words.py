"""A spoken calculation as a line of symbols: 'twenty five percent of eighty' -> '25 % * 80'.

The numbers themselves are read by text2num; here is only what stands between them, in the languages
that the bot's sentences exist in. Other languages are read as English.
"""

import re
import unicodedata

from text_to_num import alpha2digit

_COMMA = frozenset({"de", "es", "fr"})
"""Languages that write 3,5 and 1.000."""

_FRACTIONS = {
    "en": {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10},
    "de": {"hälfte": 2, "drittel": 3, "viertel": 4, "fünftel": 5, "zehntel": 10},
    "es": {"mitad": 2, "tercio": 3, "cuarto": 4, "quinto": 5, "décimo": 10},
    "fr": {"moitié": 2, "tiers": 3, "quart": 4, "cinquième": 5, "dixième": 10},
}
_ONE = {"en": "a|an|one", "de": "ein|die|eine", "es": "un|la|una", "fr": "un|la|une|le"}
_OF = {"en": "of", "de": "von|vom|der|des", "es": "del?", "fr": "des?|du"}

# Before the numbers are read: 'pour cent' and 'por ciento' would become 'pour 100'.
_FIRST: dict[str, list[tuple[str, str]]] = {
    "en": [
        (r"\band (?:a|one) half\b", " plushalf "),
        (r"\band (?:a|one) quarter\b", " plusquarter "),
        (r"\bpercent\b|\bper cent\b", " % "),
        (r"\bdozen\b", " * 12 "),
    ],
    "de": [
        (r"\b(?:anderthalb|eineinhalb)\b", " 1.5 "),
        (r"\b(\w+)einhalb\b", r" \1 plushalf "),
        (r"\bprozent\b", " % "),
    ],
    "es": [(r"\by medi[oa]\b", " plushalf "), (r"\bpor ?ciento\b", " % ")],
    "fr": [(r"\bet demie?\b", " plushalf "), (r"\bpour ?cent\b", " % ")],
}

_WORDS: dict[str, list[tuple[str, str]]] = {
    "en": [
        (r"what(?:'s| is)|how much is|calculate|please|equals?|result|work out", " "),
        (r"(?:the )?(?:square )?root of", " sqrt "),
        (r"to the power of|raised to(?: the)?", " ^ "),
        (r"squared", " ^ 2 "),
        (r"cubed", " ^ 3 "),
        (r"times|multiplied by|multiply by|x", " * "),
        (r"divided by|over", " / "),
        (r"plus|and|add(?:ed to)?", " + "),
        (r"minus|less|take away", " - "),
    ],
    "de": [
        (r"was ist|wie viel (?:ist|sind)|wieviel (?:ist|sind)|rechne|bitte|gleich", " "),
        (r"(?:quadrat)?wurzel (?:aus|von)", " sqrt "),
        (r"zum quadrat", " ^ 2 "),
        (r"hoch", " ^ "),
        (r"mal|multipliziert mit|x", " * "),
        (r"(?:geteilt|dividiert) durch|durch", " / "),
        (r"plus|und", " + "),
        (r"minus|weniger", " - "),
    ],
    "es": [
        (r"cuanto (?:es|son)|calcula|por favor|igual", " "),
        (r"raiz cuadrada de|raiz de", " sqrt "),
        (r"al cuadrado", " ^ 2 "),
        (r"elevado a(?: la)?", " ^ "),
        (r"dividido (?:por|entre)|entre", " / "),
        (r"multiplicado por|por|x", " * "),
        (r"mas|y", " + "),
        (r"menos", " - "),
    ],
    "fr": [
        (r"combien (?:font|fait)|calcule|s il te plait|egale?", " "),
        (r"racine carree de|racine de", " sqrt "),
        (r"au carre", " ^ 2 "),
        (r"puissance", " ^ "),
        (r"divise par|sur", " / "),
        (r"multiplie par|fois|x", " * "),
        (r"plus|et", " + "),
        (r"moins", " - "),
    ],
}


def symbols(spoken: str, language: str) -> str:
    """The calculation with digits and signs; words that are none stay as they are."""
    lang = language if language in _WORDS else "en"
    text = _sign_signs(spoken.casefold())
    for pattern, sign in _FIRST[lang]:
        text = re.sub(pattern, sign, text)
    text = _fractions(text, lang)
    text = digits(text, lang)
    text = _marks(text, lang, any(c.isalpha() for c in spoken))
    text = re.sub(r"([\d.]+) plushalf\b", r"(\1 + 1/2)", text)
    text = re.sub(r"([\d.]+) plusquarter\b", r"(\1 + 1/4)", text)
    text = re.sub(rf"(?<=[%)])\s*(?:{_OF[lang]})\b", " * ", text)
    text = _bare(text)
    for pattern, sign in _WORDS[lang]:
        text = re.sub(rf"(?<![a-z])(?:{pattern})(?![a-z])", sign, text)
    return " ".join(text.split())


def digits(spoken: str, language: str) -> str:
    """The text with every number written in digits: 'at half past two' -> 'at half past 2'."""
    try:
        return str(alpha2digit(" ".join(spoken.split()), language, 0.0))
    except ValueError:  # a language that text2num does not know
        return str(alpha2digit(" ".join(spoken.split()), "en", 0.0))


def _sign_signs(text: str) -> str:
    for signs, sign in (("×·", "*"), ("÷:", "/"), ("−–", "-"), ("?!=", " "), ("$€£", " ")):
        text = re.sub(f"[{signs}]", f" {sign} ", text)
    return text


def _fractions(text: str, lang: str) -> str:
    """'two thirds of nine' -> '(two / 3) * nine', 'half of ninety' -> '(1 / 2) * ninety'."""
    for name, parts in _FRACTIONS[lang].items():
        tail = rf" {name}s?\b(?: (?:{_OF[lang]})\b)"
        text = re.sub(rf"\b(?:{_ONE[lang]}){tail}", f" (1 / {parts}) * ", text)
        if parts == 2:
            text = re.sub(rf"\b{name} (?:{_OF[lang]})\b", " (1 / 2) * ", text)
        text = re.sub(rf"\b(\w+){tail}", rf" (\1 / {parts}) * ", text)
    return text


def _marks(text: str, lang: str, words: bool) -> str:
    """Decimal points and thousands' marks as Python has them.

    Signs alone are a model's own writing, which has a decimal point in every language.
    """
    if lang in _COMMA and (words or "," in text):
        text = re.sub(r"(?<=\d)\.(?=\d{3}\b)", "", text)
        return re.sub(r"(?<=\d),(?=\d)", ".", text)
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("'", " ")
