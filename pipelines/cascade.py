"""The cascade: transport -> STT -> caller's turn -> LLM -> TTS -> transport."""

from typing import Any

from pipecat.transports.base_transport import BaseTransport

from bot.call import Call
from bot.store.recorder import Recorder
from pipelines.conversation import Conversation
from pipelines.parts import Carried, Parts, Shape
from pipelines.speculation import Held

__all__ = ["Parts", "build"]


def build(
    call: Call,
    transport: BaseTransport,
    parts: Parts,
    recorder: Recorder,
    carried: Carried | None = None,
) -> Conversation:
    """Compose one call's pipeline. Takes a few milliseconds: nothing is loaded here."""
    shape = Shape(
        ears=[parts.stt],
        mind=[parts.llm, parts.tts, Held()],
        llm=parts.llm,
        entry=parts.llm,
    )
    talk = Conversation(call, transport, parts, recorder, shape, carried)

    async def voiced(_: Any, __: Any, text: str) -> None:
        talk.care.voiced(text)

    parts.tts.add_event_handler("on_tts_request", voiced)
    return talk
