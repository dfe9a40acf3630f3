"""Who may open the media socket, and how its calls end."""

import asyncio
import contextlib
import gc
import json
import time
import weakref
from typing import Any
from uuid import uuid4

import pytest
import websockets
from twilio.request_validator import RequestValidator
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.telephony.prompts import sentence
from bot.web import phone_media
from tests.telephony.bots import Bots, Call, until
from tests.telephony.house import ACCOUNT, PUBLIC, TOKEN, house, incoming_form


def start(call_sid: str, account: str = ACCOUNT) -> str:
    """The message that begins a stream."""
    inner = {"streamSid": "MZ1", "callSid": call_sid, "accountSid": account, "tracks": ["inbound"]}
    return json.dumps({"event": "start", "streamSid": "MZ1", "start": inner})


async def refused(url: str, **headers: str) -> int:
    """Open a socket that must be refused; return the HTTP status."""
    with pytest.raises(InvalidStatus) as caught:
        await websockets.connect(url, additional_headers=headers)
    return caught.value.response.status_code


async def closed(socket: websockets.ClientConnection) -> float:
    """Read until the server closes the socket; return how many seconds that took."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(15):
            async for _ in socket:
                pass
    return time.monotonic() - began


async def test_a_token_works_once_and_only_the_right_one() -> None:
    async with house() as here:
        sid, url = await here.incoming()
        assert await refused(url[:-1] + ("a" if url[-1] != "a" else "b")) == 403
        async with websockets.connect(url) as socket:
            assert await refused(url) == 403
            await socket.send(start(sid))
            await until(lambda: here.bots.made)
        assert await refused(url) == 403
        assert not any(url.rsplit("/", 1)[1] in detail for _, _, detail in here.records)


async def test_an_expired_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with house() as here:
        _, url = await here.incoming()
        monkeypatch.setattr(here.switchboard, "_clock", lambda: time.monotonic() + 61)
        assert await refused(url) == 403
        assert here.switchboard.calls == []


async def test_a_wrong_signature_is_refused_and_does_not_use_up_the_token() -> None:
    async with house() as here:
        sid, url = await here.incoming()
        path = url.split(f":{here.port}")[1]
        assert await refused(url, **{"X-Twilio-Signature": "wrong"}) == 403
        for slash in ("", "/"):
            sid, url = await here.incoming()
            path = url.split(f":{here.port}")[1]
            signed = "wss" + PUBLIC.removeprefix("https") + path + slash
            signature = RequestValidator(TOKEN).compute_signature(signed, {})
            headers = {"X-Twilio-Signature": signature}
            async with websockets.connect(url, additional_headers=headers) as socket:
                await socket.send(start(sid))
                await until(lambda: here.bots.made)
            here.bots.made.clear()


async def test_without_credentials_the_socket_is_for_this_machine() -> None:
    async with house(TWILIO_ACCOUNT_SID=None, TWILIO_AUTH_TOKEN=None) as here:
        _, url = await here.incoming()
        assert await refused(url, **{"X-Forwarded-For": "203.0.113.7"}) == 403
        async with websockets.connect(url):
            pass


@pytest.mark.parametrize(
    ("call_sid", "account"), [("CA" + "0" * 32, ACCOUNT), ("", "AC" + "0" * 32)]
)
async def test_a_stream_of_another_call_or_account_is_closed(call_sid: str, account: str) -> None:
    async with house() as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(call_sid or sid, account))
            assert await closed(socket) < 1
            assert socket.close_code == 1008
        await until(lambda: here.switchboard.calls == [])
        assert here.bots.made == []
        assert here.records[0][1] == "refused"


async def test_a_stream_that_never_starts_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.telephony import stream

    assert stream.START_SECONDS == 10.0
    monkeypatch.setattr(stream.MediaStream.opened, "__defaults__", (0.2,))
    async with house() as here:
        _, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
            assert len(here.switchboard.calls) == 1
            assert 0.1 < await closed(socket) < 2
        await until(lambda: here.switchboard.calls == [])
        assert here.bots.made == []


async def test_the_status_callback_alone_ends_a_call() -> None:
    async with house(Bots(greeting=5)) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(sid))
            await until(lambda: here.bots.made and here.switchboard.live)
            await here.post("/phone/status", incoming_form(sid, CallStatus="completed"))
            assert await closed(socket) < 1
        await until(lambda: here.switchboard.live == 0)
        assert here.bots.finished[0][0].end_reason == "caller hung up"
        assert here.rest == []


async def test_a_status_before_the_stream_starts_ends_it_too() -> None:
    async with house() as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await until(lambda: here.switchboard.live)
            await here.post("/phone/status", incoming_form(sid, CallStatus="completed"))
            assert await closed(socket) < 1
        await until(lambda: here.switchboard.live == 0)
        assert here.bots.made == []


async def test_both_sides_hanging_up_at_once_is_no_error() -> None:
    async def converse(call: Call, _transport: object) -> None:
        call.ending("silence")

    async with house(converse=converse) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(sid))
            await socket.send('{"event":"stop","streamSid":"MZ1"}')
            await closed(socket)
        await until(lambda: here.switchboard.live == 0)
        assert here.records == []


async def test_a_conversation_that_breaks_is_followed_by_a_sentence() -> None:
    async def converse(_call: Call, _transport: object) -> None:
        raise ValueError("secret detail")

    async with house(converse=converse) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(sid))
            assert await closed(socket) < 1
        assert here.rest == []  # hung up by the TwiML that follows, after the sentence
        _, text = await here.post("/phone/after", incoming_form(sid, CallStatus="in-progress"))
        assert sentence("broken", "en") in text
        ((call_id, kind, detail), *_) = here.records
        assert (bool(call_id), kind, detail) == (
            True,
            "error",
            "the conversation broke: ValueError",
        )


async def test_a_conversation_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_media, "GRACE_SECONDS", 0.1)
    stopped = asyncio.Event()

    async def converse(_call: Call, _transport: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with house(converse=converse) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(sid))
            await until(lambda: here.switchboard.live)
        await asyncio.wait_for(stopped.wait(), 2)
        await until(lambda: here.switchboard.live == 0)


async def test_a_stopping_server_says_goodbye_and_hangs_up() -> None:
    async with house(Bots(greeting=0.2)) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url) as socket:
            await socket.send(start(sid))
            bot = await until(lambda: here.bots.made and here.bots.made[0])
            await asyncio.sleep(0.3)
            draining = asyncio.create_task(here.switchboard.drain(5, "server stopping"))
            marks_back = asyncio.create_task(_echo_marks(socket))
            await draining
            marks_back.cancel()
        assert bot.said == ["Goodbye."]
        assert here.bots.finished[0][0].end_reason == "server stopping"
        assert here.rest == [(f"Calls/{sid}.json", {"Status": "completed"})]


async def test_a_hang_up_that_fails_is_tried_again_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.telephony.twilio._RETRY_WAITS", (0.01, 0.01))

    async def converse(_call: Call, _transport: object) -> None:
        """Say nothing and leave."""

    for answers, kinds in (
        ([(500, {}), (503, {}), (200, {})], []),
        ([(500, {})] * 3, ["error"]),
        ([(401, {"code": 20003, "message": "Authenticate"})], ["error"]),
    ):
        async with house(converse=converse) as here:
            here.rest_answers = list(answers)
            sid, url = await here.incoming()
            async with websockets.connect(url) as socket:
                await socket.send(start(sid))
                marks = asyncio.create_task(_echo_marks(socket))
                await until(lambda: here.switchboard.live)
                await until(lambda: here.switchboard.live == 0)
                marks.cancel()
            assert len(here.rest) == len(answers)
            assert [kind for _, kind, _ in here.records] == kinds
            assert TOKEN not in str(here.records)


async def test_calls_do_not_disturb_each_other() -> None:
    async with house(Bots(greeting=0.2), MAX_CALLS=3) as here:
        placed = [await here.incoming() for _ in range(3)]
        sockets = [await websockets.connect(url) for _, url in placed]
        for (sid, _), socket in zip(placed, sockets, strict=True):
            await socket.send(start(sid))
        await until(lambda: here.switchboard.live == 3)
        status, text = await here.post("/phone/incoming", incoming_form(f"CA{uuid4().hex}"))
        assert (status, "<Say" in text) == (200, True)
        await sockets[0].close()
        await until(lambda: here.switchboard.live == 2)
        await here.incoming()
        for socket in sockets[1:]:
            await socket.close()
        await until(lambda: here.switchboard.live == 0)


async def test_ended_calls_leave_nothing_behind() -> None:
    made: list[weakref.ref[Any]] = []
    async with house(Bots(greeting=0.1)) as here:

        async def one() -> None:
            sid, url = await here.incoming()
            async with websockets.connect(url) as socket:
                await socket.send(start(sid))
                await until(lambda: here.bots.made)
                await socket.recv()
            await until(lambda: here.switchboard.live == 0)
            for kept in (here.bots.made, here.bots.transports, here.bots.finished):
                made.extend(weakref.ref(o) for o in kept if not isinstance(o, tuple))
                kept.clear()  # type: ignore[attr-defined]

        await one()
        before = {task.get_name() for task in asyncio.all_tasks()}
        for _ in range(10):
            await one()
        await asyncio.sleep(0.05)
        left = [t for t in asyncio.all_tasks() if t.get_name() not in before and not t.done()]
        assert left == []
        gc.collect()
        assert len(made) == 22
        assert [ref() for ref in made if ref()] == []


async def _echo_marks(socket: websockets.ClientConnection) -> None:
    """Return marks at once, as a far end that plays very fast."""
    try:
        async for message in socket:
            if json.loads(message)["event"] == "mark":
                await socket.send(message)
    except ConnectionClosed:
        return


async def test_either_socket_takes_the_token_of_any_mode() -> None:
    """A call must not break because something sent it to the other path."""
    async with house() as here:
        for right, other in (
            ("/phone/media-stream/", "/streaming/media/"),
            ("/streaming/media/", "/phone/media-stream/"),
        ):
            mode = "runpod_streaming" if right == "/streaming/media/" else "embedded"
            here.switchboard._on_admitted = lambda call, mode=mode: setattr(call, "mode", mode)
            sid, url = await here.incoming()
            assert right in url
            made = len(here.bots.made)
            async with websockets.connect(url.replace(right, other)) as socket:
                await socket.send(start(sid))
                await until(lambda made=made: len(here.bots.made) > made)
