"""When the caller's turn begins, and what the bot does about a sound while it has the floor.

While nobody speaks, a sound of speech begins a turn. While the bot speaks, or is about to, the same
sound silences it at once but takes nothing back: the output is held. Real words, or speech that
goes on, then make it a barge-in; "uh-huh", a cough, a slammed door let the bot go on where it was.
So it may be silent before it is sure that the sound is speech.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EagerTranscriptionFrame,
    Frame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy

from bot.frames import HoldOutputFrame, ResumeOutputFrame
from bot.speech.hearing import START_SECONDS
from pipelines.turn_end import is_backchannel

KEYS_PREFIX = "DTMF: "
"""What Pipecat's DTMFAggregator puts before the keys that were pressed."""
TYPED = "typed"
"""Key of a transcription's metadata: the words were typed, on the room's page."""
BARGE_IN_SECONDS = 1.0
"""Speech over the bot that is longer than this is no "uh-huh", whatever its words."""
LIKELY_SECONDS = 0.25
"""How long the bot stays silent for a sound that does not become speech after all."""
WORDS_SECONDS = 1.5
"""How long the bot stays silent for the words of a sound that is over."""


def by_hand(frame: TranscriptionFrame | EagerTranscriptionFrame) -> bool:
    """Whether the caller has pressed keys or typed instead of speaking: it is meant, and whole."""
    return frame.text.startswith(KEYS_PREFIX) or TYPED in frame.metadata


@dataclass(slots=True)
class Floor:
    """Who may speak, as turn taking sees it.

    `bot`: it speaks, or is about to. `sounds`: it can be heard.
    """

    bot: bool = False
    sounds: bool = False


class CallerStarts(BaseUserTurnStartStrategy):
    """Begins the caller's turns.

    Args:
        floor: Shared with the strategy that ends them.
        language: Of the call.
        asked: Returns the bot's last sentence, '' if there is none.

    Attributes:
        on_turn: Told when a turn begins, in the same step.
    """

    def __init__(self, floor: Floor, language: str, asked: Callable[[], str]) -> None:
        super().__init__()
        self.on_turn: Callable[[], None] = lambda: None
        self._floor = floor
        self._language = language
        self._asked = asked
        self._turn = False
        self._held = False
        self._timer: asyncio.Task[None] | None = None

    async def handle_user_turn_started(self) -> None:
        """The caller has the floor; the interruption that comes with it ends a hold."""
        self._turn = True
        self._held = self._floor.bot = False
        self.on_turn()
        await self._stop_timer()

    async def handle_user_turn_stopped(self) -> None:
        """The turn is over."""
        self._turn = False

    async def cleanup(self) -> None:
        """Stop the timer."""
        await self._stop_timer()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Look at a frame; start a turn if it is one's beginning."""
        if isinstance(frame, BotStartedSpeakingFrame):
            self._floor.bot = self._floor.sounds = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._floor.bot = self._floor.sounds = False
        elif self._turn:
            return ProcessFrameResult.CONTINUE
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            await self._sound()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            if self._held:
                await self._arm(WORDS_SECONDS, self._go_on)
        elif isinstance(frame, TranscriptionFrame | EagerTranscriptionFrame):
            await self._words(frame)
        return ProcessFrameResult.CONTINUE

    def likely(self) -> Awaitable[None] | None:
        """A sound seems to be speech: be silent until that is known."""
        wanted = self._floor.sounds and not self._held and not self._turn
        return self._listen() if wanted else None

    async def _listen(self) -> None:
        await self._hold()
        await self._arm(LIKELY_SECONDS, self._go_on)

    async def _sound(self) -> None:
        if not self._floor.bot:
            await self.trigger_user_turn_started()
            return
        await self._hold()
        await self._arm(BARGE_IN_SECONDS - START_SECONDS, self.trigger_user_turn_started)

    async def _words(self, frame: TranscriptionFrame | EagerTranscriptionFrame) -> None:
        text = frame.text.strip()
        over_bot = self._floor.bot or self._held
        nothing = not text or (
            over_bot and not by_hand(frame) and is_backchannel(text, self._language, self._asked())
        )
        if not nothing:
            await self.trigger_user_turn_started()
        elif isinstance(frame, TranscriptionFrame):
            await self.trigger_reset_aggregation()  # type: ignore[no-untyped-call]
            await self._go_on()

    async def _hold(self) -> None:
        if not self._held:
            self._held = True
            await self.push_frame(HoldOutputFrame())

    async def _go_on(self) -> None:
        if self._held:
            self._held = False
            await self.push_frame(ResumeOutputFrame())
        await self._stop_timer()

    async def _arm(self, seconds: float, then: Callable[[], Awaitable[None]]) -> None:
        await self._stop_timer()
        self._timer = self.create_task(self._later(seconds, then))

    async def _later(self, seconds: float, then: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(seconds)
        self._timer = None
        await then()

    async def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer and timer is not asyncio.current_task():
            await self.cancel_task(timer)
