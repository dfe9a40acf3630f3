"""Both sides of a call's sound, for whoever listens in or records.

The caller's side comes from the ear's taps, the bot's from the transport's output, which passes
audio on at the pace at which it is heard. Nothing is attached while nobody listens.
"""

from collections.abc import Callable
from typing import Any, Literal

from loguru import logger
from pipecat.frames.frames import OutputAudioRawFrame
from pipecat.transports.base_transport import BaseTransport

from pipelines.ear import Ear

Side = Literal["caller", "bot"]
Hear = Callable[[Side, bytes, int], None]
"""Takes 16-bit mono PCM of one side, and its hertz. It must not wait."""
_FAR = 20
"""Processors that are looked through for the ear; it comes right behind the transport."""


class Sound:
    """One call's sound.

    Args:
        transport: The call's; its pipeline may be built later, and be built anew.
    """

    def __init__(self, transport: BaseTransport) -> None:
        self._transport = transport
        self._listeners: list[Hear] = []
        self._ear: Ear | None = None

    def add(self, hear: Hear) -> None:
        """Let somebody hear the call from now on."""
        self._listeners.append(hear)
        self.attach()

    def remove(self, hear: Hear) -> None:
        """Take a listener out; nothing if it is out already."""
        if hear in self._listeners:
            self._listeners.remove(hear)
        if not self._listeners:
            self._detach()

    def close(self) -> None:
        """The call is over: nobody hears it any more."""
        self._listeners.clear()
        self._detach()

    def attach(self) -> None:
        """Tap the ear of the present pipeline, if anybody listens; to be called when it starts."""
        if not self._listeners:
            return
        ear = self._find_ear()
        if ear is not self._ear:
            self._detach()
            if ear:
                ear.taps.append(self._caller)
            self._ear = ear

    def sent(self, frame: OutputAudioRawFrame) -> None:
        """The bot's audio was sent to the caller."""
        if self._listeners:
            self._give("bot", frame.audio, frame.sample_rate)

    def _caller(self, pcm: bytes) -> None:
        assert self._ear
        self._give("caller", pcm, self._ear.hearing.rate)

    def _give(self, side: Side, pcm: bytes, rate: int) -> None:
        """Hand audio to all; one that breaks is left out from now on, the call goes on."""
        for hear in list(self._listeners):
            try:
                hear(side, pcm, rate)
            except Exception:
                logger.exception("a listener to a call broke")
                self.remove(hear)

    def _detach(self) -> None:
        if self._ear and self._caller in self._ear.taps:
            self._ear.taps.remove(self._caller)
        self._ear = None

    def _find_ear(self) -> Ear | None:
        processor: Any = self._transport.input()
        for _ in range(_FAR):
            if processor is None or isinstance(processor, Ear):
                return processor
            processor = processor.next
        return None
