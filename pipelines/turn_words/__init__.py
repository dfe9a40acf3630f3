"""The words by which `pipelines.turn_end` reads a turn, one module a language."""

from pipelines.turn_words.de import GERMAN
from pipelines.turn_words.en import ENGLISH
from pipelines.turn_words.es import SPANISH
from pipelines.turn_words.fr import FRENCH
from pipelines.turn_words.table import Words, refuses, tokens

__all__ = ["Words", "refuses", "tokens", "words_of"]

_LANGUAGES = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}
_UNKNOWN = Words()


def words_of(language: str) -> Words:
    """The tables of a language ('en', 'en-GB'); where it is unknown, what is free of language."""
    return _LANGUAGES.get(language.replace("_", "-").partition("-")[0].lower(), _UNKNOWN)
