"""Which stage of a conversation an error is of."""

from pipecat.frames.frames import ErrorFrame
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService


def stage_of(frame: ErrorFrame) -> str:
    """`stt`, `llm`, `tts` or `other`."""
    for kind, name in ((STTService, "stt"), (LLMService, "llm"), (TTSService, "tts")):
        if isinstance(frame.processor, kind):
            return name
    return "other"
