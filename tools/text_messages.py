"""Text messages that tools send: how many, how long, and what is said of a link or a mistake."""

from typing import Literal

from loguru import logger

from bot.errors import ProviderError, ProviderRefused
from tools.running import acting
from tools.toolbox import Toolbox, ToolFailed

MOST_SMS = 5
"""Text messages in one call: nobody needs more, and each costs money."""
_LONGEST_SMS = 800

_LINK = {
    "en": "{bot}: {link} shows your notes and what we talk about. It opens once, and ends with our"
    " call.",
    "de": "{bot}: {link} zeigt Ihre Notizen und worüber wir sprechen. Öffnet sich einmal und endet"
    " mit dem Anruf.",
    "fr": "{bot} : {link} affiche vos notes et ce dont nous parlons. S'ouvre une fois et expire"
    " avec l'appel.",
    "es": "{bot}: {link} muestra sus notas y lo que hablamos. Se abre una vez y caduca con la"
    " llamada.",
}
_REPLACES = {
    "en": "Correction, instead of the message before: {text}",
    "de": "Korrektur, statt der Nachricht davor: {text}",
    "fr": "Rectification, à la place du message précédent : {text}",
    "es": "Corrección, en lugar del mensaje anterior: {text}",
}
_TAKES_BACK = {
    "en": "Please ignore the message before: it was not meant for you.",
    "de": "Bitte beachten Sie die Nachricht davor nicht: Sie war nicht für Sie bestimmt.",
    "fr": "Veuillez ignorer le message précédent : il ne vous était pas destiné.",
    "es": "Por favor, ignore el mensaje anterior: no era para usted.",
}

Sent = Literal["yes", "perhaps", "no"]


def replacing(text: str, language: str) -> str:
    """A text message that says that it replaces the one before, which cannot be called back.

    Args:
        text: What is right.
        language: Two letters.
    """
    return _REPLACES.get(language, _REPLACES["en"]).format(text=text)


def taking_back(language: str) -> str:
    """A text message to somebody who has got one by mistake; language in two letters."""
    return _TAKES_BACK.get(language, _TAKES_BACK["en"])


def link_message(bot: str, link: str, language: str) -> str:
    """The text message that brings a caller the address of their page.

    Args:
        bot: The bot's name.
        link: The address.
        language: Two letters.
    """
    return _LINK.get(language, _LINK["en"]).format(bot=bot, link=link)


async def send_text(box: Toolbox, number: str, text: str) -> None:
    """Send a text message; after `acting()`.

    Raises:
        ToolFailed: Twilio says no, or too many were sent.
        ProviderUnavailable: it is not certain whether it was sent.
    """
    sent = box.memory.results.get("sms", 0)
    if sent >= MOST_SMS:
        raise ToolFailed("Not done: no more text messages can be sent in this call. Say so.")
    acting()
    box.memory.results["sms"] = sent + 1
    assert box.twilio is not None
    try:
        await box.twilio.send_message(number, box.settings.TWILIO_PHONE_NUMBER, text[:_LONGEST_SMS])
    except ProviderRefused as error:
        logger.warning(f"call {box.call.id}: a text message was refused: {error}")
        raise ToolFailed(
            "Not done: this number cannot get text messages. Say so, and offer another way."
        ) from None


async def try_send_text(box: Toolbox, number: str, text: str) -> Sent:
    """Send a text message about something that is done already; says whether it was sent."""
    try:
        await send_text(box, number, text)
    except (ToolFailed, ProviderError) as error:
        logger.warning(f"call {box.call.id}: no text message: {error}")
        return "no" if isinstance(error, ToolFailed) else "perhaps"
    return "yes"
