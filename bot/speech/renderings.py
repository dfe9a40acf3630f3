"""The rendered sentences of every voice that calls may have."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.providers import Endpoint
from bot.speech.phrases import Phrases


class Renderings:
    """`Phrases` by voice.

    Args:
        folder: Where renderings are kept.
        synthesize: A voice and a text to 16-bit mono PCM at PHRASE_RATE; raises ProviderError.
    """

    def __init__(
        self, folder: Path, synthesize: Callable[[Endpoint, str], Awaitable[bytes]]
    ) -> None:
        self._folder = folder
        self._synthesize = synthesize
        self._by_voice: dict[str, Phrases] = {}

    def of(self, voice: Endpoint) -> Phrases:
        """The sentences of a voice; none is there before `prepare`."""
        key = "|".join((voice.provider, voice.base_url, voice.model, voice.voice))
        if key not in self._by_voice:
            self._by_voice[key] = Phrases(self._folder, key)
        return self._by_voice[key]

    async def prepare(self, voices: Sequence[Endpoint], texts: Sequence[str]) -> None:
        """Load or render every text in every voice, in their order; what fails is left out."""
        for voice in voices:

            async def render(text: str, voice: Endpoint = voice) -> bytes:
                return await self._synthesize(voice, text)

            await self.of(voice).prepare(texts, render)
