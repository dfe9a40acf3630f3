"""One simulated phone call: dials, speaks, listens, presses keys, hangs up.

    line = Line("http://127.0.0.1:7860")
    await line.dial()
    spoken = await line.say(pcm)
    await line.hang_up()

It behaves as Twilio does: webhooks first, then a media socket with a frame every 20 ms without
pause, silence included, and a playback buffer with marks and `clear` at real time.
"""

import asyncio
import base64
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import websockets
from loguru import logger
from websockets.exceptions import InvalidStatus, WebSocketException

from bot.phonecall.ear import FRAME, TICK, Ear, audible
from bot.phonecall.exchange import CallFailed, Connect, Exchange
from bot.telephony import mulaw

_SILENT_FRAME = mulaw.SILENCE * FRAME


@dataclass(frozen=True, slots=True)
class Impairments:
    """A bad line, in the caller's direction.

    `loss`: share of frames that never come, 0 to 1. `jitter`: seconds by which a frame may come
    later than it should, in order all the same. `seed` makes it the same every time.
    """

    loss: float = 0.0
    jitter: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """When the caller was heard, in seconds since the stream began."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls whom, by which account; the token signs, the public URL is what gets signed."""

    caller: str = "+15550100001"
    callee: str = "+15550100002"
    account_sid: str = "AC" + "0" * 32
    auth_token: str = field(default="", repr=False)
    public_url: str = ""


class Line:
    """A caller on the phone.

    Attributes:
        ear: What was played to the caller.
        over: Set when the media stream has ended, by whoever.
        ended_by: 'bot' or 'caller', once it is over.
        call_sid: The call's SID.

    Args:
        server: The server's http(s) address as it can be reached from here.
        party: The numbers, and what is needed to sign as Twilio.
        impairments: A bad line.
        say: Told, a line at a time, what Twilio itself would say and do.
        on_tick: Given each 20 ms of µ-law as the caller hears them.
    """

    def __init__(
        self,
        server: str,
        party: Party | None = None,
        *,
        impairments: Impairments | None = None,
        say: Callable[[str], None] = lambda line: None,
        on_tick: Callable[[bytes], None] = lambda frame: None,
    ) -> None:
        self.party = party or Party()
        self.call_sid = f"CA{uuid4().hex}"
        self.stream_sid = f"MZ{uuid4().hex}"
        self.ear = Ear()
        self.over = asyncio.Event()
        self.ended_by = ""
        self.exchange = Exchange(
            server,
            self._form(),
            public_url=self.party.public_url,
            auth_token=self.party.auth_token,
            say=say,
        )
        self._connect: Connect | None = None
        self._socket: websockets.ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._voice: deque[bytes] = deque()
        self._late: deque[tuple[float, bytes]] = deque()
        self._bad = impairments or Impairments()
        self._random = random.Random(self._bad.seed)
        self._on_tick = on_tick
        self._sequence = self._chunk = 0

    async def dial(self) -> None:
        """Call until the media stream runs; a server that asks to hold is waited for.

        Raises:
            CallFailed: nobody is there, the call was refused, or ended before it began.
        """
        connect = await self.exchange.follow("/phone/incoming", CallStatus="ringing")
        if connect is None:
            raise CallFailed("the server ended the call before a conversation began")
        self._connect = connect
        url = connect.stream_url
        try:
            self._socket = await websockets.connect(
                self.exchange.local(url),
                additional_headers=self.exchange.signature(url, {}),
                compression=None,
                max_size=None,
            )
        except InvalidStatus as error:
            raise CallFailed(
                f"the media socket was refused: HTTP {error.response.status_code}"
            ) from None
        except (OSError, WebSocketException, TimeoutError) as error:
            raise CallFailed(f"the media socket cannot be opened: {error}") from None
        await self._begin(connect)
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._listen())]

    async def say(self, pcm: bytes) -> Spoken:
        """Speak 16-bit mono PCM at 8 kHz; returns when it has been sent, or the call is over."""
        data = mulaw.encode(pcm)
        frames = [
            data[i : i + FRAME].ljust(FRAME, mulaw.SILENCE) for i in range(0, len(data), FRAME)
        ]
        start = self.ear.now + len(self._voice) * TICK
        heard = [i for i, frame in enumerate(frames) if audible(frame)] or [0]
        self._voice.extend(frames)
        await self.until(lambda: not self._voice)
        return Spoken(start + heard[0] * TICK, start + (heard[-1] + 1) * TICK)

    async def press(self, keys: str) -> None:
        """Press keys, 100 ms apart."""
        for key in keys:
            await self._send({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": key}})
            await asyncio.sleep(0.1)

    async def until(self, condition: Callable[[], Any], seconds: float = 3600.0) -> bool:
        """Wait until `condition()` is true, the call is over or `seconds` have passed.

        Returns:
            Whether the condition came true.
        """
        end = self.ear.now + seconds
        while not condition():
            if self.over.is_set() or self.ear.now >= end:
                return bool(condition())
            await asyncio.sleep(TICK / 2)
        return True

    async def hang_up(self) -> None:
        """End the call; after the bot has ended it, do what the server then tells Twilio to."""
        if not self.over.is_set():
            self.ended_by = "caller"
            stop = {"accountSid": self.party.account_sid, "callSid": self.call_sid}
            await self._send({"event": "stop", "stop": stop})
            self._ended()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket:
            await self._socket.close()
        if self._connect is None:
            return
        if self.ended_by == "bot" and self._connect.action:
            await self.exchange.follow(self._connect.action, CallStatus="in-progress")
        await self.exchange.post("/phone/status", CallStatus="completed")

    def _form(self) -> dict[str, str]:
        return {
            "CallSid": self.call_sid,
            "AccountSid": self.party.account_sid,
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
            "From": self.party.caller,
            "To": self.party.callee,
        }

    async def _begin(self, connect: Connect) -> None:
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": self.party.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(connect.parameters),
        }
        await self._send({"event": "start", "start": start})

    async def _run(self) -> None:
        """Every 20 ms: send a frame of the caller, play a frame of the bot."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.over.is_set():
            frame = self._voice.popleft() if self._voice else _SILENT_FRAME
            if self._random.random() >= self._bad.loss:
                late = self._random.uniform(0, self._bad.jitter)
                self._late.append((loop.time() + late, frame))
            while self._late and self._late[0][0] <= loop.time():
                await self._media(self._late.popleft()[1])
            played, names = self.ear.tick()
            self._on_tick(played)
            await self._marks(names)
            due += TICK
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _listen(self) -> None:
        assert self._socket is not None
        try:
            async for data in self._socket:
                await self._obey(json.loads(data))
        except WebSocketException as error:
            logger.debug(f"the media socket broke: {error}")
        finally:
            self._ended()

    async def _obey(self, message: dict[str, Any]) -> None:
        match message.get("event"):
            case "media":
                self.ear.take(base64.b64decode(message["media"]["payload"]))
            case "mark":
                self.ear.mark(message["mark"]["name"])
            case "clear":
                await self._marks(self.ear.clear())

    async def _marks(self, names: list[str]) -> None:
        for name in names:
            await self._send({"event": "mark", "mark": {"name": name}})

    async def _media(self, frame: bytes) -> None:
        self._chunk += 1
        payload = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(round(self.ear.now * 1000)),
            "payload": base64.b64encode(frame).decode("ascii"),
        }
        await self._send({"event": "media", "media": payload})

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None or self.over.is_set():
            return
        if message["event"] != "connected":
            self._sequence += 1
            message |= {"sequenceNumber": str(self._sequence), "streamSid": self.stream_sid}
        try:
            await self._socket.send(json.dumps(message))
        except WebSocketException:
            self._ended()

    def _ended(self) -> None:
        self.ended_by = self.ended_by or "bot"
        self.over.set()
