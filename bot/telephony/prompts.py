"""What callers hear when there is no conversation to say it, spoken by Twilio's voice."""

from typing import Literal

Occasion = Literal["busy", "closed", "warming", "hold", "not_ready", "broken"]

_ENGLISH: dict[Occasion, str] = {
    "busy": "Sorry, all lines are busy right now. Please call again in a few minutes. Goodbye.",
    "closed": "Sorry, calls cannot be taken right now. Please call again a little later. Goodbye.",
    "warming": "Hello. One moment please, I am just getting ready for you.",
    "hold": "Thank you for holding. It will not be long.",
    "not_ready": "Sorry, I am still not ready. Please call again in a few minutes. Goodbye.",
    "broken": "Sorry, something went wrong on our side. Please call again. Goodbye.",
}
_GERMAN: dict[Occasion, str] = {
    "busy": "Leider sind gerade alle Leitungen besetzt. Bitte rufen Sie in einigen Minuten wieder "
    "an. Auf Wiederhören.",
    "closed": "Leider können gerade keine Anrufe angenommen werden. Bitte rufen Sie etwas später "
    "wieder an. Auf Wiederhören.",
    "warming": "Guten Tag. Einen Moment bitte, ich bin gleich für Sie da.",
    "hold": "Danke, dass Sie warten. Es dauert nicht mehr lange.",
    "not_ready": "Leider bin ich noch nicht so weit. Bitte rufen Sie in einigen Minuten wieder an. "
    "Auf Wiederhören.",
    "broken": "Leider ist bei uns etwas schiefgegangen. Bitte rufen Sie noch einmal an. "
    "Auf Wiederhören.",
}
_FRENCH: dict[Occasion, str] = {
    "busy": "Désolé, toutes les lignes sont occupées. Merci de rappeler dans quelques minutes. "
    "Au revoir.",
    "closed": "Désolé, nous ne pouvons pas prendre d'appel pour le moment. Merci de rappeler un "
    "peu plus tard. Au revoir.",
    "warming": "Bonjour. Un instant s'il vous plaît, je suis bientôt à vous.",
    "hold": "Merci de patienter. Ce ne sera plus très long.",
    "not_ready": "Désolé, je ne suis pas encore prêt. Merci de rappeler dans quelques minutes. "
    "Au revoir.",
    "broken": "Désolé, un problème est survenu de notre côté. Merci de rappeler. Au revoir.",
}
_SPANISH: dict[Occasion, str] = {
    "busy": "Lo siento, todas las líneas están ocupadas. Vuelva a llamar en unos minutos. Adiós.",
    "closed": "Lo siento, ahora no podemos atender llamadas. Vuelva a llamar un poco más tarde. "
    "Adiós.",
    "warming": "Hola. Un momento, por favor, enseguida estoy con usted.",
    "hold": "Gracias por esperar. Ya falta poco.",
    "not_ready": "Lo siento, todavía no estoy listo. Vuelva a llamar en unos minutos. Adiós.",
    "broken": "Lo siento, algo ha fallado de nuestro lado. Vuelva a llamar, por favor. Adiós.",
}
_SENTENCES = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}
_TWILIO_LANGUAGE = {"en": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}
_VARIANTS = frozenset(
    {"en-US", "en-GB", "en-AU", "en-IN", "de-DE", "fr-FR", "fr-CA", "es-ES", "es-MX", "es-US"}
)
"""Languages of Twilio's <Say> that these sentences can be spoken in."""


def sentence(occasion: Occasion, language: str) -> str:
    """Return what to say in `language` (`en` or `en-GB`); English where there is no other."""
    return _SENTENCES.get(language[:2], _ENGLISH)[occasion]


def say_language(language: str) -> str:
    """Return the `language` attribute of <Say> that fits the sentences for `language`."""
    return language if language in _VARIANTS else _TWILIO_LANGUAGE.get(language[:2], "en-US")
