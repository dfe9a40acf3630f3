"""Text to speech: a chain of voices as one service, with rendered sentences.

A sentence that `Phrases` holds is spoken from there, whatever the providers' state. What a voice
does not say, or not to its end, is said by the next; that one then stays for the rest of the call,
for a bot that changes its voice back and forth is worse than one that has another.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from loguru import logger
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame, TTSTextFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp

from bot.clients import Clients
from bot.errors import ProviderError
from bot.failover.breakers import Breakers
from bot.failover.link import Link
from bot.frames import SAID
from bot.providers import Endpoint
from bot.speech.ahead import SpeaksAhead
from bot.speech.clauses import FirstClause
from bot.speech.phrases import PHRASE_RATE, Phrases
from bot.speech.saying import Saying
from bot.speech.speakable import speakable
from bot.speech.speakers import RATE, Speaker, make_voice, synthesize

__all__ = ["RATE", "make_tts", "synthesize"]

_GAP_SECONDS = 20.0
"""Silence inside an answer after which Pipecat takes it for over. A turn's end closes it by itself;
with Pipecat's 3 s a slow model's answer would be torn in two."""


def make_tts(
    endpoints: Sequence[Endpoint],
    clients: Clients,
    phrases: Phrases,
    language: str,
    breakers: Breakers | None = None,
    *,
    fast_brain: bool,
) -> TTSService:
    """The TTS service of one call.

    Args:
        endpoints: The voices, best first.
        clients: The process's HTTP clients.
        phrases: Rendered sentences of the first voice.
        language: 'en', 'en-GB', …
        breakers: The process's; None makes some for this call alone.
        fast_brain: The model writes much faster than speech, so that an answer's first clause may
            be spoken while the next is written, without a gap.
    """

    async def read_aloud(text: str, _: str) -> str:
        return speakable(text, language)

    breakers = breakers or Breakers()
    first = endpoints[0]
    return _Voices(
        phrases,
        fast_brain,
        [make_voice(endpoint, clients, breakers, language) for endpoint in endpoints],
        sample_rate=RATE,
        push_start_frame=True,
        push_stop_frames=True,
        stop_frame_timeout_s=_GAP_SECONDS,
        text_transforms=[("*", read_aloud)],
        settings=TTSSettings(model=first.model, voice=first.voice, language=None),
    )


class _Rendered(SpeaksAhead):
    """Speaks rendered sentences without asking the provider, and an answer's first clause early.

    Rendered ones only where they stand alone (a `TTSSpeakFrame`), never as part of an answer.
    """

    def __init__(self, phrases: Phrases, fast_brain: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._phrases = phrases
        if fast_brain:  # pipecat 1.14 has no parameter for it
            self._text_aggregator = FirstClause(language=self.text_aggregation_language)

    async def _synthesize_text(self, text: str, context_id: str) -> None:
        audio = self._phrases.get(text.strip()) if self._aside else None
        if audio is None:
            await super()._synthesize_text(text, context_id)
            return
        await self.tts_process_generator(context_id, self._play(audio, context_id))

    async def _play(self, audio: bytes, context_id: str) -> AsyncGenerator[Frame | None, None]:
        yield TTSAudioRawFrame(audio, PHRASE_RATE, 1, context_id=context_id)


class _Voices(_Rendered, TTSService):
    def __init__(
        self, phrases: Phrases, fast_brain: bool, chain: list[Link[Speaker]], **kwargs: Any
    ) -> None:
        super().__init__(phrases, fast_brain, **kwargs)
        self._chain = chain
        self._broke_off: float | None = None
        self._given_up: str | None = None

    def can_generate_metrics(self) -> bool:
        """True: its times and its characters are counted."""
        return True

    async def on_turn_context_completed(self) -> None:
        """Close the turn's audio at once, also when no sentence of it could be spoken.

        Pipecat takes a turn without audio for one whose audio is still on its way, and holds what
        is to be said next, an apology say, for 3 s.
        """
        self._is_yielding_frames_synchronously = True
        await super().on_turn_context_completed()  # type: ignore[no-untyped-call]

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Stream one sentence, from whichever voice says it.

        Once nobody could, the answer's other sentences are left out: each would be waited for.
        """
        if context_id == self._given_up:
            return
        saying = Saying(text, self._chain, self._phrases.pace)
        counted = False
        self._broke_off = None
        try:
            async with aclosing(saying.sound()) as sound:
                async for pcm in sound:
                    if not counted:
                        counted = True
                        await self.start_tts_usage_metrics(text)
                    await self.stop_ttfb_metrics()
                    yield TTSAudioRawFrame(pcm, RATE, 1, context_id=context_id)
        except ProviderError as error:
            logger.warning(f"nobody could speak: {error}")
            self._broke_off, self._given_up = saying.share, context_id
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            yield ErrorFrame(str(error), exception=cause)
        if saying.voice and saying.voice is not self._chain[0]:
            others = [voice for voice in self._chain if voice is not saying.voice]
            self._chain = [saying.voice, *others]

    async def append_to_audio_context(
        self, context_id: str | None, frame: Frame | WordTimestamp | None
    ) -> None:
        """Queue a frame; the text of a sentence that broke off tells how far its sound goes."""
        if isinstance(frame, TTSTextFrame) and self._broke_off is not None:
            frame.metadata[SAID], self._broke_off = self._broke_off, None
        await super().append_to_audio_context(context_id, frame)
