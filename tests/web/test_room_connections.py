"""The room's connections, with aiortc as the page: admission, disappearance, dropped messages."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call, CallState
from bot.errors import NotAdmitted
from bot.switchboard import Switchboard
from bot.web import connections as module
from bot.web.connections import RoomConnections
from bot.web.messages import Offer


class FakePage:
    """What the room's page does, without a browser."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection()
        self.pc.addTrack(AudioStreamTrack())
        self.channel = self.pc.createDataChannel("chat")
        self.messages: list[dict[str, Any]] = []
        self.channel.on("message", lambda text: self.messages.append(json.loads(text)))
        self.pc_id = ""
        self.opened = asyncio.Event()
        self.channel.on("open", self.opened.set)

    async def offer(self, pc_id: str = "") -> Offer:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return Offer(sdp=self.pc.localDescription.sdp, type="offer", pc_id=pc_id)

    async def arrive(self, rooms: RoomConnections, pc_id: str = "", caller: str = "") -> None:
        answer = await rooms.open(await self.offer(pc_id), caller)
        self.pc_id = answer.pc_id
        await self.pc.setRemoteDescription(RTCSessionDescription(answer.sdp, answer.type))
        await self.opened.wait()
        self.channel.send("ping: 0")

    def send(self, message: object) -> None:
        self.channel.send(json.dumps(message))


class Conversation:
    """Stands for the bot: connects, notes what reaches it, ends when the page is gone."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.messages: list[Any] = []
        self.notices_loss = True
        self.connected = asyncio.Event()
        self.cancelled = False

    async def __call__(self, call: Call, transport: BaseTransport) -> None:
        self.calls.append(call)
        gone = asyncio.Event()

        async def arrived(*_: object) -> None:
            call.connected()
            self.connected.set()

        async def left(*_: object) -> None:
            if self.notices_loss:
                gone.set()

        async def message(_: object, text: Any, __: object) -> None:
            self.messages.append(text)

        transport.add_event_handler("on_client_connected", arrived)
        transport.add_event_handler("on_client_disconnected", left)
        transport.add_event_handler("on_app_message", message)
        client = transport._client  # type: ignore[attr-defined]
        client._params = transport._params  # type: ignore[attr-defined]
        client._out_sample_rate = 24_000
        await client._webrtc_connection.connect()
        try:
            await gone.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@pytest.fixture
def talk() -> Conversation:
    return Conversation()


@pytest.fixture
def board() -> Switchboard:
    return Switchboard(1)


@pytest.fixture
async def rooms(board: Switchboard, talk: Conversation) -> AsyncIterator[RoomConnections]:
    before = asyncio.all_tasks()
    rooms = RoomConnections(board, talk)
    yield rooms
    await rooms.close()
    assert rooms.live == board.live == 0
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if task.get_name().startswith("room ")]
    assert left == []


@pytest.fixture
async def page() -> AsyncIterator[FakePage]:
    page = FakePage()
    yield page
    await page.pc.close()


async def until_free(board: Switchboard, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while board.live:  # noqa: ASYNC110 - the switchboard has no event for one call
            await asyncio.sleep(0.02)


async def test_one_place_for_one_page(
    rooms: RoomConnections, board: Switchboard, talk: Conversation, page: FakePage
) -> None:
    await page.arrive(rooms)
    await talk.connected.wait()
    assert [call.channel for call in talk.calls] == ["room"]
    assert board.live == rooms.live == 1
    second = FakePage()
    with pytest.raises(NotAdmitted, match="busy"):
        await rooms.open(await second.offer())
    await second.pc.close()
    await page.pc.close()
    await until_free(board, 2)
    assert talk.calls[0].state is CallState.ENDED
    third = FakePage()
    await third.arrive(rooms)
    assert board.live == 1
    await third.pc.close()


async def test_a_page_that_never_comes_is_given_up(
    rooms: RoomConnections,
    board: Switchboard,
    talk: Conversation,
    page: FakePage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.02)
    await rooms.open(await page.offer())
    assert board.live == 1
    await until_free(board, 2)
    assert talk.calls[0].end_reason == "page never came"


async def test_a_page_that_falls_silent_is_hung_up(
    rooms: RoomConnections,
    board: Switchboard,
    talk: Conversation,
    page: FakePage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.05)
    await page.arrive(rooms)
    await talk.connected.wait()
    for _ in range(4):
        page.channel.send("ping: 1")
        await asyncio.sleep(0.2)
    assert board.live == 1
    await until_free(board, 5)
    assert talk.calls[0].end_reason == "connection lost"


async def test_a_conversation_that_does_not_notice_is_cancelled(
    rooms: RoomConnections,
    board: Switchboard,
    talk: Conversation,
    page: FakePage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    talk.notices_loss = False
    await rooms.open(await page.offer())
    await until_free(board, 2)
    assert talk.cancelled


async def test_only_known_messages_reach_the_conversation(
    rooms: RoomConnections, talk: Conversation, page: FakePage
) -> None:
    await page.arrive(rooms)
    await talk.connected.wait()
    address = {"type": "url", "url": "http://127.0.0.1/secret"}
    for message in (
        {"label": "rtvi-ai", "type": "send-file", "id": "1", "data": {"file": {"source": address}}},
        {"label": "rtvi-ai", "type": "llm-function-call-result", "id": "2", "data": {}},
        {"label": "rtvi-ai", "type": "raw-audio", "id": "3", "data": {"base64Audio": "AAAA"}},
        {"label": "another", "type": "client-ready", "id": "4", "data": {}},
        {"type": ["client-ready"]},
        {"type": None, "label": None},
    ):
        page.send(message)
    page.channel.send("not JSON")
    page.channel.send(b"\xff\x00")
    ready = {"label": "rtvi-ai", "type": "client-ready", "id": "5", "data": {"version": "2.2.0"}}
    page.send(ready)
    async with asyncio.timeout(2):
        while not talk.messages:  # noqa: ASYNC110 - what is waited for is a plain list
            await asyncio.sleep(0.02)
    assert talk.messages == [ready]


UI_DONE = {"request": "1", "ok": True, "text": "", "windows": ["notes"]}


def ui(event: object, payload: object, **more: object) -> dict[str, Any]:
    data = {"event": event, "payload": payload, **more}
    return {"label": "rtvi-ai", "type": "ui-event", "id": "1", "data": data}


async def test_of_ui_events_only_ours_pass_and_not_too_many(
    rooms: RoomConnections, talk: Conversation, page: FakePage
) -> None:
    await page.arrive(rooms)
    await talk.connected.wait()
    for message in (
        ui("ui.typed", {"text": "x" * 1_001}),
        ui("ui.typed", {"text": ""}),
        ui("ui.typed", "hello"),
        ui("ui.done", UI_DONE | {"text": "x" * 301}),
        ui("ui.done", UI_DONE | {"windows": ["solitaire"]}),
        ui("ui.other", {}),
        ui(["ui.done"], UI_DONE),
        {"label": "rtvi-ai", "type": "ui-event", "data": None},
        {"label": "rtvi-ai", "type": "ui-snapshot", "id": "1", "data": {"tree": {}}},
        ui("ui.done", UI_DONE | {"more": "x" * 50_000}, extra=[1]),
        *(ui("ui.typed", {"text": f"number {count}"}) for count in range(10)),
    ):
        page.send(message)
    page.send(ui("ui.windows", {"windows": []}))
    async with asyncio.timeout(2):
        while not talk.messages or talk.messages[-1]["data"]["event"] != "ui.windows":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    done, *typed, _ = talk.messages
    assert done == ui("ui.done", UI_DONE)
    assert [one["data"]["payload"]["text"] for one in typed] == [f"number {n}" for n in range(4)]


async def test_a_page_comes_back_into_its_conversation(
    rooms: RoomConnections,
    board: Switchboard,
    talk: Conversation,
    page: FakePage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.05)
    await page.arrive(rooms, caller="browser:a")
    await talk.connected.wait()
    name = page.pc_id
    for stranger in ("browser:b", ""):
        with pytest.raises(module.ConnectionUnknown):
            await rooms.open(await page.offer(name), stranger)
    again = FakePage()
    await again.arrive(rooms, name, "browser:a")
    again.send(ui("ui.windows", {"windows": ["notes"]}))
    async with asyncio.timeout(3):
        while not talk.messages:  # noqa: ASYNC110 - what is waited for is a plain list
            await asyncio.sleep(0.02)
    assert len(talk.calls) == board.live == 1
    assert not talk.calls[0].over
    with pytest.raises(module.ConnectionUnknown):
        await rooms.open(await again.offer(name), "browser:a")
    await again.pc.close()
    await until_free(board, 3)
    late = FakePage()
    offer = await late.offer(again.pc_id)
    with pytest.raises(module.ConnectionUnknown):
        await rooms.open(offer, "browser:a")
    await late.pc.close()


async def test_hanging_up_before_the_conversation_can_say_goodbye(
    rooms: RoomConnections, board: Switchboard, talk: Conversation, page: FakePage
) -> None:
    await page.arrive(rooms)
    await talk.connected.wait()
    await board.drain(2, "server stopping")
    assert board.live == 0
    assert talk.calls[0].end_reason == "server stopping"


async def test_hanging_up_is_left_to_a_conversation_that_can(
    rooms: RoomConnections, board: Switchboard, talk: Conversation, page: FakePage
) -> None:
    await page.arrive(rooms)
    await talk.connected.wait()
    asked: list[str] = []

    async def goodbye(reason: str) -> None:
        asked.append(reason)
        talk.calls[0].ending(reason)
        await page.pc.close()

    talk.calls[0].hang_up = goodbye
    await board.drain(2, "server stopping")
    assert asked == ["server stopping"]
    assert not talk.cancelled
    assert talk.calls[0].end_reason == "server stopping"


async def test_a_conversation_that_breaks_is_explained_to_the_page(
    board: Switchboard, page: FakePage
) -> None:
    calls: list[Call] = []

    async def breaks(call: Call, transport: BaseTransport) -> None:
        calls.append(call)
        raise RuntimeError("secret detail")

    rooms = RoomConnections(board, breaks)
    await page.arrive(rooms)
    async with asyncio.timeout(2):
        while not page.messages:  # noqa: ASYNC110 - what is waited for is a plain list
            await asyncio.sleep(0.02)
    assert page.messages[0]["data"] == {"type": "ended", "reason": "error"}
    await page.pc.close()
    await until_free(board, 2)
    assert calls[0].state is CallState.FAILED
    assert "secret" not in calls[0].error
    await rooms.close()
