"""What a conversation is made of, and what one hands to another that takes its place."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from bot.speech.hearing import Detector
from bot.speech.turn import TurnModel
from bot.telephony.playout import Playout
from pipelines.handoff import Handoff
from pipelines.prompts import Sentences
from tools.catalog import Catalogue
from tools.toolbox import Toolbox

PHONE_HZ = 8_000
ROOM_IN_HZ, ROOM_OUT_HZ = 16_000, 24_000


@dataclass(frozen=True)
class Parts:
    """What a conversation is made of; services belong to one call.

    `detector(rate)`: makes a speech detector. `silence_seconds`: until a silent caller is asked,
    and until the goodbye. `speculates`: the model may be asked before a turn is over; not where
    models are slow and shared.
    `toolbox`, `catalogue`: what the model may do, and with what. `rendered(text)`: it can be said
    without the voice's provider. `labels`: provider and model of each stage, for the page.
    `handoff`: the call's part of the hand-off to the deep brain.
    """

    stt: STTService
    llm: LLMService[Any]
    tts: TTSService
    detector: Callable[[int], Detector]
    turn: TurnModel
    sentences: Sentences
    language: str
    silence_seconds: tuple[float, float]
    speculates: bool = True
    toolbox: Toolbox | None = None
    catalogue: Catalogue | None = None
    rendered: Callable[[str], bool] = lambda _: True
    labels: Mapping[str, str] = field(default_factory=dict)
    handoff: Handoff | None = None


@runtime_checkable
class HandsAudioOver(Protocol):
    """A transport that gives the caller's audio to a function; others send frames."""

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Give `hear` the audio as it comes, 16-bit mono PCM."""


@runtime_checkable
class PlaysOut(Protocol):
    """A transport that knows what the far end has played."""

    @property
    def playout(self) -> Playout:
        """What the caller has heard."""


@dataclass(frozen=True)
class Shape:
    """Where the modes' pipelines differ.

    Args:
        ears: Processors in front of the caller's turns.
        mind: Those behind them, up to what is heard.
        llm: The one among them that thinks and calls tools.
        entry: Where sentences of our own enter; None for right behind the caller's turns.
        quiet: Returns when such a sentence would not mix with an answer that is coming in; told
            whether one follows, behind which answers have to wait.
        broke_off: Whether an answer was begun that will not be finished.
    """

    ears: Sequence[FrameProcessor]
    mind: Sequence[FrameProcessor]
    llm: LLMService[Any]
    entry: FrameProcessor | None = None
    quiet: Callable[[bool], Awaitable[None]] | None = None
    broke_off: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Carried:
    """What a conversation hands to the one that goes on in its place, in the same call.

    `turn`: number of the caller's latest turn. `owed`: the caller waits for an answer, or for the
    rest of one. `sound`: what the caller has said of a turn that is not over, 16-bit mono PCM at
    the line's rate.
    """

    context: LLMContext
    turn: int = 0
    owed: bool = False
    sound: bytes = b""
    toolbox: Toolbox | None = None
    catalogue: Catalogue | None = None
    handoff: Handoff | None = None
