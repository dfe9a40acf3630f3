"""Written text to text that can be read aloud: no markdown, digits and money and dates as words.

Language models write "**$12.50** on 2026-03-05"; voices stumble over it. Money, dates and clock
times are put in English words; in other languages numbers are, and the rest is left to the voice.
"""

import re
from collections.abc import Callable

from num2words import CONVERTER_CLASSES, num2words

Transform = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH = "|".join(_MONTHS)
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
_SPELLED = 7
"""Numbers from this many digits on are read digit by digit, like phone and account numbers."""

_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"```.*?```", re.S), " "),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^>\n]*>"), " "),
    (re.compile(r"^\s{0,3}(#{1,6}|>|[-*+•]|\d{1,2}[.)])\s+", re.M), ""),
    (re.compile(r"^\s*\|?[\s:|-]{3,}\|?\s*$", re.M), " "),
    (re.compile(r"(?<=\d)\s*\*\*\s*(?=\d)"), " ^ "),
    (re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), " × "),
    (re.compile(r"(\*\*|__|~~|`|\*)"), ""),
    (re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)"), r"\1"),
    (re.compile(r"\s*\|\s*"), ", "),
    (re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]"), ""),
)


def _cardinal(digits: str, language: str) -> str:
    value = digits.replace(",", "")
    number = float(value) if "." in value else int(value)
    return str(num2words(number, lang=language)).replace(",", "")


def _ordinal(number: int) -> str:
    return str(num2words(number, to="ordinal"))


def _year(number: int) -> str:
    return str(num2words(number, to="year"))


def _spelled(digits: str, language: str) -> str:
    return " ".join(_cardinal(d, language) for d in digits if d.isdigit())


def _money(match: re.Match[str]) -> str:
    one, many, small_one, small_many = _CURRENCIES[match["sign"]]
    whole = match["whole"].replace(",", "")
    if match["scale"]:
        amount = whole + (f".{match['part']}" if match["part"] else "")
        return f"{_cardinal(amount, 'en')} {match['scale']} {many}"
    cents = int((match["part"] or "0").ljust(2, "0")[:2])
    spoken = f"{_cardinal(whole, 'en')} {one if int(whole) == 1 else many}"
    if cents:
        spoken += f" and {_cardinal(str(cents), 'en')} {small_one if cents == 1 else small_many}"
    return spoken


def _date(year: str, month: int, day: int) -> str:
    spoken = f"{_MONTHS[month - 1]} {_ordinal(day)}"
    return f"{spoken}, {_year(int(year))}" if year else spoken


def _iso_date(match: re.Match[str]) -> str:
    month, day = int(match[2]), int(match[3])
    return _date(match[1], month, day) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _written_date(match: re.Match[str]) -> str:
    return f"{match['month']} {_ordinal(int(match['day']))}" + (
        f", {_year(int(match['year']))}" if match["year"] else ""
    )


def _slashed_date(day_first: bool) -> Callable[[re.Match[str]], str]:
    def read(match: re.Match[str]) -> str:
        first, second = int(match[1]), int(match[2])
        month, day = (second, first) if day_first or first > 12 else (first, second)
        return _date(match[3], month, day) if 1 <= month <= 12 and 1 <= day <= 31 else match[0]

    return read


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59:
        return match[0]
    half = (match["half"] or "").lower().replace(".", "")
    spoken = _cardinal(str(hour), "en")
    if minute:
        spoken += f" {'oh ' if minute < 10 else ''}{_cardinal(str(minute), 'en')}"
    if half:
        return f"{spoken} {' '.join(half)}"
    if minute:
        return spoken
    return f"{spoken} o'clock" if hour <= 12 else f"{spoken} hundred hours"


def _web(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://(www\.)?", "", match[0]).rstrip("/")
    tail = "." if address.endswith(".") else ""
    spoken = address.rstrip(".").replace("@", " at ").replace(".", " dot ").replace("/", " slash ")
    return re.sub(r"[-_]", " ", spoken) + tail


_ENGLISH_ONLY: tuple[Transform, ...] = (
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:T[\d:.]+Z?)?\b"), _iso_date),
    (
        re.compile(
            rf"\b(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
            r"(?:,?\s+(?P<year>[12]\d{3}))?\b"
        ),
        _written_date,
    ),
    (
        re.compile(
            r"(?P<sign>[$€£])\s?(?P<whole>\d[\d,]*)(?:\.(?P<part>\d+))?"
            r"(?:\s(?P<scale>hundred|thousand|million|billion|trillion))?"
        ),
        _money,
    ),
    (
        re.compile(
            r"\b(?P<hour>\d{1,2}):(?P<minute>\d{2})\b(?:\s?(?P<half>[ap]\.?m\b\.?))?"
            r"|\b(?P<hour2>\d{1,2})\s?(?P<half2>[ap]\.?m\b)",
            re.I,
        ),
        lambda m: _clock(m) if m["hour"] else f"{_cardinal(m['hour2'], 'en')} {_half(m['half2'])}",
    ),
    (re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"), lambda m: _ordinal(int(m[1]))),
    (
        re.compile(r"(?i)\b(in|since|of|year|until|by|from)\s((?:19|20)\d{2})\b(?![.,]\d)"),
        lambda m: f"{m[1]} {_year(int(m[2]))}",
    ),
    (re.compile(r"(\d)\s?%"), lambda m: f"{m[1]} percent"),
    (re.compile(r"(\d)\s?°\s?([CF])?\b"), lambda m: f"{m[1]} degrees{_scale(m[2])}"),
    (re.compile(r"#(?=\d)"), lambda _: "number "),
    (re.compile(r"(?<=\d)\s*[-–]\s*(?=\d{1,3}\b(?!-))"), lambda _: " to "),
    (re.compile(r"(?<=\w)\s*&\s*(?=\w)"), lambda _: " and "),
    (re.compile(r"(?<=[\d\w])\s+=\s+(?=[\d\w])"), lambda _: " equals "),
    (re.compile(r"(?<=\d)\s*[+]\s*(?=\d)"), lambda _: " plus "),
    (re.compile(r"(?<=\d)\s*[×]\s*(?=\d)|(?<=\d)\s+[xX*]\s+(?=\d)"), lambda _: " times "),
    (re.compile(r"(?<=\d)\s*÷\s*(?=\d)|(?<=\d)\s+/\s+(?=\d)"), lambda _: " divided by "),
)


def _half(text: str) -> str:
    return " ".join(text.lower().replace(".", ""))


def _scale(letter: str | None) -> str:
    return {"C": " Celsius", "F": " Fahrenheit"}.get(letter or "", "")


_WEB = re.compile(r"https?://\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\bwww\.\S+")
_PHONE = re.compile(
    r"(?<![\w.])\+?\d?[\s.-]?(?:\(\d{3}\)|\d{3})[\s.-]\d{3}[\s.-]\d{4}\b|\+\d{7,15}"
)
_NUMBER = re.compile(r"(?<![\d.])(?:(?<!\w)-)?\d[\d,]*(?:\.\d+)?")
_INTEGER = re.compile(r"(?<![\d.,])\d+(?![.,]?\d)")


def speakable(text: str, language: str = "en") -> str:
    """Return `text` as it should be read aloud, in `language` ('en', 'en-GB', 'de', …)."""
    base = language.split("-")[0]
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    text = _WEB.sub(_web, text)
    text = _PHONE.sub(lambda m: _phone(m[0], base), text)
    if base == "en":
        slashed = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
        text = slashed.sub(_slashed_date(language == "en-GB"), text)
        for rule, read in _ENGLISH_ONLY:
            text = rule.sub(read, text)
    text = re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", text)
    # Elsewhere "12,50" and "1.000" mean other things than in English: left to the voice.
    text = (_NUMBER if base == "en" else _INTEGER).sub(lambda m: _number(m[0], base), text)
    text = re.sub(r"(?<=\w)\s*\n+\s*", ". ", text.strip())
    return re.sub(r"\s+", " ", text)


def _phone(text: str, language: str) -> str:
    groups = [_spelled(group, language) for group in re.findall(r"\d+", text)]
    return (" plus " if text.startswith("+") else "").lstrip() + ", ".join(groups)


def _number(text: str, language: str) -> str:
    tail = "," if text.endswith(",") else ""
    digits = text.rstrip(",")
    negative = digits.startswith("-")
    digits = digits.lstrip("-")
    plain = digits.replace(",", "")
    if "." not in plain and (
        (len(plain) > 1 and plain[0] == "0") or ("," not in digits and len(plain) >= _SPELLED)
    ):
        return _spelled(plain, language) + tail
    if language not in CONVERTER_CLASSES:
        return text
    words = _cardinal(digits, language)
    return f"{'minus ' if negative and language == 'en' else ''}{words}{tail}"
