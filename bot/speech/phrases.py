"""Sentences rendered before they are needed: the greeting, apologies, the goodbye.

Rendered once per voice and text, kept on disk and in memory. They are spoken at once, and even
while the voice's provider is down.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from loguru import logger

from bot.errors import ProviderError

PHRASE_RATE = 24_000
"""Hertz; what every provider here can deliver as 16-bit mono PCM."""

MOST_FAILURES = 3
"""Of one voice, after which it is not asked for the other sentences now."""

_MAX_BYTES = PHRASE_RATE * 2 * 60

Synthesize = Callable[[str], Awaitable[bytes]]
"""Text to 16-bit mono PCM at PHRASE_RATE. Raises ProviderError."""


class Phrases:
    """Rendered sentences of one voice. `get()` never waits; `prepare()` fills it.

    Args:
        folder: Where renderings are kept; made when missing.
        voice: Everything that changes the sound: provider, model, voice, language.
    """

    def __init__(self, folder: Path, voice: str) -> None:
        self._folder = folder
        self._voice = voice
        self._audio: dict[str, bytes] = {}
        self._borrowed: set[str] = set()

    def get(self, text: str) -> bytes | None:
        """The rendering of `text`, or None where there is none (yet)."""
        return self._audio.get(text)

    @property
    def pace(self) -> float:
        """Seconds that a character takes in this voice; 0 where nothing is rendered."""
        characters = sum(map(len, self._audio))
        seconds = sum(map(len, self._audio.values())) / (2 * PHRASE_RATE)
        return seconds / characters if characters else 0.0

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Those that this voice has not rendered yet."""
        return [text for text in texts if text not in self._audio or text in self._borrowed]

    async def borrow(self, texts: Iterable[str], synthesize: Synthesize) -> None:
        """Render with another voice what this one could not; not kept on disk."""
        for text in self.missing(texts):
            try:
                self._audio[text] = await synthesize(text)
            except ProviderError as error:
                logger.warning(f"sentence not rendered by another voice either: {error}")
                return
            self._borrowed.add(text)

    async def prepare(self, texts: Iterable[str], synthesize: Synthesize) -> None:
        """Load or render every text; one that cannot be rendered is logged and left out, and the
        rest with it where the voice is down: calls wait for this."""
        failures = 0
        for text in self.missing(texts):
            path = self._path(text)
            audio = await asyncio.to_thread(_read, path)
            if audio is None:
                try:
                    audio = await synthesize(text)
                except ProviderError as error:
                    logger.warning(f"sentence not rendered before the call: {error}")
                    failures += 1
                    if failures == MOST_FAILURES:
                        return
                    continue
                await asyncio.to_thread(_write, path, audio)
            if audio:
                self._audio[text] = audio
                self._borrowed.discard(text)

    def _path(self, text: str) -> Path:
        key = hashlib.sha256(f"{self._voice}\n{text}".encode()).hexdigest()
        return self._folder / f"{key[:40]}.pcm"


def _read(path: Path) -> bytes | None:
    try:
        audio = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning(f"cannot read a rendered sentence: {error}")
        return None
    return audio if 0 < len(audio) <= _MAX_BYTES and len(audio) % 2 == 0 else None


def _write(path: Path, audio: bytes) -> None:
    """Write at once or not at all; a full disk costs the next start a rendering, no more."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            part.write(audio)
        Path(part.name).replace(path)
    except OSError as error:
        logger.warning(f"cannot keep a rendered sentence: {error}")
