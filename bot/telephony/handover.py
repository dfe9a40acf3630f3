"""Handing a caller to a person: what Twilio is told, and what both hear, as TwiML texts."""

from typing import Literal

from twilio.twiml.voice_response import Dial, VoiceResponse

from bot.telephony.prompts import say_language, sentence

RING_SECONDS = 25
"""How long the person's phone rings before the caller is taken back."""
LONGEST_SUMMARY = 600
"""Characters that are whispered: some 40 seconds, while the caller hears it ring."""

Words = Literal["connecting", "nobody", "call_from"]
_SENTENCES: dict[str, dict[Words, str]] = {
    "en": {
        "connecting": "One moment please, I am connecting you.",
        "nobody": "I am sorry, nobody can take your call right now. I am here for you again.",
        "call_from": "A call for you from the assistant.",
    },
    "de": {
        "connecting": "Einen Moment bitte, ich verbinde Sie.",
        "nobody": "Leider kann gerade niemand Ihren Anruf annehmen. Ich bin wieder für Sie da.",
        "call_from": "Ein Anruf für Sie vom Assistenten.",
    },
    "fr": {
        "connecting": "Un instant s'il vous plaît, je vous mets en relation.",
        "nobody": "Désolé, personne ne peut prendre votre appel. Je suis de nouveau là pour vous.",
        "call_from": "Un appel pour vous de la part de l'assistant.",
    },
    "es": {
        "connecting": "Un momento, por favor, le paso la llamada.",
        "nobody": "Lo siento, nadie puede atenderle ahora. Vuelvo a estar con usted.",
        "call_from": "Una llamada para usted de parte del asistente.",
    },
}


def connect(number: str, whisper: str, after: str, language: str, caller_id: str = "") -> str:
    """Tell the caller that they are connected, and ring `number`.

    Args:
        number: Whom to ring, E.164.
        whisper: Absolute address that Twilio asks what to tell the person first.
        after: Absolute address that Twilio asks when that call is over or nobody came.
        language: The bot's language.
        caller_id: The number that the person sees; '' shows the caller's own.
    """
    response = _saying("connecting", language)
    shown = {"caller_id": caller_id} if caller_id else {}
    dial = Dial(answer_on_bridge=True, timeout=RING_SECONDS, action=after, method="POST", **shown)
    dial.number(number, url=whisper, method="POST")
    response.append(dial)
    return str(response)


def forward(number: str, language: str, caller_id: str = "") -> str:
    """Connect the caller to `number` with nothing asked of this server any more: it stops.

    Args:
        number: Whom to ring, E.164.
        language: The bot's language.
        caller_id: The number that the person sees; '' shows the caller's own.
    """
    response = _saying("connecting", language)
    shown = {"caller_id": caller_id} if caller_id else {}
    response.append(Dial(number, answer_on_bridge=True, timeout=RING_SECONDS, **shown))
    response.say(sentence("closed", language), language=say_language(language))
    return str(response)


def whisper(summary: str, language: str) -> str:
    """Tell the person who is calling and why; then they are connected."""
    response = _saying("call_from", language)
    response.say(summary[:LONGEST_SUMMARY], language=say_language(language))
    return str(response)


def nobody(again: str, language: str) -> str:
    """Tell the caller that nobody came, and begin a new conversation at `again`, absolute."""
    response = _saying("nobody", language)
    response.redirect(again, method="POST")
    return str(response)


def over() -> str:
    """The two have talked: end the caller's call too."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _saying(words: Words, language: str) -> VoiceResponse:
    response = VoiceResponse()
    sentences = _SENTENCES.get(language[:2], _SENTENCES["en"])
    response.say(sentences[words], language=say_language(language))
    return response
