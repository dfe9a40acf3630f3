"""One simulated caller on Twilio's media-stream protocol, light enough for sixty in a process.

Differs from `bot.phonecall.line` in that it measures by the clock and computes nothing twice.
"""

import asyncio
import base64
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import websockets
from websockets.exceptions import WebSocketException

from bench.clips import FRAME, HZ, Clip, voiced
from bench.playout import Playout
from bot.phonecall.exchange import CallFailed, Exchange
from bot.telephony import mulaw

TICK = FRAME / HZ
ANSWER_SECONDS = 12.0
"""How long an answer is waited for."""
QUIET_SECONDS = 1.2
"""Silence of the bot after which its answer counts as over."""
_OVERHANG_SECONDS = 0.2
"""A bot that is heard this shortly before the caller's end is still at what it said before."""
_SILENCE = base64.b64encode(mulaw.SILENCE * FRAME).decode()


@dataclass(frozen=True, slots=True)
class Frames:
    """A clip as the wire carries it."""

    clip: Clip
    payloads: tuple[str, ...]
    first: int
    last: int

    @classmethod
    def of(cls, clip: Clip) -> "Frames":
        """Encode a clip; `first` and `last` are its first and last voiced frame."""
        whole = len(clip.pcm) // FRAME
        data = mulaw.encode(clip.pcm[: whole * FRAME].tobytes())
        payloads = tuple(
            base64.b64encode(data[n * FRAME : (n + 1) * FRAME]).decode() for n in range(whole)
        )
        loud = voiced(clip.pcm).nonzero()[0]
        return cls(clip, payloads, int(loud[0]), int(loud[-1]))


@dataclass(slots=True)
class Turn:
    """What came of one utterance; seconds.

    `answer`: from the last voiced frame sent to the first voiced frame heard, None without an
    answer. `cut_in`: how much of the bot was heard while the caller was not done yet. `over`: the
    bot still talked over the caller's last word, so there is no answer to time.
    """

    scene: str
    answer: float | None = None
    cut_in: float = 0.0
    over: bool = False


@dataclass(slots=True)
class Interjection:
    """What came of something said into the bot's answer; seconds.

    `silent`: from its first voiced frame sent to the end of the bot's last before a silence.
    `paused`: the longest silence of the bot from then until its answer was over. `complete`:
    whether the whole answer was heard in the end. `again`: whether it began anew. `last`: the last
    words that were heard.
    """

    scene: str
    kind: str
    silent: float
    paused: float
    complete: bool
    again: bool
    last: str


@dataclass(slots=True)
class CallReport:
    """What one call measured; seconds. `late`: how much later than due its frames were sent."""

    number: int
    first_audio: float | None = None
    seconds: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    interjections: list[Interjection] = field(default_factory=list)
    error: str = ""


class Caller:
    """Dials, says each clip when the bot is silent, hangs up.

    Args:
        server: The bot's http address.
        path: Its webhook.
        number: Makes the pauses between a caller's turns its own, the same in every run.
        hasty: Hang up as soon as the last answer is heard.
    """

    def __init__(self, server: str, path: str, number: int, *, hasty: bool = False) -> None:
        self.report = CallReport(number)
        self._path = path
        self._hasty = hasty
        self._random = random.Random(number)
        self._call_sid, self._stream_sid = f"CA{uuid4().hex}", f"MZ{uuid4().hex}"
        form = {
            "CallSid": self._call_sid,
            "AccountSid": "AC" + "0" * 32,
            "Direction": "inbound",
            "From": f"+1555010{number:04d}",
            "To": "+15550109999",
        }
        self._exchange = Exchange(server, form)
        self._out = Playout()
        self._queue: list[str] = []
        self._at = 0
        self._sent_at: list[float] = []
        self._marks: list[str] = []
        self._playing: set[asyncio.Task[None]] = set()
        self._over = False

    async def call(self, clips: Sequence[Frames]) -> CallReport:
        """Hold the whole call; its error, if any, is in the report."""
        try:
            connect = await self._exchange.follow(self._path, CallStatus="ringing")
            if connect is None:
                raise CallFailed("the server hung up")
            url = self._exchange.local(connect.stream_url)
            async with websockets.connect(url, compression=None, max_size=None) as socket:
                self._socket = socket
                await self._stream(connect.parameters, clips)
            if connect.action:
                await self._exchange.post("/phone/status", CallStatus="completed")
        except (CallFailed, OSError, WebSocketException, TimeoutError) as error:
            self.report.error = f"{type(error).__name__}: {error}"
        return self.report

    async def _stream(self, parameters: object, clips: Sequence[Frames]) -> None:
        await self._begin(parameters)
        start = self._now()
        tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._listen())]
        try:
            await self._converse(start, clips)
            stop = {"accountSid": "AC" + "0" * 32, "callSid": self._call_sid}
            await self._send({"event": "stop", "streamSid": self._stream_sid, "stop": stop})
        finally:
            self._over = True
            tasks += self._playing
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.report.seconds = self._now() - start
            self.report.gaps = [dry.end - dry.start for dry in self._out.dry]

    async def _begin(self, parameters: object) -> None:
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": HZ, "channels": 1},
            "customParameters": parameters,
        }
        await self._send(
            {
                "event": "start",
                "sequenceNumber": "1",
                "streamSid": self._stream_sid,
                "start": start,
            }
        )

    async def _converse(self, start: float, clips: Sequence[Frames]) -> None:
        heard = await self._answer(start)
        self.report.first_audio = None if heard is None else heard - start
        await self._silence()
        for frames in clips:
            await asyncio.sleep(self._random.uniform(0.2, 1.0))
            turn = Turn(frames.clip.scene.name)
            self.report.turns.append(turn)
            first, last = await self._say(frames)
            turn.cut_in = self._out.heard_between(first, last)
            turn.over = self._out.heard_between(last - _OVERHANG_SECONDS, last) > 0
            heard = await self._answer(last)
            turn.answer = None if heard is None or turn.over else heard - last
            if self._hasty and frames is clips[-1]:
                return
            await self._silence()
            if self._over:
                raise CallFailed("the bot ended the call")

    async def _say(self, frames: Frames) -> tuple[float, float]:
        """Speak; returns when its first voiced frame was sent, and its last."""
        self._sent_at, self._queue, self._at = [], list(frames.payloads), 0
        await self._until(lambda: self._at == len(self._queue))
        sent = self._sent_at
        if len(sent) <= frames.last:
            raise CallFailed("the bot ended the call")
        return sent[frames.first], sent[frames.last]

    async def _answer(self, since: float) -> float | None:
        """When the bot is first heard after `since`; None if it stays silent."""
        while self._now() < since + ANSWER_SECONDS and not self._over:
            heard = self._out.first_voiced(since)
            if heard is not None and heard <= self._now():
                return heard
            await asyncio.sleep(TICK)
        return None

    async def _silence(self) -> None:
        """Wait until the bot has been silent for a while."""
        await self._until(lambda: self._now() >= self._out.end + QUIET_SECONDS)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for `condition` or the call's end, whichever is first."""
        while not condition() and not self._over:  # noqa: ASYNC110 - the clock decides, too
            await asyncio.sleep(TICK)

    async def _speak(self) -> None:
        """Send a frame every 20 ms, silence included."""
        due, chunk = self._now(), 0
        head = f'{{"event":"media","streamSid":"{self._stream_sid}","sequenceNumber":"'
        while not self._over:
            payload = _SILENCE
            now = self._now()
            if self._at < len(self._queue):
                payload = self._queue[self._at]
                self._at += 1
                self._sent_at.append(now)
            chunk += 1
            await self._socket.send(
                f'{head}{chunk + 1}","media":{{"track":"inbound","chunk":"{chunk}",'
                f'"timestamp":"{chunk * 20}","payload":"{payload}"}}}}'
            )
            self.report.late.append(now - due)
            due += TICK
            await asyncio.sleep(max(0.0, due - self._now()))

    async def _listen(self) -> None:
        try:
            async for data in self._socket:
                now = self._now()
                message = json.loads(data)
                match message.get("event"):
                    case "media":
                        self._out.take(base64.b64decode(message["media"]["payload"]), now)
                    case "mark":
                        self._mark(message["mark"]["name"], now)
                    case "clear":
                        self._out.clear(now)
                        for name in list(self._marks):
                            await self._reached(name)
        finally:
            self._over = True

    def _mark(self, name: str, now: float) -> None:
        self._marks.append(name)
        task = asyncio.create_task(self._play_mark(name, max(0.0, self._out.end - now)))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def _play_mark(self, name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._reached(name)

    async def _reached(self, name: str) -> None:
        if name in self._marks and not self._over:
            self._marks.remove(name)
            mark = {"event": "mark", "streamSid": self._stream_sid, "mark": {"name": name}}
            await self._send(mark)

    async def _send(self, message: Mapping[str, object]) -> None:
        await self._socket.send(json.dumps(message))

    @staticmethod
    def _now() -> float:
        return time.perf_counter()  # uvloop's own clock counts whole milliseconds
