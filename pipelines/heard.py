"""What the caller has heard of what the bot says, word by word.

Pipecat commits a sentence to the context when all of its audio has been played, so a sentence cut
off in the middle would vanish. Here `Spoken` (before the transport's output) learns each sentence's
text and length, and `Heard` (behind it, where audio arrives as it is played) releases the words in
step with the audio. A barge-in leaves in the context just what can have been heard.

A model that speaks itself announces a sentence without words and sends these beside the sound.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InterruptionFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.frames import SAID, HeardWordsFrame

CHARACTERS_PER_SECOND = 15.0
"""English read aloud; used until a sentence's audio is there in full."""
NEARLY = 15
"""Characters of a sentence, a second of speech, that an eager caller does not wait for."""


_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")


@dataclass
class _Sentence:
    text: str
    context_id: str | None = None
    grows: bool = False  # its words come beside its sound
    made: float = 0.0
    complete: bool = False
    played: float = 0.0
    released: int = 0
    share: float = 1.0  # of the text that has sound: less where the voice broke off

    def due(self) -> str:
        """The words that have become audible since the last call."""
        length = self.sounding
        whole = self.made if self.complete else max(self.made, length / CHARACTERS_PER_SECOND)
        reached = length if whole <= 0 else int(length * min(1.0, self.played / whole))
        all_of_it = reached >= length and (self.complete or not self.grows)
        end = length if all_of_it else self.text.rfind(" ", 0, reached + 1)
        return self.release(end)

    def release(self, end: int) -> str:
        """Count the text up to `end` (an index) as heard and return what is new of it."""
        begin, self.released = self.released, max(self.released, end)
        return self.text[begin : self.released].strip()

    @property
    def sounding(self) -> int:
        """The index at which the words without a sound begin."""
        end = len(self.text)
        return (
            end if self.share >= 1 else max(0, self.text.rfind(" ", 0, int(end * self.share) + 1))
        )

    @property
    def rest(self) -> str:
        return self.text[self.released :].strip()


class Utterance:
    """The sentences on their way to the caller, shared by the two processors below."""

    def __init__(self) -> None:
        self._sentences: dict[int, _Sentence] = {}
        self._latest: _Sentence | None = None
        self._asides: set[str | None] = set()
        self._stopped: set[int] = set()

    @property
    def pending(self) -> bool:
        """Whether a sentence is on its way that was not played to its end."""
        return bool(self._sentences)

    def stop(self) -> None:
        """An interruption is on its way: what is announced by now will not be played further."""
        self._stopped.update(self._sentences)

    def begin(self, frame: TTSStartedFrame) -> None:
        """Audio begins; sentences that are kept out of the conversation are asides."""
        if frame.append_to_context is False:
            self._asides.add(frame.context_id)

    def announce(self, frame: AggregatedTextFrame) -> None:
        """A sentence's audio is about to come."""
        sentence = _Sentence(frame.text, frame.context_id, grows=not frame.text)
        self._latest = self._sentences[frame.id] = sentence

    def grow(self, text: str) -> None:
        """More words of the latest sentence."""
        if self._latest and self._latest.grows:
            self._latest.text += text

    def make(self, seconds: float) -> None:
        """Audio of the latest sentence has been made."""
        if self._latest:
            self._latest.made += seconds

    def complete(self, text: str, share: float = 1.0) -> None:
        """All audio of the latest sentence has been made: of that share of `text`."""
        if self._latest:
            self._latest.complete, self._latest.share = True, share
            if self._latest.grows:
                self._latest.text = text

    def played(self, frame_id: int) -> float | None:
        """Seconds of a sentence that went to the caller; None if it is not on its way any more."""
        sentence = self._sentences.get(frame_id)
        return sentence.played if sentence else None

    def find(self, frame_id: int | None) -> _Sentence | None:
        """The sentence announced by the frame with this id."""
        return self._sentences.get(frame_id) if frame_id is not None else None

    def drop(self, sentence: _Sentence) -> None:
        """A sentence was played to its end."""
        for key, kept in list(self._sentences.items()):
            if kept is sentence:
                del self._sentences[key]

    def asked(self) -> str:
        """The sentence that the bot ended with, as soon as it is heard but for a word or two."""
        last = self._latest
        if last is None or last.context_id in self._asides or len(last.rest) > NEARLY:
            return ""
        more = any(sentence is not last for sentence in self._sentences.values())
        if more:
            return ""
        return _SENTENCE_END.split(last.text.strip())[-1] if last.grows else last.text

    def take_rest(self) -> str:
        """What was not heard of the sentences that were stopped; forgets them."""
        keys = sorted(self._stopped & self._sentences.keys())
        stopped = [self._sentences.pop(key) for key in keys]
        self._stopped.clear()
        kept = [s for s in stopped if s.context_id not in self._asides]
        rest = " ".join(sentence.rest for sentence in kept)
        self._asides &= {s.context_id for s in self._sentences.values()}
        if not self._sentences:
            self._latest = None
        return " ".join(rest.split())


class Spoken(FrameProcessor):
    """Before the output: notes sentences and how long their audio is."""

    def __init__(self, utterance: Utterance) -> None:
        super().__init__(enable_direct_mode=True)
        self._utterance = utterance

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take notes, pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._utterance.stop()
        elif isinstance(frame, TTSAudioRawFrame):
            self._utterance.make(_seconds(frame))
        elif isinstance(frame, MetricsFrame):
            return  # observers have seen it
        elif isinstance(frame, TTSStartedFrame):
            self._utterance.begin(frame)
        elif isinstance(frame, TTSTextFrame):
            self._utterance.complete(frame.text, frame.metadata.get(SAID, 1.0))
        elif isinstance(frame, LLMTextFrame):
            self._utterance.grow(frame.text)
        elif isinstance(frame, AggregatedTextFrame) and frame.will_be_spoken:
            self._utterance.announce(frame)
        await self.push_frame(frame, direction)


class Heard(FrameProcessor):
    """Behind the output: releases words as they are heard.

    Args:
        utterance: Shared with `Spoken`.
        on_words: Told the words that have just become audible, and whether they belong to the
            conversation (or are an aside such as "one moment").
        on_cut: Told what remained unheard when the caller broke in, before the interruption
            reaches the context.
    """

    def __init__(
        self,
        utterance: Utterance,
        on_words: Callable[[str, bool], None],
        on_cut: Callable[[str], None],
    ) -> None:
        super().__init__(enable_direct_mode=True)
        self._utterance = utterance
        self._on_words = on_words
        self._on_cut = on_cut
        self._current: _Sentence | None = None
        self._append = True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Replace whole sentences by their words, as these are heard."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._current = None
            self._on_cut(self._utterance.take_rest())
        elif isinstance(frame, TTSAudioRawFrame):
            await self._played(frame)
            return  # nobody behind wants sound
        elif isinstance(frame, TTSTextFrame):
            await self._finished(frame)
            return
        elif isinstance(frame, AggregatedTextFrame) and frame.will_be_spoken:
            self._current = self._utterance.find(frame.id)
        elif isinstance(frame, TTSStartedFrame):
            self._append = frame.append_to_context is not False
        await self.push_frame(frame, direction)

    async def _played(self, frame: TTSAudioRawFrame) -> None:
        if self._current:
            self._current.played += _seconds(frame)
            await self._release(self._current.due())

    async def _finished(self, frame: TTSTextFrame) -> None:
        """A sentence is over: release what is left of it, unless the voice never said that."""
        sentence = self._utterance.find(frame.segment_id)
        if sentence is None:
            return
        if sentence.played:
            await self._release(sentence.release(sentence.sounding))
        self._utterance.drop(sentence)
        if self._current is sentence:
            self._current = None

    async def _release(self, words: str) -> None:
        if not words:
            return
        frame = HeardWordsFrame(words, text_type="word")
        frame.append_to_context = self._append
        self._on_words(words, self._append)
        await self.push_frame(frame)


def _seconds(frame: OutputAudioRawFrame) -> float:
    return len(frame.audio) / (2 * frame.num_channels * frame.sample_rate)
