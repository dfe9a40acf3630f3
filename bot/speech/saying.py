"""One sentence, said by the voices of a chain: what one has not said, the next says."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from bot.failover.link import Link, Rules
from bot.failover.relay import Relay
from bot.speech.speakers import RATE, Sound, Speaker

AT_ONCE_SECONDS, HELD_SECONDS = 0.5, 0.3
"""Of a voice that does not tell which words it has said, the first half second is passed on at
once, of the rest all but the last 0.3 s: if it breaks off, what is passed on ends with a word."""
CHARACTERS_PER_SECOND = 15.0
"""English read aloud, where the voice's own pace is not known."""
RULES = Rules(late=(1.4, 2.0), stall=1.5, impatient=1.4)
"""A voice is not doubled: two of them in a sentence are worse than one that begins late. So the
next is asked soon: nothing else can be said while a voice is waited for."""


class Saying:
    """One sentence. Used once.

    Args:
        text: What is to be said.
        chain: The voices, best first.
        pace: Seconds a character takes.

    Attributes:
        voice: The link that has spoken last.
    """

    def __init__(self, text: str, chain: Sequence[Link[Speaker]], pace: float) -> None:
        self.voice: Link[Speaker] | None = None
        self._text, self._chain = text, chain
        self._pace = pace or 1 / CHARACTERS_PER_SECOND
        self._begin = 0  # index at which the present voice has begun
        self._said: int | None = None
        self._passed = 0  # bytes of the present voice
        self._held = bytearray()
        self._ready = b""
        self._speaker: Speaker | None = None

    @property
    def share(self) -> float:
        """How much of the text has been passed on, by its characters: 0 … 1."""
        said = self._passed / (2 * RATE) / self._pace if self._said is None else self._said
        return min(1.0, (self._begin + said) / max(1, len(self._text)))

    async def sound(self) -> AsyncGenerator[bytes, None]:
        """16-bit mono PCM at RATE, as it comes.

        Raises:
            ProviderError: none of the voices has said the rest of it.
        """
        relay: Relay[Speaker, Sound] = Relay(self._chain, self._ask, RULES, stall=self._stall)
        try:
            async with aclosing(relay.pieces()) as pieces:
                async for _, sound in pieces:
                    if pcm := self._take(sound):
                        yield pcm
        finally:
            self.voice = next((v for v in self._chain if v.service is self._speaker), None)
        if rest := self._ready + bytes(self._held):
            yield rest

    def _stall(self) -> float:
        """A voice that shares the machine with the calls may make long pauses."""
        link = next((v for v in self._chain if v.service is self._speaker), None)
        return link.patience if link and not link.hedges else RULES.stall

    def _ask(self, speaker: Speaker) -> AsyncGenerator[Sound, None]:
        self._take_over()
        self._speaker = speaker
        rest = self._text[self._begin :]
        return speaker.speak(rest) if rest.strip() else _nothing()

    def _take(self, sound: Sound) -> bytes:
        """Keep a piece; return what can be passed on by now."""
        ready, self._ready = self._ready, b""
        self._said = sound.said
        self._held += sound.pcm
        came = self._passed + len(self._held)
        keep = 0
        if sound.said is None:
            keep = min(_bytes(HELD_SECONDS), max(0, came - _bytes(AT_ONCE_SECONDS)))
        give = max(0, len(self._held) - keep)
        pcm = bytes(self._held[:give])
        del self._held[:give]
        self._passed += give
        return ready + pcm

    def _take_over(self) -> None:
        """The next voice begins behind the last word that was said; the rest is forgotten."""
        came = self._passed + len(self._held)
        if self._said is not None:
            said = self._said
        else:
            reached = int(came / (2 * RATE) / self._pace)
            part = self._text[self._begin :]
            said = len(part) if reached >= len(part) else part.rfind(" ", 0, reached + 1) + 1
            whole = min(came, _bytes(said * self._pace))
            self._ready += bytes(self._held[: max(0, whole - self._passed)])
        self._begin += said
        self._passed, self._said = 0, None
        self._held.clear()


async def _nothing() -> AsyncGenerator[Sound, None]:
    return
    yield  # pragma: no cover - makes it a generator


def _bytes(seconds: float) -> int:
    return round(seconds * RATE) * 2
