"""The cascade: transport -> STT -> caller's turn -> LLM -> TTS -> transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pipecat.frames.frames import (
    EndWorkerFrame,
    InterruptionFrame,
    LLMRunFrame,
    TTSSpeakFrame,
    UserIdleTimeoutUpdateFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frameworks.rtvi import RTVIObserverParams
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call, CallState
from bot.messages import page_frame
from bot.speech.hearing import Detector, Hearing
from bot.speech.turn import TurnModel
from bot.store.recorder import Recorder
from pipelines.care import Care
from pipelines.ear import Ear
from pipelines.hands import Hands
from pipelines.heard import Heard, Spoken, Utterance
from pipelines.journal import Journal, PageMessage
from pipelines.keys import Keys
from pipelines.prompts import Sentences
from pipelines.speculation import Held
from pipelines.timing import TurnClock
from pipelines.turn_start import KEYS_PREFIX, CallerStarts, Floor
from pipelines.turn_stop import CallerStops
from pipelines.turns import user_params
from tools.catalog import Catalogue
from tools.toolbox import Toolbox

PHONE_HZ = 8_000
ROOM_IN_HZ, ROOM_OUT_HZ = 16_000, 24_000
_PAGE_SEES = RTVIObserverParams(
    bot_output_enabled=False,
    bot_llm_enabled=False,
    bot_tts_enabled=False,
    user_llm_enabled=False,
    metrics_enabled=False,
)
"""The page gets its captions and times from the journal; the model's input is not its business."""
STUCK_SECONDS = 60.0
"""Beyond the silence settings: neither side has made a sound, so something is stuck."""


@dataclass(frozen=True)
class Parts:
    """What a cascade is made of; services belong to one call.

    `detector(rate)`: makes a speech detector. `silence_seconds`: until a silent caller is asked,
    and until the goodbye. `speculates`: the model may be asked before a turn is over; not where
    models are slow and shared. `timed_words`: the voice tells when each of its words sounds.
    `toolbox`, `catalogue`: what the model may do, and with what. `rendered(text)`: it can be said
    without the voice's provider.
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
    timed_words: bool = False
    toolbox: Toolbox | None = None
    catalogue: Catalogue | None = None
    rendered: Callable[[str], bool] = lambda _: True


@runtime_checkable
class HandsAudioOver(Protocol):
    """A transport that gives the caller's audio to a function; others send frames."""

    def listen(self, hear: Callable[[bytes], Awaitable[None] | None]) -> None:
        """Give `hear` the audio as it comes, 16-bit mono PCM."""


@dataclass(frozen=True)
class Cascade:
    """A conversation that is ready to run."""

    worker: PipelineWorker
    ear: Ear
    care: Care
    journal: Journal
    hands: Hands | None
    greet: Callable[[], Awaitable[None]]


def build(call: Call, transport: BaseTransport, parts: Parts, recorder: Recorder) -> Cascade:
    """Compose one call's pipeline. Takes a few milliseconds: nothing is loaded here."""
    phone = call.channel == "phone"
    context, utterance = LLMContext(), Utterance(parts.timed_words)
    in_hz = PHONE_HZ if phone else ROOM_IN_HZ
    ear = Ear(Hearing(parts.detector(in_hz), in_hz))
    if isinstance(transport, HandsAudioOver):
        transport.listen(ear.take)
    floor = Floor()
    starts = CallerStarts(floor, parts.language, utterance.asked)
    stops = CallerStops(
        floor,
        ear,
        parts.turn,
        parts.language,
        utterance.asked,
        busy=lambda: assistants.has_function_calls_in_progress,
    )
    stops.speculates = parts.speculates
    users, assistants = LLMContextAggregatorPair(
        context, user_params=user_params(starts, stops, parts.silence_seconds[0])
    )

    def words(text: str, conversation: bool) -> None:
        if conversation:  # asides are shown as notices
            journal.bot_words(text)
            care.answered()

    def cut(rest: str) -> None:
        journal.bot_cut(rest)
        care.bot_cut(rest)

    heard = Heard(utterance, words, cut)
    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                ear,
                parts.stt,
                Keys(prefix=KEYS_PREFIX),
                users,
                parts.llm,
                parts.tts,
                Held(),
                Spoken(utterance),
                transport.output(),
                heard,
                assistants,
            ]
        ),
        params=PipelineParams(
            audio_in_sample_rate=in_hz,
            audio_out_sample_rate=PHONE_HZ if phone else ROOM_OUT_HZ,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        observers=[
            TurnClock(
                on_turn=lambda stages: journal.timed(stages),
                on_answer=lambda: care.answer_begins(),
                on_sound=lambda begins: care.sound(begins),
                on_withdrawn=lambda: care.answer_withdrawn(),
            )
        ],
        app_resources=parts.toolbox or call,
        enable_rtvi=not phone,
        rtvi_observer_params=_PAGE_SEES,
        enable_turn_tracking=False,
        idle_timeout_secs=sum(parts.silence_seconds) + STUCK_SECONDS,
        cancel_on_idle_timeout=False,
    )

    def show(message: PageMessage) -> None:
        if not phone:
            worker.create_task(heard.push_frame(page_frame(message)))

    async def speak(text: str, conversation: bool) -> None:
        frame = TTSSpeakFrame(text, append_to_context=conversation)
        frame.interruptible = call.state is not CallState.ENDING  # last words are said in any case
        await parts.llm.push_frame(frame)

    async def think_again() -> None:
        await worker.queue_frame(LLMRunFrame())

    async def finish() -> None:
        await parts.llm.push_frame(EndWorkerFrame(reason=call.end_reason))

    async def wait_for_caller(seconds: float) -> None:
        await worker.queue_frame(UserIdleTimeoutUpdateFrame(timeout=seconds))

    journal = Journal(call, recorder, show)
    care = Care(
        call,
        journal,
        parts.sentences,
        speak=speak,
        think_again=think_again,
        finish=finish,
        abort=worker.cancel,
        stop_thinking=stops.quit,
        wait_for_caller=wait_for_caller,
        rendered=parts.rendered,
        silence_seconds=parts.silence_seconds,
    )
    hands = None
    if parts.toolbox and parts.catalogue:
        hands = Hands(
            parts.toolbox,
            parts.catalogue,
            context,
            floor,
            journal,
            leave=care.leave,
            let_me_see=lambda: speak(parts.sentences.let_me_see, False),
        )
        hands.listen(parts.llm)
        starts.on_turn, stops.before_asking = hands.interrupted, hands.offer
    _connect(worker, users, assistants, parts.tts, stops, journal, care)

    async def greet() -> None:
        await speak(parts.sentences.greeting, True)

    return Cascade(worker, ear, care, journal, hands, greet)


def _connect(
    worker: Any,
    users: Any,
    assistants: Any,
    tts: Any,
    stops: CallerStops,
    journal: Journal,
    care: Care,
) -> None:
    """Hand Pipecat's events to the journal and to care."""

    async def caller_started(*_: Any) -> None:
        care.caller_speaks()

    async def caller_stopped(_: Any, __: Any, message: Any) -> None:
        if message.content:
            journal.caller_said(message.content)
        await care.caller_spoke(message.content or "")

    async def bot_stopped(_: Any, message: Any) -> None:
        said_nothing = not message.content and not message.interrupted
        journal.bot_finished(message.content, message.interrupted)
        if message.content and not message.interrupted:
            await care.bot_spoke()
        if said_nothing and not assistants.has_function_calls_in_progress:
            await care.no_answer()

    async def caller_silent(_: Any) -> None:
        await care.caller_is_silent()

    async def trouble(_: Any, frame: Any) -> None:
        usable = frame.processor is None or frame.processor.is_usable
        if usable and await stops.withdraw():  # nobody heard it; asked again at the turn's end
            journal.trouble("speculation failed", frame.error)
        else:
            await care.failed(frame)

    async def voiced(_: Any, __: Any, text: str) -> None:
        care.voiced(text)

    async def at_the_end(_: Any, frame: Any) -> None:
        if isinstance(frame, EndWorkerFrame):
            journal.last_words_said()
        else:
            await stops.interrupted(frame.id)

    worker.set_reached_downstream_filter((EndWorkerFrame, InterruptionFrame))
    worker.add_event_handler("on_frame_reached_downstream", at_the_end)
    users.add_event_handler("on_user_turn_started", caller_started)
    users.add_event_handler("on_user_turn_stopped", caller_stopped)
    users.add_event_handler("on_user_turn_idle", caller_silent)
    assistants.add_event_handler("on_assistant_turn_stopped", bot_stopped)
    tts.add_event_handler("on_tts_request", voiced)
    worker.add_event_handler("on_idle_timeout", caller_silent)
    worker.add_event_handler("on_pipeline_error", trouble)
