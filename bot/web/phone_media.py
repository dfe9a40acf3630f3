"""The media socket: from a redeemed token to a call that is over on both sides.

Three may end a call: the caller (`stop`, a closed socket, Twilio's status callback), the bot (its
conversation returns), the server (it stops). Whoever is first, the rest is the same and happens
once: the conversation is over, its last words were heard, Twilio's call is ended, the socket shut.
"""

import asyncio
from collections import OrderedDict

from loguru import logger
from starlette.websockets import WebSocket

from bot.call import Call, CallState
from bot.errors import ProviderError, TokenRejected
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.telephony.media import Start
from bot.telephony.signature import HEADER, Trust, signed, trust
from bot.telephony.stream import MediaStream, StreamNeverStarted
from bot.telephony.transport import PhoneTransport
from bot.telephony.twilio import TwilioRest
from bot.web import guard
from bot.web.seams import Converse, Record

CALLER_LEFT = "caller hung up"
"""Reason of an end that the caller made: nothing more is said."""
GRACE_SECONDS = 5.0
"""How long a conversation may take to close its books once the caller is gone."""
_HANG_UP_SECONDS = 2.0
"""How long the REST hang-up is waited for before the socket is shut, which ends the call too."""
_REMEMBERED = 1000


class Endings:
    """Which calls the bot ended itself, so that Twilio's question after it is not an alarm."""

    def __init__(self) -> None:
        self._good: OrderedDict[str, None] = OrderedDict()

    def good(self, call_sid: str) -> None:
        """Note that the bot is ending this call."""
        self._good[call_sid] = None
        while len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)

    def was_good(self, call_sid: str) -> bool:
        """Say whether the bot ended this call."""
        return call_sid in self._good


class MediaSocket:
    """The websocket routes `/phone/media-stream/{token}` and `/streaming/media/{token}`."""

    def __init__(
        self,
        settings: Settings,
        switchboard: Switchboard,
        twilio: TwilioRest | None,
        converse: Converse,
        record: Record,
        endings: Endings,
    ) -> None:
        self._settings = settings
        self._switchboard = switchboard
        self._twilio = twilio
        self._converse = converse
        self._record = record
        self._endings = endings

    async def serve(self, websocket: WebSocket, token: str) -> None:
        """Take a media stream; refused with HTTP 403 before the socket is accepted."""
        try:
            self._check_sender(websocket)
            call = self._switchboard.redeem(token)
        except TokenRejected as error:
            self._record(None, "refused", f"media socket: {error}")
            await websocket.close(1008)
            return
        line = _Line(call)
        with self._switchboard.holding(call, line.hang_up, admitted=True):
            await websocket.accept()
            line.stream = MediaStream(websocket, line.dropped)
            await self._hold(line, line.stream)

    def _check_sender(self, websocket: WebSocket) -> None:
        """A signature that is there must be right; without one the secret token has to do.

        Twilio signs the upgrade too, but not every proxy in between passes the header on.
        """
        if trust(self._settings) is Trust.SIGNED:
            if HEADER in websocket.headers and not signed(self._settings, websocket):
                raise TokenRejected("a wrong signature")
        elif not guard.local(websocket):
            raise TokenRejected("from elsewhere, without Twilio credentials")

    async def _hold(self, line: "_Line", stream: MediaStream) -> None:
        call = line.call
        try:
            self._check_start(call, await stream.opened())
        except (StreamNeverStarted, TokenRejected) as error:
            call.failed(str(error), "stream never started")
            self._record(call.id, "refused", f"media socket: {error}")
            await stream.close(1008)
            return
        if call.over:
            await stream.close()
            return
        call.connected()
        line.transport = PhoneTransport(stream)
        reader = asyncio.create_task(line.read(), name=f"media {call.id}")
        try:
            await self._talk(line, line.transport, stream, reader)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await stream.close()

    def _check_start(self, call: Call, start: Start) -> None:
        account = self._settings.TWILIO_ACCOUNT_SID
        if start.call_sid != call.provider_call_id:
            raise TokenRejected("the stream is of another call")
        if account and start.account_sid != account:
            raise TokenRejected("the stream is of another account")

    async def _talk(
        self,
        line: "_Line",
        transport: PhoneTransport,
        stream: MediaStream,
        reader: asyncio.Task[None],
    ) -> None:
        call = line.call
        talk = asyncio.ensure_future(self._converse(call, transport))
        try:
            await asyncio.wait({talk, reader}, return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                await asyncio.wait({talk}, timeout=GRACE_SECONDS)
        finally:
            if not talk.done():
                logger.warning(f"call {call.id}: its conversation had to be stopped")
                talk.cancel()
        error = (await asyncio.gather(talk, return_exceptions=True))[0]
        if isinstance(error, Exception):
            logger.opt(exception=error).error(f"call {call.id}: the conversation broke")
            call.failed(f"conversation: {type(error).__name__}")
            self._record(call.id, "error", f"the conversation broke: {type(error).__name__}")
            return
        if not stream.gone.is_set():
            await stream.playout.drained()
        if stream.gone.is_set():
            call.ended(CALLER_LEFT)
            return
        call.ended("bot hung up")
        if call.state is CallState.FAILED and not call.goodbye_heard:
            return  # Twilio asks what comes next, and says that something went wrong
        if call.state is not CallState.TRANSFERRED:
            self._endings.good(call.provider_call_id)
            await self._hang_up(call, stream)

    async def _hang_up(self, call: Call, stream: MediaStream) -> None:
        """End the phone call: by REST, and by shutting the socket if that takes too long."""
        if self._twilio is None:
            return
        request = asyncio.create_task(self._twilio.hang_up(call.provider_call_id))
        await asyncio.wait({request}, timeout=_HANG_UP_SECONDS)
        await stream.close()
        try:
            await request
        except ProviderError as error:
            self._record(call.id, "error", f"hang-up: {error}")


class _Line:
    """What others may do to one call while its socket is served."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.stream: MediaStream | None = None
        self.transport: PhoneTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self) -> None:
        """Read the stream until the caller is gone; a reader that breaks counts as that."""
        assert self.stream is not None
        try:
            await self.stream.read()
        except Exception:
            logger.exception(f"call {self.call.id}: its media stream cannot be read")
            await self.stream.leave()

    def hang_up(self, reason: str) -> None:
        """End the call: at once if the caller is gone, else as the conversation ends itself."""
        task = asyncio.create_task(self._end(reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def dropped(self, reason: str) -> None:
        """Count a message that could not be understood; the first one is logged."""
        self.call.dropped_frames += 1
        if self.call.dropped_frames == 1:
            logger.warning(f"call {self.call.id}: a media message was dropped: {reason}")

    async def _end(self, reason: str) -> None:
        if self.stream is None or self.transport is None:
            self.call.ended(reason)
            if self.stream:
                await self.stream.close()
            return
        if reason == CALLER_LEFT:
            await self.stream.leave()
            return
        if self.call.hang_up:
            await self.call.hang_up(reason)
        else:
            self.call.ending(reason)
            await self.stream.leave()
