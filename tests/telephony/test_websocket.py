"""The short cut for media messages hears exactly what uvicorn's own protocol hears."""

import asyncio
import json
import os
import random
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress

import pytest
import uvicorn
import websockets
from pipecat.audio.dtmf.types import KeypadEntry
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import Protocol

from bot.telephony import media
from bot.telephony.stream import MediaStream
from bot.telephony.websocket import TEXTS, MediaWebSocketProtocol

Heard = list[str | bytes | None]


class App:
    """Notes every message, and the end with None; may have texts diverted that hold a word."""

    def __init__(self) -> None:
        self.word = ""
        self.handle: Callable[..., Awaitable[None]] | None = None
        self.diverted: list[str] = []
        self.heard: Heard = []
        self.over = asyncio.Event()

    async def __call__(self, scope: dict, receive, send) -> None:  # type: ignore[no-untyped-def, type-arg]
        if scope["type"] != "websocket":
            return
        if self.handle:
            await self.handle(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        if self.word:
            scope["extensions"][TEXTS](self.take)
        while (event := await receive())["type"] != "websocket.disconnect":
            text = event.get("text")
            self.heard.append(event["bytes"] if text is None else text)
            await send({"type": "websocket.send", "text": str(len(self.heard))})
        self.heard.append(None)
        self.over.set()

    def take(self, text: str) -> bool:
        if self.word in text:
            self.diverted.append(text)
        return self.word in text


@asynccontextmanager
async def serving(protocol: type[asyncio.Protocol]) -> AsyncIterator[tuple[App, str]]:
    app = App()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, ws=protocol, log_config=None, ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield app, f"ws://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A masked frame of the client's."""
    mask = os.urandom(4)
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, 0xFE, size)
    else:
        head = struct.pack("!BBQ", first, 0xFF, size)
    return head + mask + bytes(b ^ mask[n % 4] for n, b in enumerate(payload))


async def hear(protocol: type[asyncio.Protocol], pieces: list[bytes]) -> Heard:
    """What an app hears of raw bytes sent piece by piece."""
    async with serving(protocol) as (app, url):
        async with websockets.connect(url, compression=None, max_queue=None) as socket:
            transport = socket.transport
            with suppress(RuntimeError):  # the server has closed the connection, as it should
                for piece in [*pieces, frame(struct.pack("!H", 1000), 0x88)]:
                    transport.write(piece)
                    await asyncio.sleep(0.005)
            async with asyncio.timeout(5):
                await app.over.wait()
        return app.heard


MEDIA = ('{"event":"media","streamSid":"MZ1","media":{"payload":"' + "/38=" * 54 + '"}}').encode()
SPEECH = "ä€😀".encode() * 60


@pytest.mark.parametrize(
    "pieces",
    [
        [frame(MEDIA)] * 5,
        [frame(MEDIA) * 3],
        [frame(MEDIA)[:100], frame(MEDIA)[100:], frame(MEDIA)],
        [frame(MEDIA)[:3], frame(MEDIA)[3:] + frame(MEDIA)],
        [frame(MEDIA[:150], 0x01), frame(b"", 0x89), frame(MEDIA[150:], 0x80), frame(MEDIA)],
        [frame(b"short"), frame(MEDIA), frame(b"")],
        [frame(SPEECH), frame(MEDIA, 0x82)],
        [frame(b"x" * 70_000), frame(MEDIA)],
        [frame(MEDIA), frame(SPEECH[:-1]), frame(MEDIA)],
        [frame(MEDIA[:150], 0x01), frame(MEDIA), frame(MEDIA)],
        [frame(MEDIA, 0xC1), frame(MEDIA)],
        [b"\x81\xfe\x00\x00abcd", frame(MEDIA)],
    ],
    ids=[
        "one by one",
        "together",
        "split",
        "split in the head",
        "fragmented",
        "short",
        "unicode and binary",
        "long",
        "not unicode",
        "a message within a message",
        "an extension that was not agreed on",
        "a length of nothing",
    ],
)
async def test_it_hears_what_uvicorn_hears(pieces: list[bytes]) -> None:
    usual = await hear(WebSocketsSansIOProtocol, pieces)
    assert await hear(MediaWebSocketProtocol, pieces) == usual
    assert usual[-1] is None


async def test_random_cuts_are_heard_the_same() -> None:
    rng = random.Random(3)
    stream = b"".join(frame(MEDIA[: rng.randint(100, 260)]) for _ in range(30))
    cuts = sorted(rng.sample(range(1, len(stream)), 25))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    heard = await hear(MediaWebSocketProtocol, pieces)
    assert len(heard) == 31
    assert heard == await hear(WebSocketsSansIOProtocol, pieces)


async def test_media_messages_take_the_short_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a new version of a library has made it useless without anybody noticing."""
    parsed: list[int] = []
    parse = Protocol.receive_data

    def noted(self: Protocol, data: bytes) -> None:
        parsed.append(len(data))
        parse(self, data)

    async with serving(MediaWebSocketProtocol) as (app, url):
        async with websockets.connect(url, compression=None, max_queue=None) as socket:
            monkeypatch.setattr("websockets.server.ServerProtocol.receive_data", noted)
            for number in range(1, 6):
                await socket.send(MEDIA.decode())
                assert await socket.recv() == str(number)
            assert not parsed
            await socket.send("short")
            assert await socket.recv() == "6"
            assert parsed
        assert app.heard[:6] == [MEDIA.decode()] * 5 + ["short"]


async def test_diverted_messages_arrive_at_once_and_the_declined_as_usual() -> None:
    async with serving(MediaWebSocketProtocol) as (app, url):
        app.word = "media"
        async with websockets.connect(url, compression=None, max_queue=None) as socket:
            await socket.send("before")  # answered, so diverting has begun
            assert await socket.recv() == "1"
            for text in ("media 1", "media 2" * 40):
                await socket.send(text)
            await socket.send(["media ", "in parts"])
            for count, text in enumerate(("mark 1", "mark 2" * 40, b"media binary"), 2):
                await socket.send(text)
                assert await socket.recv() == str(count)
            await asyncio.gather(socket.send("mark 3"), socket.send("media, queued"))
            assert [await socket.recv(), await socket.recv()] == ["5", "6"]
            transport = socket.transport
            transport.write(frame(b"media \xff" * 40))
            async with asyncio.timeout(5):
                await app.over.wait()
    assert app.diverted == ["media 1", "media 2" * 40, "media in parts"]
    usual = ["before", "mark 1", "mark 2" * 40, b"media binary", "mark 3", "media, queued"]
    assert app.heard == [*usual, None]


async def test_a_stream_gets_its_audio_at_once_and_the_rest_in_order() -> None:
    """`MediaStream` on the true server."""
    done: list[str] = []

    class Listener:
        def audio(self, pcm: bytes) -> None:
            done.append(f"heard {len(pcm)}")

        async def digit(self, key: KeypadEntry) -> None:
            done.append(f"key {key.value}")

        async def left(self) -> None:
            done.append("left")

    dropped: list[str] = []

    async def app(scope: dict, receive, send) -> None:  # type: ignore[no-untyped-def, type-arg]
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        stream = MediaStream(socket, dropped.append)
        await stream.opened()
        await stream.listen(Listener())
        await stream.read()
        await stream.close()

    async with serving(MediaWebSocketProtocol) as (served, url):
        served.handle = app
        async with websockets.connect(url, compression=None) as socket:
            start = {"streamSid": "MZ1", "callSid": "CA1"}
            await socket.send(json.dumps({"event": "start", "start": start}))
            await asyncio.sleep(0.1)  # what is sent before it reads waits in the usual queue
            for size in (20, 60, 80, 10):
                await socket.send(media.media("MZ1", bytes(size)))
            await socket.send('{"event":"media","media":{"payload":"?"}}')
            await socket.send(json.dumps({"event": "dtmf", "dtmf": {"digit": "5"}}))
            await asyncio.sleep(0.1)
            await socket.send(json.dumps({"event": "stop"}))
            async with asyncio.timeout(5):
                await socket.wait_closed()
    heard = [line for line in done if line.startswith("heard")]
    assert heard == ["heard 40", "heard 120", "heard 160", "heard 20"]
    assert done[-1] == "left"
    assert "key 5" in done
    assert dropped == ["Invalid base64 encoded string - at `$.media.payload`"]
