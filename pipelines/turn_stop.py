"""When the caller's turn is over, and what may be thought ahead until then.

From the caller's last sound on, several things come in: the words (by an eager STT even before VAD
has counted the silence), the turn model's certainty, more speech. With each of them `judge` says
how much silence it takes. Meanwhile the model is asked on the words that are there (a speculation;
its answer is held behind the voice). When the silence is long enough and the words are still the
same, the turn ends and the answer sounds at once; when the caller goes on, the speculation is
withdrawn and nothing of it remains.
"""

import asyncio
from collections.abc import Callable

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    EagerTranscriptionFrame,
    Frame,
    InterruptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult, UserTurnSpeculation
from pipecat.turns.user_stop import BaseUserTurnStopStrategy, NormalizedMatch

from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from bot.speech.hearing import START_SECONDS
from bot.speech.segments import PAUSE
from bot.speech.turn import TurnModel
from pipelines.ear import Ear
from pipelines.turn_end import BY_EAR, Evidence, Verdict, judge
from pipelines.turn_habits import Habits
from pipelines.turn_start import Floor, by_hand


class CallerStops(BaseUserTurnStopStrategy):
    """Ends the caller's turns.

    Attributes:
        speculates: Ask the model before the turn is over.
        before_asking: Given the turn's words when the model is about to be asked.

    Args:
        floor: Shared with the strategy that begins them.
        ear: Where the caller is heard.
        model: The turn model.
        language: Of the call.
        asked: Returns the bot's last sentence, '' if there is none.
        busy: Whether a tool runs; its result would not be in a speculation.
    """

    def __init__(
        self,
        floor: Floor,
        ear: Ear,
        model: TurnModel,
        language: str,
        asked: Callable[[], str],
        busy: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.speculates = True
        self.before_asking: Callable[[str], None] = lambda _: None
        self._floor, self._ear, self._model = floor, ear, model
        self._language, self._asked, self._busy = language, asked, busy
        self._match = NormalizedMatch()
        self._turn = self._speaking = False
        self._silent = True
        self._awaited = self._stretches = 0
        self._said: list[str] = []
        self._eager: str | None = None
        self._pause = 0
        self._silent_since = 0.0
        self._certainty: float | None = None
        self._sound = b""
        self._habits = Habits()
        self._answer_heard = True
        self._speculation: str | None = None
        self._refused: str | None = None
        self._keys = False
        self._settled = asyncio.Event()
        self._began = 0
        self._deadline: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._verdict: Verdict | None = None

    # -- what the controller tells

    async def handle_user_turn_started(self) -> None:
        """A turn begins; what is known of its first words stays."""
        self._turn, self._began = True, InterruptionFrame().id  # ids grow
        self._settled.clear()

    async def handle_user_turn_stopped(self) -> None:
        """The turn is over, whoever ended it."""
        self._turn = False
        self._floor.bot = self._floor.bot or bool(self._said)
        self._answer_heard = not self._said
        await self._forget()
        if self._speculation is not None:
            await self.withdraw()

    async def cleanup(self) -> None:
        """Stop everything."""
        self._speculation = None
        await self._forget()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Take in what a frame says about the caller's turn."""
        if isinstance(frame, SpeechPausedFrame):
            self._pause, self._silent = frame.number, True
            self._silent_since = self._now() - frame.silence
            self._certainty = None
        elif isinstance(frame, SpeechResumedFrame):
            await self._goes_on()
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking = True
            silence = self._now() - START_SECONDS - self._silent_since
            in_turn = self._turn and self._stretches > 0
            self._habits.goes_on(silence, in_turn=in_turn, unanswered=not self._answer_heard)
            await self._goes_on()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking = False
            self._awaited += 1
            self._stretches += 1
            self._sound = self._ear.hearing.turn()
        elif isinstance(frame, EagerTranscriptionFrame):
            if self._silent and frame.metadata.get(PAUSE) == self._pause:
                self._eager = frame.text.strip()
                await self._consider()
        elif isinstance(frame, TranscriptionFrame):
            await self._transcript(frame)
        elif isinstance(frame, EagerEndOfTurnCancelFrame):  # a speculation wanted a tool
            self._refused, self._speculation = self._speculation, None
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._answer_heard = True
        return ProcessFrameResult.CONTINUE

    async def interrupted(self, frame_id: int) -> None:
        """An interruption has passed the whole pipeline.

        If it is the one that the turn began with, then only now does the context say what was heard
        of the bot, and may be thought about; an answer that came before it would be cut off by it.
        """
        if frame_id > self._began and not self._settled.is_set():
            self._settled.set()
            await self._consider()

    async def quit(self) -> None:
        """The bot ends the call: drop what was thought ahead, and think ahead no more."""
        self.speculates = False
        await self.withdraw()

    async def withdraw(self) -> bool:
        """Take back what was thought ahead; False if there was nothing."""
        speculation, self._speculation = self._speculation, None
        if speculation is None:
            return False
        self._refused = speculation
        await self.trigger_user_turn_speculation_cancelled()  # type: ignore[no-untyped-call]
        return True

    # -- what comes in

    async def _goes_on(self) -> None:
        self._silent, self._sound = False, b""
        self._eager = self._certainty = None
        await self._stop_waiting()
        if await self.withdraw():
            self._refused = None

    def _listen(self) -> None:
        """Ask the turn model, once a silence and only where its opinion counts: it costs 50 ms."""
        sound, self._sound = self._sound, b""
        if sound and self._verdict and self._verdict.shape in BY_EAR:
            self._listening = self.create_task(self._ask_model(sound))

    async def _ask_model(self, sound: bytes) -> None:
        try:
            self._certainty = await self._model.certainty(sound, self._ear.hearing.rate)
        except Exception:
            logger.exception("the turn model failed; the words alone decide")
        self._listening = None
        await self._consider()

    async def _transcript(self, frame: TranscriptionFrame) -> None:
        keys = by_hand(frame)
        if not keys:
            self._awaited = max(0, self._awaited - 1)
        self._eager = None
        if not self._turn:  # "uh-huh", or nothing
            self._stretches = 0
            self._ear.hearing.turn_over()
            return
        if frame.text.strip():
            self._said.append(frame.text.strip())
        self._keys = self._keys or keys
        await self._consider()

    # -- the decision

    async def _consider(self) -> None:
        """Weigh what is known now: think ahead, and set the time at which the turn is over."""
        if not self._turn or not self._silent:
            return
        text = self._text
        if not text:
            if not self._awaited:  # a sound without words
                await self._end()
            return
        evidence = Evidence(
            text=text,
            certainty=self._certainty,
            asked=self._asked(),
            pauses=self._habits.pauses,
            keys=self._keys,
            noise=self._ear.hearing.noise,
        )
        self._verdict = judge(evidence, self._language)
        self._listen()
        seconds = 0.0 if self._keys else self._silent_since + self._verdict.hold - self._now()
        if self._deadline:
            self._deadline.cancel()  # without waiting for it: nobody may come in between
        self._deadline = self.create_task(self._when_silent(max(0.0, seconds)))
        if seconds > 0:
            await self._speculate(text)

    async def _speculate(self, text: str) -> None:
        unfinished = self._verdict is not None and self._verdict.shape == "unfinished"
        if self._speculation is not None and not self._match.matches(self._speculation, text):
            await self.withdraw()
        if (
            self._speculation is None
            and self.speculates
            and self._settled.is_set()
            and not unfinished
            and text != self._refused
            and not self._busy()
        ):
            self._speculation = text
            self.before_asking(text)
            await self.trigger_user_turn_inference_triggered(
                speculation=UserTurnSpeculation(text=text)
            )

    async def _when_silent(self, seconds: float) -> None:
        """End the turn after so much more silence; a sound that may be speech is waited for."""
        await asyncio.sleep(seconds)
        await self._ear.calm.wait()
        await self._settled.wait()
        if self._awaited:
            return  # the words of the last segment are still to come, and are considered then
        self._deadline = None
        await self._end()

    async def _end(self) -> None:
        if not self._turn or self._speaking or self._ear.hearing.speaking:
            return
        text, speculation = self._text, self._speculation
        if text and self._verdict:
            logger.debug(f"turn over: {self._verdict.shape}, {self._verdict.reason}")
        if speculation is not None and self._match.matches(speculation, text):
            self._speculation = None
            await self.trigger_user_turn_finalized(confirms_speculation=True)
            if self._turn:  # speech began at this very moment; the turn goes on
                self._speculation = speculation
            return
        await self.withdraw()
        self.before_asking(text)
        await self.trigger_user_turn_stopped()

    # -- small things

    @property
    def _text(self) -> str:
        words = [*self._said, self._eager] if self._eager else self._said
        return " ".join(words)

    async def _forget(self) -> None:
        self._said.clear()
        self._stretches, self._sound, self._keys = 0, b"", False
        self._eager = self._certainty = self._refused = self._verdict = None
        self._ear.hearing.turn_over()
        await self._stop_waiting()

    async def _stop_waiting(self) -> None:
        waiting, self._deadline, self._listening = (self._deadline, self._listening), None, None
        for task in waiting:
            await self._stop(task)

    async def _stop(self, task: asyncio.Task[None] | None) -> None:
        if task and task is not asyncio.current_task():
            await self.cancel_task(task)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
