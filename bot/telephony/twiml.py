"""What Twilio is told to do with a call, as TwiML texts."""

from collections.abc import Mapping

from twilio.twiml.voice_response import Connect, VoiceResponse

from bot.telephony.prompts import Occasion, say_language, sentence

HOLD_SECONDS = 4
"""Pause between two questions whether the bot is ready."""


def stream(url: str, after: str, parameters: Mapping[str, str]) -> str:
    """Connect the call to a media socket.

    Args:
        url: The socket's wss address; Twilio allows no query in it.
        after: Absolute address that Twilio asks when the stream is over, however it ended.
        parameters: Sent back in the stream's `start` message; empty values are left out.
    """
    response, connect = VoiceResponse(), Connect(action=after, method="POST")
    media = connect.stream(url=url)
    for name, value in parameters.items():
        if value:
            media.parameter(name=name, value=value)
    response.append(connect)
    return str(response)


def goodbye(occasion: Occasion, language: str) -> str:
    """Say why there is no conversation, then hang up."""
    response = _saying(occasion, language)
    response.hangup()
    return str(response)


def hold(again: str, language: str, occasion: Occasion | None) -> str:
    """Let the caller wait a moment, then ask `again`, an absolute address.

    Args:
        again: Where Twilio asks after the pause.
        language: The bot's language.
        occasion: What to say before the pause, if anything.
    """
    response = _saying(occasion, language) if occasion else VoiceResponse()
    response.pause(length=HOLD_SECONDS)
    response.redirect(again, method="POST")
    return str(response)


def hang_up() -> str:
    """End the call without a word."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _saying(occasion: Occasion, language: str) -> VoiceResponse:
    response = VoiceResponse()
    response.say(sentence(occasion, language), language=say_language(language))
    return response
