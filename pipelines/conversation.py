"""One call's pipeline and what watches over it, whichever way it thinks.

transport -> ears -> caller's turn -> mind -> transport; `Shape` has what differs between the modes
(`pipelines.cascade`, `pipelines.realtime`). Journal, care, tools, the accounting of what was heard
and turn taking are the same for all.
"""

import asyncio
from dataclasses import replace
from typing import Any

from pipecat.frames.frames import (
    EndWorkerFrame,
    LLMRunFrame,
    TTSSpeakFrame,
    UserIdleTimeoutUpdateFrame,
)
from pipecat.observers.base_observer import FrameProcessed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.pipeline.worker_observer import WorkerObserver
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call, CallState
from bot.speech.hearing import Hearing
from bot.store.recorder import Recorder
from pipelines import parts as rates
from pipelines.bridge import FAST, SLOW
from pipelines.care import Care
from pipelines.connect import connect
from pipelines.ear import Ear
from pipelines.hands import Hands
from pipelines.heard import Heard, Spoken, Utterance
from pipelines.journal import Journal, PageMessage
from pipelines.keys import Keys
from pipelines.last_resort import attach
from pipelines.parts import Carried, HandsAudioOver, Parts, Shape
from pipelines.screen import open_screen
from pipelines.timing import TurnClock
from pipelines.turn_start import KEYS_PREFIX, CallerStarts, Floor
from pipelines.turn_stop import CallerStops
from pipelines.turns import user_params

_PAGE_SEES = RTVIObserverParams(
    bot_output_enabled=False,
    bot_llm_enabled=False,
    bot_tts_enabled=False,
    user_llm_enabled=False,
    metrics_enabled=False,
    function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL},
)
"""The page gets its captions and times from the journal; the model's input is not its business."""
STUCK_SECONDS = 60.0
"""Beyond the silence settings: neither side has made a sound, so something is stuck."""


class _Pushes(WorkerObserver):
    """Tells observers of each frame that is pushed, and not of each that is taken.

    Nobody here asks for the latter, and telling costs as much as a processor more in the pipeline.
    """

    async def on_process_frame(self, data: FrameProcessed) -> None:
        """Tell nobody."""


class Conversation:
    """A conversation that is ready to run. Making it takes a few milliseconds: nothing is loaded.

    Attributes:
        worker: Runs the pipeline.
        context: What was said, as the model sees it.
        ear, utterance, care, journal, hands: As their modules say; `hands` where there are tools.
        parts: What it is made of.
        broke_off: Whether an answer was begun that will not be finished.
        settled: Set when an interruption has passed the whole pipeline.
        begun: The bot was heard, if only its greeting.
        cut_short: The latest interruption has cut off words of the bot.
        left: Another conversation takes this one's place; `turn_left`: it hears the caller's
            present turn from its beginning.

    Args:
        call: The call.
        transport: Where the caller is; not used before.
        parts: Services and rules.
        recorder: Writes to the store.
        shape: The mode's own processors.
        carried: Of the conversation whose place this one takes.
    """

    def __init__(
        self,
        call: Call,
        transport: BaseTransport,
        parts: Parts,
        recorder: Recorder,
        shape: Shape,
        carried: Carried | None = None,
    ) -> None:
        if carried and carried.toolbox:
            parts = replace(
                parts,
                toolbox=carried.toolbox,
                catalogue=carried.catalogue,
                handoff=carried.handoff,
            )
        self._call, self.parts, self._shape = call, parts, shape
        self.broke_off = shape.broke_off
        self.settled = asyncio.Event()
        self.begun = self.cut_short = self.left = self.turn_left = False
        self._phone = call.channel == "phone"
        self._in_hz = rates.PHONE_HZ if self._phone else rates.ROOM_IN_HZ
        self.context = carried.context if carried else LLMContext()
        self.utterance = Utterance()
        self.ear = Ear(Hearing(parts.detector(self._in_hz), self._in_hz))
        if isinstance(transport, HandsAudioOver):
            transport.listen(self.ear.take)
        self._floor = Floor()
        self._take_turns()
        self.heard = Heard(self.utterance, self._words, self._cut)
        self.worker = self._work(transport)
        self.screen = open_screen(self, call)
        self.journal = Journal(call, recorder, self._show)
        if carried:
            self.journal.turn = carried.turn
            if carried.sound:
                self.ear.take(carried.sound)
        self.care = self._take_care()
        self.hands = self._hold_tools()
        connect(self)
        attach(self)
        self.handoff = parts.handoff
        if self.handoff:
            self.handoff.attach(self)

    async def greet(self) -> None:
        """Say the greeting."""
        await self.speak(self.parts.sentences.greeting, True)

    async def speak(self, text: str, conversation: bool) -> None:
        """Say a sentence of our own after what is being said.

        Args:
            text: The sentence.
            conversation: It belongs to the conversation, not an aside.
        """
        frame = TTSSpeakFrame(text, append_to_context=conversation)
        # last words are said in any case
        frame.interruptible = self._call.state is not CallState.ENDING
        await self._quiet(True)
        await self.entry.push_frame(frame)

    async def think_again(self) -> None:
        """Have the model answer the conversation as it stands."""
        await self.worker.queue_frame(LLMRunFrame())

    @property
    def entry(self) -> Any:
        """Where sentences of our own enter the pipeline."""
        return self._shape.entry or self.users

    # -- parts

    def _take_turns(self) -> None:
        parts, asked = self.parts, self.utterance.asked
        self.starts = CallerStarts(self._floor, parts.language, asked)
        self.ear.on_likely = self.starts.likely
        self.stops = CallerStops(
            self._floor,
            self.ear,
            parts.turn,
            parts.language,
            asked,
            busy=lambda: self.assistants.has_function_calls_in_progress,
        )
        self.stops.speculates = parts.speculates
        self.users, self.assistants = LLMContextAggregatorPair(
            self.context, user_params=user_params(self.starts, self.stops, parts.silence_seconds[0])
        )

    def _work(self, transport: BaseTransport) -> PipelineWorker:
        worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    self.ear,
                    *self._shape.ears,
                    Keys(prefix=KEYS_PREFIX),
                    self.users,
                    *self._shape.mind,
                    Spoken(self.utterance),
                    transport.output(),
                    self.heard,
                    self.assistants,
                ]
            ),
            params=PipelineParams(
                audio_in_sample_rate=self._in_hz,
                audio_out_sample_rate=rates.PHONE_HZ if self._phone else rates.ROOM_OUT_HZ,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            observers=[
                TurnClock(
                    on_turn=lambda stages: self.journal.timed(stages),
                    on_answer=lambda: self.care.answer_begins(),
                    on_sound=lambda begins: self.care.sound(begins),
                    on_withdrawn=lambda: self.care.answer_withdrawn(),
                )
            ],
            app_resources=self.parts.toolbox or self._call,
            enable_rtvi=not self._phone,
            rtvi_observer_params=_PAGE_SEES,
            enable_turn_tracking=False,
            idle_timeout_secs=sum(self.parts.silence_seconds) + STUCK_SECONDS,
            cancel_on_idle_timeout=False,
        )
        worker._observer.__class__ = _Pushes  # Pipecat makes its own, and takes no other
        return worker

    def _take_care(self) -> Care:
        return Care(
            self._call,
            self.journal,
            self.parts.sentences,
            speak=lambda text, conversation: self.speak(text, conversation),
            think_again=self.think_again,
            finish=self._finish,
            abort=self.worker.cancel,
            stop_thinking=self.stops.quit,
            wait_for_caller=self._wait_for_caller,
            rendered=self.parts.rendered,
            silence_seconds=self.parts.silence_seconds,
            patience=FAST if self.parts.speculates else SLOW,
            hears_by="stt" if self._shape.ears else "llm",
        )

    def _hold_tools(self) -> Hands | None:
        parts = self.parts
        if not parts.toolbox or not parts.catalogue:
            return None
        hands = Hands(
            parts.toolbox,
            parts.catalogue,
            self.context,
            self._floor,
            self.journal,
            leave=self.care.leave,
            let_me_see=self._let_me_see,
        )
        hands.listen(self._shape.llm)
        self.starts.on_turn, self.stops.before_asking = hands.interrupted, hands.offer
        return hands

    async def _let_me_see(self) -> None:
        await self.care.apart()
        if not self._floor.sounds:
            sentence = self.parts.sentences.let_me_see
            await self.speak(sentence, False)
            self.journal.aside(sentence)

    # -- what they are told

    def _words(self, text: str, conversation: bool) -> None:
        self.begun = True
        if conversation:  # asides are shown as notices
            self.journal.bot_words(text)
            self.care.answered()

    def _cut(self, rest: str) -> None:
        self.cut_short = bool(rest)
        self.journal.bot_cut(rest)
        self.care.bot_cut(rest)

    def _show(self, message: PageMessage) -> None:
        if self.screen:
            self.screen.show(message)

    async def _quiet(self, speaks: bool) -> None:
        if self._shape.quiet:
            await self._shape.quiet(speaks)

    async def _finish(self) -> None:
        await self._quiet(False)
        await self.entry.push_frame(EndWorkerFrame(reason=self._call.end_reason))

    async def _wait_for_caller(self, seconds: float) -> None:
        await self.worker.queue_frame(UserIdleTimeoutUpdateFrame(timeout=seconds))
