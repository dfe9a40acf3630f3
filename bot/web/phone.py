"""The phone's web routes: Twilio's questions about a call, and the operator's calls out.

Every answer to Twilio leaves the caller with a voice or a conversation, never with a dead line:
a media stream that ends, however it ends, makes Twilio ask `/phone/after` what comes next.
"""

import re
from collections.abc import Callable

from fastapi import APIRouter, HTTPException, Request, Response
from loguru import logger
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import JSONResponse

from bot.call import Call, Direction
from bot.errors import NotAdmitted, ProviderError, ProviderRefused
from bot.modes.mode import PHONE, STREAMING, media_path
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.telephony import twiml
from bot.telephony.caller_id import is_theirs
from bot.telephony.prompts import Occasion
from bot.telephony.signature import Trust, public_base, signed, trust
from bot.telephony.twilio import TwilioRest
from bot.web import guard
from bot.web.phone_media import CALLER_LEFT, Endings, MediaSocket
from bot.web.seams import Converse, PlaceCall, Ready, Record

HOLD_LIMIT = 75
"""How often a caller is asked to wait while the bot gets ready: five minutes in all."""
_HOLD_WORDS_EVERY = 5
RING_SECONDS = 30
"""How long a call out rings."""
_ANSWER_SECONDS = 60
"""How long after the last ring an answered call may take to open its stream."""
_OVER = {
    "completed": CALLER_LEFT,
    "busy": "busy",
    "no-answer": "no answer",
    "failed": "not reached",
    "canceled": "caller hung up before it was answered",
}
"""Call statuses after which nothing follows, and how the call ended by them."""


class CallOut(BaseModel, extra="forbid"):
    """What the operator asks for: `to` in E.164; `ring_seconds`, how long it may ring."""

    to: str = Field(pattern=r"^\+[1-9]\d{6,14}$")
    ring_seconds: int = Field(RING_SECONDS, ge=5, le=120)


def phone_router(
    *,
    settings: Settings,
    switchboard: Switchboard,
    twilio: TwilioRest | None,
    converse: Converse,
    record: Record,
    ready: Ready,
    can_call: Callable[[PlaceCall], None] = lambda _: None,
) -> APIRouter:
    """Return the routes `/phone/…`, and both of the media sockets, `/phone/media-stream/{token}`
    and `/streaming/media/{token}`.

    A call is told the one of its mode, but each takes any token: a call must not fail because a
    proxy or a cached answer sent it to the other.

    Args:
        settings: The server's settings.
        switchboard: The live calls.
        twilio: Client for hanging up and calling out; None without credentials.
        converse: Holds a conversation.
        record: Writes the operator's lines.
        ready: Why no call could be taken now, or ''.
        can_call: Told how to call a number, for the console.
    """
    endings = Endings()
    phone = _Phone(settings, switchboard, twilio, record, ready, endings)
    media = MediaSocket(settings, switchboard, twilio, converse, record, endings)
    can_call(phone.place)
    router = APIRouter()
    for path, handler in (
        ("/phone/incoming", phone.incoming),
        ("/phone/status", phone.status),
        ("/phone/after", phone.after),
        ("/phone/call", phone.call),
    ):
        router.add_api_route(path, handler, methods=["POST"], response_model=None)
    for path in (PHONE, STREAMING):
        router.add_api_websocket_route(f"{path}/{{token}}", media.serve)
    return router


class _Phone:
    """The handlers of the HTTP routes."""

    def __init__(
        self,
        settings: Settings,
        switchboard: Switchboard,
        twilio: TwilioRest | None,
        record: Record,
        ready: Ready,
        endings: Endings,
    ) -> None:
        self._settings = settings
        self._switchboard = switchboard
        self._twilio = twilio
        self._record = record
        self._ready = ready
        self._endings = endings

    async def incoming(self, request: Request) -> Response:
        """A call is ringing, or an earlier caller has waited a moment."""
        form = await self._form(request)
        sid, base = form["CallSid"], public_base(self._settings, request)
        if (reason := self._ready()) and not self._switchboard.closed:
            return self._hold(request, sid, base, reason)
        self._switchboard.forget(sid, "asked again")  # a retried webhook takes no second place
        direction: Direction = "inbound"
        if form.get("Direction", "").startswith("outbound"):
            direction = "outbound"
        call = Call(
            channel="phone",
            direction=direction,
            caller=form.get("From", ""),
            callee=form.get("To", ""),
            provider_call_id=sid,
            number_is_theirs=direction == "outbound"
            or is_theirs(form.get("StirVerstat", ""), self._settings.CALLER_ID_ATTESTED),
        )
        try:
            token = self._switchboard.expect(call)
        except NotAdmitted as error:
            self._record(None, "refused", f"{sid}: {error}")
            return self._goodbye("busy" if "busy" in str(error) else "closed")
        return _xml(self._stream(base, token, call))

    async def status(self, request: Request) -> Response:
        """Twilio reports a call's progress, in any order."""
        form = await self._form(request)
        sid, status = form["CallSid"], form.get("CallStatus", "")
        if reason := _OVER.get(status):
            self._switchboard.forget(sid, reason)
            self._switchboard.hang_up(sid, CALLER_LEFT)
        logger.debug(f"{sid} is {status or 'of unknown status'}")
        return Response(status_code=204)

    async def after(self, request: Request) -> Response:
        """A media stream is over and the caller is still there."""
        form = await self._form(request)
        sid = form["CallSid"]
        if self._endings.was_good(sid) or form.get("CallStatus") in _OVER:
            return _xml(twiml.hang_up())
        self._switchboard.forget(sid, "stream lost")
        self._record(None, "error", f"{sid}: the media stream broke; the caller was told so")
        return self._goodbye("broken")

    async def call(self, request: Request) -> Response:
        """The operator calls somebody."""
        guard.operator(self._settings, request)
        try:
            wanted = CallOut.model_validate(await guard.json_object(request))
        except ValidationError as error:
            found = error.errors(include_url=False)[0]
            raise HTTPException(
                422, f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
            ) from None
        call = await self.place(wanted.to, wanted.ring_seconds)
        return JSONResponse({"call_id": call.id, "call_sid": call.provider_call_id}, 201)

    async def place(self, to: str, ring_seconds: int = RING_SECONDS) -> Call:
        """Call a number, E.164.

        Raises:
            HTTPException: it cannot be done; the detail says why.
        """
        wanted = CallOut(to=to, ring_seconds=ring_seconds)
        if missing := self._missing():
            raise HTTPException(409, f"calls out need {missing}")
        if reason := self._ready():
            raise HTTPException(503, f"not ready: {reason}")
        call = Call(
            channel="phone",
            direction="outbound",
            caller=self._settings.TWILIO_PHONE_NUMBER,
            callee=wanted.to,
        )
        try:
            await self._place(call, wanted)
        except NotAdmitted as error:
            raise HTTPException(503, str(error)) from None
        except ProviderRefused as error:
            raise HTTPException(502, str(error)) from None
        except ProviderError as error:
            raise HTTPException(503, str(error)) from None
        return call

    async def _place(self, call: Call, wanted: CallOut) -> None:
        """Take a place for `call` and let Twilio ring; no place is left taken by a failure."""
        assert self._twilio is not None
        base = self._settings.PUBLIC_URL
        token = self._switchboard.expect(call, wanted.ring_seconds + _ANSWER_SECONDS)
        try:
            call.provider_call_id = await self._twilio.create_call(
                wanted.to,
                call.caller,
                twiml=self._stream(base, token, call),
                status_callback=self._callback(base, "status"),
                timeout=wanted.ring_seconds,
            )
        except ProviderError as error:
            self._switchboard.withdraw(token)
            call.failed(str(error), "not placed")
            self._record(call.id, "error", f"call to {wanted.to}: {error}")
            raise

    def _missing(self) -> str:
        """Which setting a call out lacks, or ''."""
        if self._twilio is None:
            return "TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN or an API key"
        if not self._settings.TWILIO_PHONE_NUMBER:
            return "TWILIO_PHONE_NUMBER"
        return "" if self._settings.PUBLIC_URL else "PUBLIC_URL"

    async def _form(self, request: Request) -> ImmutableMultiDict[str, str]:
        """The form of a webhook that Twilio sent; 403 for anybody else's, 400 without a call."""
        form = await guard.form(request)
        if trust(self._settings) is Trust.SIGNED:
            trusted, why = signed(self._settings, request, form), "a wrong signature"
        else:
            trusted, why = guard.local(request), "from elsewhere, without Twilio credentials"
        if not trusted:
            self._record(None, "refused", f"{request.url.path}: {why}")
            raise HTTPException(403, why)
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", form.get("CallSid", "")):
            raise HTTPException(400, "CallSid is missing")
        return form

    def _hold(self, request: Request, sid: str, base: str, reason: str) -> Response:
        asked = request.query_params.get("hold", "0")
        waited = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
        if waited >= HOLD_LIMIT:
            self._record(None, "refused", f"{sid}: not ready after a long wait: {reason}")
            return self._goodbye("not_ready")
        occasion: Occasion | None = None
        if waited % _HOLD_WORDS_EVERY == 0:
            occasion = "hold" if waited else "warming"
        again = f"{base}/phone/incoming?hold={waited + 1}"
        return _xml(twiml.hold(again, self._settings.BOT_LANGUAGE, occasion))

    def _goodbye(self, occasion: Occasion) -> Response:
        return _xml(twiml.goodbye(occasion, self._settings.BOT_LANGUAGE))

    def _stream(self, base: str, token: str, call: Call) -> str:
        numbers = {
            "from_number": call.caller,
            "to_number": call.callee,
            "call_sid": call.provider_call_id,
        }
        url = f"{base.replace('http', 'ws', 1)}{media_path(call.mode)}/{token}"
        return twiml.stream(url, self._callback(base, "after"), numbers)

    def _callback(self, base: str, name: str) -> str:
        """Where Twilio asks about a call of this process; it says which process that is."""
        worker = self._switchboard.worker
        return f"{base}/phone/{name}" + (f"?worker={worker}" if worker else "")


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml")
