"""The room's WebRTC connections, each from its offer to the end of its call.

A page that dies says nothing: aiortc reports the loss after 30 s. The page therefore pings once a
second. When the pings stay away the bot falls silent and the conversation waits: a page whose
network broke comes back into it with a new offer; after a while `RoomConnections` hangs up.
"""

import asyncio
from contextlib import ExitStack, suppress

from aiortc.sdp import candidate_from_sdp
from loguru import logger
from pipecat.processors.frameworks.rtvi import models as rtvi
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)

from bot.call import Call
from bot.errors import TandemError
from bot.messages import Ended
from bot.switchboard import Switchboard
from bot.web.messages import MEDIA_SECTIONS, Answer, Candidates, Offer
from bot.web.room_transport import RoomTransport, hear_at_once
from bot.web.seams import Converse

CHECK_SECONDS = 1.0
LOST_CHECKS = 17
"""Checks without a sign of life before a page counts as lost. Pipecat itself waits 3 s for a ping,
so a page has 20 s to come back: a change of network takes 5 to 10 s. It keeps its place so long."""
ARRIVE_CHECKS = 10
"""Checks before a page that sent its offer, but no media, counts as lost."""
GRACE_SECONDS = 5.0
"""How long a conversation may take to end itself after its page is gone."""
EXPLAIN_SECONDS = 5.0
"""How long a page has to connect, so as to be told that its call broke, and hang up."""


class OfferInvalid(TandemError):
    """The page's offer or candidate is not what WebRTC allows."""


class ConnectionUnknown(TandemError):
    """No connection has this id, or not any more."""


class _Handler(SmallWebRTCRequestHandler):
    """Pipecat's, which keeps a connection for ever under the names that it had before a restart."""

    def forget(self, pc_id: str) -> None:
        """Drop a name that a connection has no more."""
        self._pcs_map.pop(pc_id, None)


class RoomConnections:
    """Takes offers, holds a place at the switchboard for each, and runs its conversation."""

    def __init__(self, switchboard: Switchboard, converse: Converse) -> None:
        self._switchboard = switchboard
        self._converse = converse
        self._handler = _Handler()
        self._visits: set[asyncio.Task[None]] = set()
        self._named: dict[str, _Visit] = {}

    @property
    def live(self) -> int:
        """How many conversations run."""
        return len(self._visits)

    async def open(self, offer: Offer, caller: str = "") -> Answer:
        """Answer an offer and start the conversation, or go on with the one that it names.

        Args:
            offer: What the page sent.
            caller: Whose browser it is; only the same one comes back into a conversation.

        Raises:
            NotAdmitted: full house, or the server is stopping.
            OfferInvalid: the offer is not understood.
            ConnectionUnknown: the conversation to come back into is over, or somebody else's.
        """
        if offer.sdp.count("\nm=") > MEDIA_SECTIONS or "\nm=audio" not in offer.sdp:
            raise OfferInvalid("the offer must hold one audio section")
        if offer.pc_id:
            return await self._resume(offer, caller)
        visit = _Visit(self._converse, caller)
        with ExitStack() as place:
            place.enter_context(self._switchboard.holding(visit.call, visit.hang_up))
            request = SmallWebRTCRequest(sdp=offer.sdp, type=offer.type)
            try:
                answer = await self._handler.handle_web_request(request, visit.arrive)
            except Exception as error:  # aiortc raises whatever its parser stumbles over
                raise OfferInvalid("the offer is not valid WebRTC") from error
            if answer is None:
                raise OfferInvalid("the offer has no answer")
            task = visit.start(place.pop_all())
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)
        self._named[answer["pc_id"]] = visit
        task.add_done_callback(lambda _: self._forget(visit))
        return Answer.model_validate(answer)

    async def _resume(self, offer: Offer, caller: str) -> Answer:
        """Give a conversation a new connection in the place of a broken one."""
        visit = self._named.get(offer.pc_id)
        if visit is None or visit.call.caller != caller or visit.call.over:
            raise ConnectionUnknown("this conversation is over")
        del self._named[offer.pc_id]
        request = SmallWebRTCRequest(
            sdp=offer.sdp, type=offer.type, pc_id=offer.pc_id, restart_pc=True
        )
        try:
            answer = await self._handler.handle_web_request(request, visit.arrive)
        except Exception as error:
            raise OfferInvalid("the offer is not valid WebRTC") from error
        self._handler.forget(offer.pc_id)
        if answer is None:
            raise OfferInvalid("the offer has no answer")
        self._named[answer["pc_id"]] = visit
        logger.info(f"room: call {visit.call.id} goes on after a break")
        return Answer.model_validate(answer)

    def _forget(self, visit: "_Visit") -> None:
        for pc_id in [name for name, known in self._named.items() if known is visit]:
            del self._named[pc_id]

    async def add(self, more: Candidates) -> None:
        """Add further ICE candidates to a connection.

        Raises:
            OfferInvalid: a candidate is not understood.
            ConnectionUnknown: no such connection.
        """
        try:
            for one in more.candidates:
                if one.candidate:
                    candidate_from_sdp(one.candidate)
        except (AssertionError, IndexError, KeyError, ValueError):
            raise OfferInvalid("a candidate is not valid ICE") from None
        candidates = [
            IceCandidate(one.candidate, one.sdp_mid, one.sdp_mline_index) for one in more.candidates
        ]
        try:
            await self._handler.handle_patch_request(
                SmallWebRTCPatchRequest(pc_id=more.pc_id, candidates=candidates)
            )
        except Exception as error:  # fastapi's 404, or aiortc's word for a closed connection
            raise ConnectionUnknown("this connection is gone") from error

    async def close(self) -> None:
        """End every conversation now. For a polite end drain the switchboard first."""
        visits = list(self._visits)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await self._handler.close()  # type: ignore[no-untyped-call]


class _Visit:
    """One page's stay: its call, its connection, its conversation."""

    def __init__(self, converse: Converse, caller: str) -> None:
        self.call = Call(channel="room", caller=caller)
        self._converse = converse
        self._connection: SmallWebRTCConnection | None = None
        self._transport: RoomTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def arrive(self, connection: SmallWebRTCConnection) -> None:
        """Take the connection that Pipecat made from the offer."""
        self._connection = connection
        self._transport = RoomTransport(connection)
        connection.add_event_handler("connected", hear_at_once)

    def start(self, place: ExitStack) -> asyncio.Task[None]:
        """Run the conversation; `place` is given back when it is over."""
        assert self._connection is not None
        assert self._transport is not None
        run = self._run(place, self._connection, self._transport)
        self._task = asyncio.create_task(run, name=f"room {self.call.id}")
        return self._task

    def hang_up(self, reason: str) -> None:
        """End the conversation politely, or at once if it is not one yet."""
        if not self._ending:
            self._ending = asyncio.create_task(self._end(reason))

    async def _end(self, reason: str) -> None:
        if self.call.hang_up:
            await self.call.hang_up(reason)
        elif self._task:
            self.call.ended(reason)
            self._task.cancel()

    async def _run(
        self, place: ExitStack, connection: SmallWebRTCConnection, transport: RoomTransport
    ) -> None:
        watch = asyncio.create_task(self._watch(connection, transport))
        with place:
            try:
                if not self._ending:
                    await self._converse(self.call, transport)
            except Exception as error:
                logger.exception(f"room: call {self.call.id} broke")
                self.call.failed(type(error).__name__)
            finally:
                watch.cancel()
                await self._leave(connection)
                self.call.ended("caller hung up")

    async def _leave(self, connection: SmallWebRTCConnection) -> None:
        """Close the connection; a call that broke before it began is explained to its page."""
        if connection.pc.connectionState != "closed":
            _tell(connection, Ended(reason=self.call.end_reason or "bot hung up"))
            if self.call.error:
                await _closed_by_page(connection, EXPLAIN_SECONDS)
        await self._close(connection)

    async def _close(self, connection: SmallWebRTCConnection) -> None:
        """Close the connection, once: cancelling aiortc at it makes every later try hang."""
        if self._closing is None:
            self._closing = asyncio.create_task(connection.disconnect())
        await asyncio.wait({self._closing}, timeout=GRACE_SECONDS)
        if not self._closing.done():
            logger.warning(f"room: call {self.call.id}: its connection does not close")
            self._closing.cancel()

    async def _watch(self, connection: SmallWebRTCConnection, transport: RoomTransport) -> None:
        """Hang up when the page never arrives, or gives no sign of life any more."""
        misses, limit = 0, ARRIVE_CHECKS
        while misses < limit:
            await asyncio.sleep(CHECK_SECONDS)
            if connection.is_connected():
                misses, limit = 0, LOST_CHECKS
            else:
                misses += 1
            transport.away(misses > 0 and limit == LOST_CHECKS)
        if limit == LOST_CHECKS:
            self.call.ending("connection lost")
        else:
            self.call.ended("page never came")
        await self._close(connection)
        await asyncio.sleep(GRACE_SECONDS)
        logger.warning(f"room: call {self.call.id} did not notice that its page is gone")
        if self._task:
            self._task.cancel()


async def _closed_by_page(connection: SmallWebRTCConnection, seconds: float) -> None:
    closed = asyncio.Event()
    connection.add_event_handler("closed", lambda _: closed.set())
    with suppress(TimeoutError):
        await asyncio.wait_for(closed.wait(), seconds)


def _tell(connection: SmallWebRTCConnection, message: Ended) -> None:
    connection.send_app_message(rtvi.ServerMessage(data=message.model_dump()).model_dump())
