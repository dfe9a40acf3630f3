"""Which stage of a conversation an error is of."""

from pipecat.frames.frames import ErrorFrame
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from pipelines.ear import Ear


def stage_of(frame: ErrorFrame) -> str:
    """`stt`, `llm`, `tts` or `other`."""
    kinds = ((Ear, "stt"), (STTService, "stt"), (LLMService, "llm"), (TTSService, "tts"))
    for kind, name in kinds:
        if isinstance(frame.processor, kind):
            return name
    return "other"
