"""The caller's stretches of speech at the API: sent as they are spoken, and what was understood.

Every stretch gets exactly one transcript, for turn taking counts on it; one that does not come in
time is replaced, so that the caller is answered: the model has heard them all the same.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from loguru import logger
from pipecat.frames.frames import TranscriptionFrame
from pipecat.utils.time import time_now_iso8601

from bot.realtime.caller import CallerAudio, Stretch
from bot.realtime.link import Event

TRANSCRIPT_SECONDS = 2.5
"""How long a transcript is waited for."""
UNCLEAR = "…"
"""What the caller said, where it was heard and not written down."""
SOUND_SECONDS = 0.9
"""A stretch with less audio than this (its run-up and end included) is no more than a sound."""

Said = Callable[[TranscriptionFrame], Awaitable[None]]


class Listening:
    """Hears the caller for the API.

    Args:
        rate: Hertz of the caller's audio.
        send: Sends an event to the API.
        said: Takes the transcripts.
    """

    def __init__(self, rate: int, send: Callable[[Event], None], said: Said) -> None:
        self._audio = CallerAudio(rate)
        self._send = send
        self._said = said
        self._committed: deque[Stretch] = deque()
        self._waiting: set[asyncio.Task[None]] = set()

    def hear(self, pcm: bytes) -> None:
        """Take a piece of the caller's audio, 16-bit mono PCM."""
        if self._audio.hear(pcm):
            self._send_fresh()

    def begins(self, known_at: float) -> None:
        """A stretch of speech has begun, as is known since then (wall clock)."""
        self._audio.begin(known_at)

    def ends(self) -> None:
        """It is over: an item of the conversation, to be written down."""
        stretch = self._audio.end()
        if stretch is None:
            return
        self._send_fresh()
        self._commit(stretch)
        task = asyncio.create_task(self._give_up(stretch))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def forget_turn(self) -> None:
        """What the caller has said is in the context."""
        self._audio.forget_turn()

    def again(self) -> Iterable[Event]:
        """What a new connection has to hear: the stretches of the turn that is not over yet."""
        self._committed.clear()
        for stretch in self._audio.turn:
            if stretch.over:
                if append := self._audio.replay(stretch):
                    yield append
                    self._committed.append(stretch)
                    yield {"type": "input_audio_buffer.commit"}
            else:
                self._audio.again()
                if append := self._audio.fresh():
                    yield append

    def close(self) -> None:
        """Wait for nothing any more."""
        for task in self._waiting:
            task.cancel()

    async def on_event(self, event: Event) -> None:
        """Take what the server says of the caller's audio."""
        match event["type"]:
            case "input_audio_buffer.committed":
                if self._committed:
                    self._committed.popleft().item_id = str(event.get("item_id"))
            case "conversation.item.input_audio_transcription.completed":
                if stretch := self._find(event):
                    await self._understood(stretch, str(event.get("transcript") or ""))
            case "conversation.item.input_audio_transcription.failed":
                if stretch := self._find(event):
                    await self._not_understood(stretch)

    async def refused(self) -> None:
        """The latest stretch was too short for the API."""
        if self._committed:
            await self._understood(self._committed.popleft(), "")

    def _send_fresh(self) -> None:
        if append := self._audio.fresh():
            self._send(append)

    def _commit(self, stretch: Stretch) -> None:
        self._committed.append(stretch)
        self._send({"type": "input_audio_buffer.commit"})

    def _find(self, event: Event) -> Stretch | None:
        found = (s for s in self._audio.turn if s.item_id == event.get("item_id"))
        return next(found, None)

    async def _give_up(self, stretch: Stretch) -> None:
        await asyncio.sleep(TRANSCRIPT_SECONDS)
        if stretch.text is None:
            logger.warning("Realtime: a transcript did not come in time")
            await self._not_understood(stretch)

    async def _not_understood(self, stretch: Stretch) -> None:
        spoken = len(stretch.pcm) / 2 / self._audio.rate > SOUND_SECONDS
        await self._understood(stretch, UNCLEAR if spoken else "")

    async def _understood(self, stretch: Stretch, text: str) -> None:
        if stretch.text is not None:  # heard before, by an earlier connection
            return
        stretch.text = text.strip()
        if not stretch.text and stretch.item_id:
            self._send({"type": "conversation.item.delete", "item_id": stretch.item_id})
        await self._said(TranscriptionFrame(stretch.text, "", time_now_iso8601(), finalized=True))
