"""Realtime: transport -> caller's turn -> a model that hears and speaks -> transport.

Turn taking, tools and the accounting of what was heard are the cascade's. A voice stands by for the
sentences that the house says itself: the greeting, "one moment", results of delegated tasks.
"""

from typing import Any

from pipecat.frames.frames import Frame, InterruptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call
from bot.frames import HoldOutputFrame, ResumeOutputFrame
from bot.realtime.service import RealtimeLLM
from bot.realtime.watch import SILENT
from bot.store.recorder import Recorder
from bot.telephony.playout import Playout
from pipelines.conversation import Conversation
from pipelines.parts import Carried, Parts, PlaysOut, Shape

BRIDGE_SECONDS = 0.7
"""How long a new connection may take without the caller being told to wait."""


class FarEnd(FrameProcessor):
    """Before the output: how much of what was sent the caller has not heard yet.

    A hold empties the far end, so what was in it is noted before.
    """

    def __init__(self, playout: Playout | None) -> None:
        super().__init__(enable_direct_mode=True)
        self._playout = playout
        self._held: float | None = None

    @property
    def unheard_seconds(self) -> float:
        """Sound on its way, in seconds."""
        if self._held is not None:
            return self._held
        return self._playout.sent_seconds - self._playout.played_seconds if self._playout else 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note holds, pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, HoldOutputFrame):
            self._held = self.unheard_seconds
        elif isinstance(frame, ResumeOutputFrame | InterruptionFrame):
            self._held = None
        await self.push_frame(frame, direction)


def build(
    call: Call,
    transport: BaseTransport,
    parts: Parts,
    recorder: Recorder,
    llm: RealtimeLLM,
    carried: Carried | None = None,
) -> Conversation:
    """Compose one call's pipeline; of `parts`, STT and language model are not used."""
    far = FarEnd(transport.playout if isinstance(transport, PlaysOut) else None)
    mind = [parts.tts, llm, far]
    shape = Shape(ears=[], mind=mind, llm=llm, quiet=llm.quiet, broke_off=llm.broke_off)
    talk = Conversation(call, transport, parts, recorder, shape, carried)
    talk.stops.speculates = False  # the API cannot take an answer back as if it had never been
    talk.ear.taps.append(llm.listening.hear)

    def heard_ms(frame_id: int) -> int | None:
        played = talk.utterance.played(frame_id)
        return None if played is None else max(0, round((played - far.unheard_seconds) * 1000))

    llm.attend(talk.context, heard_ms)
    _connect(talk, parts, llm)
    return talk


def _connect(talk: Conversation, parts: Parts, llm: RealtimeLLM) -> None:
    """Hand the model's events to care and to the journal."""

    async def voiced(_: Any, __: Any, text: str) -> None:
        talk.care.voiced(text)

    async def speaks(_: Any) -> None:
        talk.care.voiced("")

    async def written(_: Any, text: str) -> None:
        await talk.speak(text, True)

    async def reconnecting(_: Any, why: str, waited_for: bool) -> None:
        talk.journal.trouble("realtime", f"{why}; connecting anew")
        if waited_for:
            talk.care.bridge(0.0 if why.startswith(SILENT) else BRIDGE_SECONDS)

    parts.tts.add_event_handler("on_tts_request", voiced)
    llm.add_event_handler("on_speech", speaks)
    llm.add_event_handler("on_written", written)
    llm.add_event_handler("on_reconnecting", reconnecting)
