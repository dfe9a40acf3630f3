"""The same in the test room: a rescue on a real WebRTC connection, which stays."""

import asyncio
from contextlib import suppress
from typing import Any

import numpy as np
from aiortc.mediastreams import MediaStreamError

from bot import converse
from bot.call import Call
from bot.switchboard import Switchboard
from bot.web.connections import RoomConnections
from pipelines.screen import typed_turn
from tests.fakes import faults
from tests.fakes.openai_realtime import RealtimeApi
from tests.realtime.talk import RECOVERED, RealtimeTalk
from tests.web.test_room_connections import FakePage

LOUD = 300.0


class Page(FakePage):
    """A page that notices what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.loud: list[float] = []
        self.pc.on("track", lambda track: asyncio.ensure_future(self._listen(track)))

    async def ping(self) -> None:
        """Give signs of life, as the page does."""
        while True:
            self.channel.send("ping: 1")
            await asyncio.sleep(0.5)

    async def _listen(self, track: Any) -> None:
        with suppress(MediaStreamError):
            await self._hear(track)

    async def _hear(self, track: Any) -> None:
        while True:
            frame = await track.recv()
            if np.abs(frame.to_ndarray().astype(np.int32)).mean() > LOUD:
                self.loud.append(asyncio.get_running_loop().time())


async def until(true: Any) -> None:
    async with asyncio.timeout(15):
        while not true():  # noqa: ASYNC110 - lists set no event
            await asyncio.sleep(0.05)


async def test_rescue_in_the_room() -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api, lambda ask: f"You typed: {ask.user}")

        async def hold(call: Call, transport: Any) -> None:
            talk.call = call
            await converse(call, transport, talk)

        rooms = RoomConnections(Switchboard(1, on_admitted=lambda _: None), hold)
        page = Page()
        try:
            await page.arrive(rooms)
            alive = asyncio.create_task(page.ping())
            await until(lambda: talk.notes.said("bot") == ["Hello there."])
            await talk.talks[0].ear.push_frame(typed_turn("the time?"))
            await until(lambda: "It is noon." in talk.notes.said("bot"))
            api.fail(faults.UNAVAILABLE, "realtime")
            dropped = asyncio.get_running_loop().time()
            api.drop()
            await until(lambda: RECOVERED in talk.notes.said("bot"))
            await talk.talks[1].ear.push_frame(typed_turn("and where?"))
            await until(lambda: "You typed: and where?" in talk.notes.said("bot"))
            assert page.loud[-1] - dropped > 1.0
            assert page.pc.connectionState == "connected"
            assert len(talk.talks) == 2
            alive.cancel()
            await page.pc.close()
            await until(lambda: rooms.live == 0)
        finally:
            await page.pc.close()
            await rooms.close()
        api.heal()
    assert talk.call.end_reason == "caller hung up"
