"""Where a turn's time went, from the frames that a pipeline would push, at given times."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    EagerTranscriptionFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection

from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from pipelines.timing import AFTER, AHEAD, Stages, TurnClock

SILENCE = 0.03
"""Seconds of silence that a pause is told after."""

FRAMES: dict[str, Any] = {
    "started": lambda: VADUserStartedSpeakingFrame(start_secs=0.16),
    "paused": lambda: SpeechPausedFrame(b"", 8000, 1, SILENCE),
    "resumed": SpeechResumedFrame,
    "stopped": lambda: VADUserStoppedSpeakingFrame(stop_secs=0.2),
    "eager": lambda: EagerTranscriptionFrame("hello", "", ""),
    "words": lambda: TranscriptionFrame("hello", "", ""),
    "ahead": lambda: LLMContextFrame(LLMContext(), speculation=True),
    "asked": lambda: LLMContextFrame(LLMContext(), speculation=False),
    "token": lambda: LLMTextFrame("hi"),
    "clause": lambda: AggregatedTextFrame("hi there", "sentence"),
    "audio": lambda: TTSAudioRawFrame(b"", 8000, 1),
    "turn": UserStoppedSpeakingFrame,
    "withdrawn": EagerEndOfTurnCancelFrame,
    "interrupted": InterruptionFrame,
    "heard": BotStartedSpeakingFrame,
}


class Watched:
    """A clock and what it told."""

    def __init__(self) -> None:
        self.turns: list[Stages] = []
        self.answers = self.withdrawn = 0
        self.sounds: list[bool] = []
        self.clock = TurnClock(
            on_turn=self.turns.append,
            on_answer=lambda: setattr(self, "answers", self.answers + 1),
            on_sound=self.sounds.append,
            on_withdrawn=lambda: setattr(self, "withdrawn", self.withdrawn + 1),
        )
        self._processor = IdentityFilter()

    async def live(self, *timetable: tuple[float, str]) -> None:
        """Push frames by name at times in seconds."""
        for when, name in timetable:
            frame: Frame = FRAMES[name]()
            await self.clock.on_push_frame(
                FramePushed(
                    source=self._processor,
                    destination=self._processor,
                    frame=frame,
                    direction=FrameDirection.DOWNSTREAM,
                    timestamp=round(when * 1e9),
                )
            )


def adds_up(stages: Stages) -> None:
    total = sum(seconds for name, seconds in stages.items() if name != "voice_to_voice")
    assert total == pytest.approx(stages["voice_to_voice"])
    assert all(seconds >= 0 for seconds in stages.values())


SPEECH = ((1.0, "started"), (10.0, "paused"))
BEGUN = (*SPEECH, (10.1, "eager"), (10.1, "ahead"), (10.2, "stopped"))


async def test_an_answer_that_was_begun_ahead() -> None:
    watched = Watched()
    await watched.live(
        *BEGUN,
        (10.2, "words"),
        (10.25, "token"),
        (10.3, "token"),
        (10.32, "clause"),
        (10.42, "audio"),
        (10.5, "turn"),
        (10.51, "heard"),
    )
    (stages,) = watched.turns
    assert tuple(stages) == (*AHEAD, "voice_to_voice")
    assert stages == pytest.approx(
        {
            "vad": 0.03,
            "stt": 0.1,
            "llm": 0.15,
            "clause": 0.07,
            "tts": 0.1,
            "turn": 0.08,
            "sent": 0.01,
            "voice_to_voice": 0.54,
        }
    )
    adds_up(stages)
    assert watched.answers == 1
    assert watched.sounds == [True, False]


async def test_a_turn_that_is_over_before_its_answer_is_ready_costs_nothing_by_itself() -> None:
    watched = Watched()
    await watched.live(
        *BEGUN, (10.3, "turn"), (10.4, "token"), (10.5, "clause"), (10.6, "audio"), (10.7, "heard")
    )
    (stages,) = watched.turns
    assert stages["turn"] == 0
    assert stages["llm"] == pytest.approx(0.3)
    adds_up(stages)


async def test_an_answer_that_was_asked_for_after_the_turn() -> None:
    watched = Watched()
    await watched.live(
        *SPEECH,
        (10.2, "stopped"),
        (10.3, "words"),
        (10.5, "turn"),
        (10.5, "asked"),
        (10.9, "token"),
        (11.0, "clause"),
        (11.2, "audio"),
        (11.25, "heard"),
    )
    (stages,) = watched.turns
    assert tuple(stages) == (*AFTER, "voice_to_voice")
    assert stages["turn"] == pytest.approx(0.2)
    assert stages["llm"] == pytest.approx(0.4)
    assert stages["voice_to_voice"] == pytest.approx(1.28)
    adds_up(stages)


async def test_a_withdrawn_answer_leaves_no_trace_in_the_next_ones_times() -> None:
    watched = Watched()
    await watched.live(
        *BEGUN, (10.25, "token"), (10.3, "clause"), (10.4, "audio"), (10.45, "withdrawn")
    )
    assert watched.withdrawn == 1
    await watched.live(
        (10.5, "turn"),
        (10.5, "asked"),
        (10.9, "token"),
        (11.0, "clause"),
        (11.2, "audio"),
        (11.3, "heard"),
    )
    (stages,) = watched.turns
    assert tuple(stages) == (*AFTER, "voice_to_voice")
    assert stages["llm"] == pytest.approx(0.4)
    assert stages["voice_to_voice"] == pytest.approx(1.33)
    adds_up(stages)
    assert watched.answers == 2


@pytest.mark.parametrize("on", ["resumed", "started"])
async def test_a_caller_who_goes_on_is_timed_from_their_last_sound(on: str) -> None:
    watched = Watched()
    await watched.live(*BEGUN, (10.25, "token"), (10.3, "audio"), (10.35, on), (10.35, "withdrawn"))
    await watched.live(
        (12.0, "paused"),
        (12.1, "eager"),
        (12.1, "ahead"),
        (12.2, "token"),
        (12.3, "clause"),
        (12.4, "audio"),
        (12.6, "turn"),
        (12.6, "heard"),
    )
    (stages,) = watched.turns
    assert stages["voice_to_voice"] == pytest.approx(0.63)
    assert stages["stt"] == pytest.approx(0.1)
    adds_up(stages)


async def test_a_barge_in_before_the_first_sound_is_no_turn() -> None:
    watched = Watched()
    await watched.live(
        *BEGUN,
        (10.25, "token"),
        (10.3, "clause"),
        (10.4, "audio"),
        (10.5, "turn"),
        (10.5, "started"),
        (10.5, "interrupted"),
        (10.51, "heard"),
    )
    assert watched.turns == []


async def test_a_turn_is_reported_once() -> None:
    watched = Watched()
    await watched.live(
        *BEGUN, (10.25, "token"), (10.3, "clause"), (10.4, "audio"), (10.5, "turn"), (10.5, "heard")
    )
    await watched.live((10.6, "token"), (10.7, "clause"), (10.8, "audio"), (14.0, "heard"))
    assert len(watched.turns) == 1


async def test_a_sentence_of_our_own_is_no_answer() -> None:
    watched = Watched()
    await watched.live(*BEGUN, (10.5, "turn"), (14.5, "clause"), (14.6, "audio"), (14.6, "heard"))
    assert watched.turns == []
    assert watched.answers == 0


async def test_an_answer_after_uh_huh_is_not_timed_from_it() -> None:
    """The bot's next words, a tool's result say, do not answer an "uh-huh"; no turn ended."""
    watched = Watched()
    await watched.live(
        *SPEECH,
        (10.1, "words"),
        (10.2, "stopped"),
        (17.0, "asked"),
        (17.3, "token"),
        (17.4, "clause"),
        (17.5, "audio"),
        (17.6, "heard"),
    )
    assert watched.turns == []


async def test_a_keyed_turn_has_no_times() -> None:
    watched = Watched()
    await watched.live(
        (5.0, "words"),
        (5.1, "turn"),
        (5.1, "asked"),
        (5.3, "token"),
        (5.4, "clause"),
        (5.5, "audio"),
        (5.6, "heard"),
    )
    assert watched.turns == []
    assert watched.answers == 1
