"""Putting a caller through to a person: the one place that asks Twilio for it."""

from bot.call import Call
from bot.settings import Settings
from bot.telephony import handover
from bot.telephony.twilio import TwilioRest


async def put_through(
    twilio: TwilioRest, settings: Settings, call: Call, number: str, token: str, to: str
) -> None:
    """Connect a live phone call to `number`; the bot's part of it is over then.

    Args:
        twilio: Its REST API.
        settings: `PUBLIC_URL`, language and own number are read from them.
        call: The caller's.
        number: Whom to ring, E.164.
        token: Of the note that is whispered to whoever answers.
        to: Who that is, for the call's record.

    Raises:
        ProviderError: Twilio did not do it; the call goes on as it was.
    """
    base = settings.PUBLIC_URL
    outbound = call.direction == "outbound"
    twiml = handover.connect(
        number,
        f"{base}/phone/whisper/{token}",
        f"{base}/phone/handed-over/{token}",
        settings.BOT_LANGUAGE,
        caller_id=settings.TWILIO_PHONE_NUMBER if outbound else "",
    )
    await _redirect(twilio, call, twiml, to)


async def forward(twilio: TwilioRest, settings: Settings, call: Call, number: str, to: str) -> None:
    """Connect a live phone call to `number` while this server stops: it is asked nothing later.

    Args:
        twilio: Its REST API.
        settings: Language and own number are read from them.
        call: The caller's.
        number: Whom to ring, E.164.
        to: Who that is, for the call's record.

    Raises:
        ProviderError: Twilio did not do it; the call goes on as it was.
    """
    shown = settings.TWILIO_PHONE_NUMBER if call.direction == "outbound" else ""
    twiml = handover.forward(number, settings.BOT_LANGUAGE, caller_id=shown)
    await _redirect(twilio, call, twiml, to)


async def _redirect(twilio: TwilioRest, call: Call, twiml: str, to: str) -> None:
    call.handing_over = True  # before Twilio closes the stream, which would count as hung up
    try:
        await twilio.update_call(call.provider_call_id, twiml)
    except BaseException:
        call.handing_over = False
        raise
    call.transferred(f"handed to {to}")
