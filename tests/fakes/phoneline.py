"""A caller on Twilio Media Streams whose call reads like a timetable.

    line = PhoneLine()
    line.says(0.5, "What time is it?")       # or line.speaks(0.5, 2.5)
    line.presses(6.0, "5")
    line.hangs_up(9.0)
    serve(line.websocket)                    # the bot under test
    await line.run(until=12.0)
    assert line.utterances() == [...]

The line sends a frame every 20 ms without pause, silence included, plays what it receives at the
same pace, empties its buffer on `clear`, and returns a mark when it is reached. All times are
seconds since `run` began, on the loop's clock, so `virtual_time` makes it as fast as the bot
computes. The same line can place a call to a real server (`dial`).
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fakes import voice
from tests.fakes.websocket import FakeWebSocket

RATE = 8000
TICK = 0.02  # seconds of audio in one media message
_BYTES = round(RATE * TICK)
_GAP = 0.3  # seconds of silence between two utterances

Send = Callable[[str], Awaitable[None]]


def _payload(audio: bytes) -> str:
    """One tick of sound on the wire; silence follows what is too short."""
    return base64.b64encode(audio.ljust(_BYTES, voice.SILENCE)).decode()


_SILENT = _payload(b"")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something the caller heard: from when to when (seconds), and the words in it."""

    start: float
    end: float
    text: str


class PhoneLine:
    """One phone call, from the caller's side."""

    def __init__(
        self,
        *,
        call_sid: str = "CA" + "1" * 32,
        stream_sid: str = "MZ" + "2" * 32,
        account_sid: str = "AC" + "3" * 32,
        parameters: dict[str, str] | None = None,
        websocket: FakeWebSocket | None = None,
    ) -> None:
        """Args: the identifiers sent, the `<Parameter>`s of the TwiML, and the bot's socket."""
        self.call_sid, self.stream_sid, self.account_sid = call_sid, stream_sid, account_sid
        self.parameters = parameters or {}
        self.websocket = websocket or FakeWebSocket(on_send=self.receive)
        self.heard = bytearray()
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.ended_at: float | None = None
        self._voice = bytearray()
        self._actions: list[tuple[float, Callable[[], Any]]] = []
        self._playing: list[bytes | str] = []  # audio, and the marks between it
        self._outbox: list[dict[str, Any]] = []
        self._sequence = self._chunk = 0
        self._origin = 0.0
        self._over = False

    # -- the timetable

    def says(self, start: float, text: str) -> float:
        """Speak `text` (readable with `voice.hear`) and return when it ends."""
        return self.plays(start, voice.to_ulaw(voice.speak(text, RATE)))

    def speaks(self, start: float, end: float) -> float:
        """Speak from `start` to `end`, no words in particular."""
        return self.plays(start, voice.to_ulaw(voice.babble(end - start, RATE)))

    def plays(self, start: float, ulaw: bytes) -> float:
        """Send this audio (8 kHz µ-law) from `start` on and return when it ends."""
        place = round(start * RATE)
        self._voice.extend(voice.SILENCE * (place + len(ulaw) - len(self._voice)))
        self._voice[place : place + len(ulaw)] = ulaw
        return (place + len(ulaw)) / RATE

    def presses(self, when: float, digit: str) -> None:
        """Press a key."""
        self.at(when, lambda: self._emit("dtmf", {"track": "inbound_track", "digit": digit}))

    def hangs_up(self, when: float) -> None:
        """Put the phone down."""
        self.at(when, self.end)

    def at(self, when: float, action: Callable[[], Any]) -> None:
        """Do something at a time: a plain callable, which may change the line."""
        self._actions.append((when, action))
        self._actions.sort(key=lambda entry: entry[0])

    # -- the call

    async def run(self, until: float) -> None:
        """Live through the timetable on the fake socket, and hang up at `until`.

        Returns as soon as either side has ended the call.
        """

        async def send(text: str) -> None:
            self.websocket.feed(text)

        await self._live(send, until, self.websocket.done)
        if not self.websocket.done.is_set():
            self.websocket.hang_up()

    async def dial(self, url: str, until: float, headers: dict[str, str] | None = None) -> None:
        """Live through the timetable over a real websocket; raises what connecting raises."""
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            closed = asyncio.Event()

            async def listen() -> None:
                with contextlib.suppress(ConnectionClosed):
                    async for message in socket:
                        self.receive(message)
                closed.set()

            async with asyncio.TaskGroup() as group:
                group.create_task(listen())
                with contextlib.suppress(ConnectionClosed):
                    await self._live(socket.send, until, closed)
                await socket.close()

    def end(self) -> None:
        """End the call now, as a hang-up by either side or through the REST API does."""
        self._over = True

    @property
    def over(self) -> bool:
        """Whether `end` was called."""
        return self._over

    @property
    def now(self) -> float:
        """Seconds since the call began."""
        return asyncio.get_running_loop().time() - self._origin

    def receive(self, data: str | bytes) -> None:
        """Take one message from the bot."""
        message = json.loads(data)
        self.messages.append((self.now, message))
        match message["event"]:
            case "media":
                self._playing.append(base64.b64decode(message["media"]["payload"]))
            case "mark":
                self._playing.append(message["mark"]["name"])
                self._pass_marks()
            case "clear":
                marks = [item for item in self._playing if isinstance(item, str)]
                self._playing = list(marks)
                self._pass_marks()

    # -- what was heard

    @property
    def clears(self) -> list[float]:
        """When the bot emptied the buffer."""
        return [when for when, message in self.messages if message["event"] == "clear"]

    def utterances(self) -> list[Utterance]:
        """What the caller heard, as stretches of sound with their words."""
        samples = voice.from_ulaw(bytes(self.heard))
        ticks = np.abs(samples[: len(samples) // _BYTES * _BYTES].astype(np.int32))
        loud = np.flatnonzero(ticks.reshape(-1, _BYTES).mean(axis=1) > voice.LOUD)
        if not loud.size:
            return []
        found = []
        for run in np.split(loud, np.flatnonzero(np.diff(loud) * TICK > _GAP) + 1):
            first, last = int(run[0]), int(run[-1]) + 1
            words = voice.hear(samples[first * _BYTES : last * _BYTES], RATE).strip()
            found.append(Utterance(round(first * TICK, 2), round(last * TICK, 2), words))
        return found

    # -- inside

    async def _live(self, send: Send, until: float, closed: asyncio.Event) -> None:
        self._origin = asyncio.get_running_loop().time()
        await send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await send(self._start())
        tick = 0
        while not (closed.is_set() or self._over or tick * TICK >= until):
            self._act(tick * TICK)
            self._play()
            tick += 1
            await asyncio.sleep(max(0.0, tick * TICK - self.now))
            self._media((tick - 1) * _BYTES)
            for message in self._take():
                await send(message)
        self.ended_at = self.now
        if not closed.is_set():
            self._emit("stop", {"accountSid": self.account_sid, "callSid": self.call_sid})
            for message in self._take():
                await send(message)

    def _act(self, now: float) -> None:
        while self._actions and self._actions[0][0] <= now + 1e-9:
            self._actions.pop(0)[1]()

    def _play(self) -> None:
        """Play one tick of what was received, or silence."""
        wanted = _BYTES
        while wanted and self._playing:
            audio = self._playing[0]
            assert isinstance(audio, bytes)
            self.heard += audio[:wanted]
            self._playing[0] = audio[wanted:]
            wanted -= min(wanted, len(audio))
            if not self._playing[0]:
                self._playing.pop(0)
            self._pass_marks()
        self.heard += voice.SILENCE * wanted

    def _pass_marks(self) -> None:
        while self._playing and isinstance(self._playing[0], str):
            self._emit("mark", {"name": self._playing.pop(0)})

    def _media(self, place: int) -> None:
        audio = bytes(self._voice[place : place + _BYTES])
        self._chunk += 1
        self._emit(
            "media",
            {
                "track": "inbound",
                "chunk": str(self._chunk),
                "timestamp": str(round(place / RATE * 1000)),
                "payload": _payload(audio) if audio else _SILENT,
            },
        )

    def _start(self) -> str:
        self._emit(
            "start",
            {
                "accountSid": self.account_sid,
                "streamSid": self.stream_sid,
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1},
                "customParameters": self.parameters,
            },
        )
        return self._take()[0]

    def _emit(self, event: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        head = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_sid}
        self._outbox.append({**head, event: body})

    def _take(self) -> list[str]:
        messages, self._outbox = self._outbox, []
        return [json.dumps(message) for message in messages]
