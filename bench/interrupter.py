"""A caller who speaks while the bot does: barge-ins, backchannels and coughs."""

from collections.abc import Sequence

import numpy as np

from bench.caller import Caller, Frames, Interjection
from bench.clips import FRAME, HZ
from bench.playout import Playout
from bench.standin import LONG_ANSWER
from bot.telephony import mulaw
from tests.fakes import voice

HOLE_SECONDS = 0.25
"""A silence of the bot from this length on is heard as one; its own voice has none so long."""
_AFTER_SECONDS = (1.2, 2.6)
"""When the caller speaks up, from the answer's first sound."""
_QUIET_SECONDS = 3.0
"""Silence of the bot after which it is done: one that takes a cough for a turn answers by then."""
_EFFECT_SECONDS = 2.5
"""A silence of the bot that begins later than this after an interjection is not its effect."""
_WORDS = 3
"""So many first and last words tell whether an answer began and ended."""


class Interrupter(Caller):
    """Asks, and says every second clip into the answer to the one before it."""

    def __init__(self, server: str, path: str, number: int, *, hasty: bool = False) -> None:
        super().__init__(server, path, number, hasty=hasty)
        self._out.keep = True

    async def _converse(self, start: float, clips: Sequence[Frames]) -> None:
        heard = await self._answer(start)
        self.report.first_audio = None if heard is None else heard - start
        await self._silence()
        for question, interjection in zip(clips[::2], clips[1::2], strict=True):
            _, last = await self._say(question)
            heard = await self._answer(last)
            if heard is None:
                continue
            due = heard + self._random.uniform(*_AFTER_SECONDS)
            await self._wait(due)
            first, last = await self._say(interjection)
            if interjection.clip.scene.kind == "barge-in":
                await self._answer(last)
            await self._until(lambda: self._now() >= self._out.end + _QUIET_SECONDS)
            self.report.interjections.append(judge(interjection, self._out, heard, first))

    async def _wait(self, due: float) -> None:
        await self._until(lambda: self._now() >= due)


def judge(said: Frames, out: Playout, answered: float, first: float) -> Interjection:
    """What an interjection did.

    Args:
        said: The clip.
        out: What the caller heard, with its sound.
        answered: When the answer was first heard.
        first: When the interjection's first voiced frame was sent.
    """
    scene, length = said.clip.scene, len(said.clip.pcm) / HZ
    text = _plain(voice.hear(mulaw.decode(out.sound(answered - FRAME / HZ)), HZ))
    words = _plain(LONG_ANSWER).split()
    return Interjection(
        scene=scene.name,
        kind=scene.kind,
        silent=silent_after(out.voiced, first),
        paused=longest_hole(out.voiced, first, first + length + _EFFECT_SECONDS),
        complete=_heard(" ".join(words[-_WORDS:]), text),
        again=text.count(" ".join(words[:_WORDS])) > 1,
        last=" ".join(text.split()[-2 * _WORDS :]),
    )


def silent_after(voiced: Sequence[float], since: float) -> float:
    """Seconds from `since` until the bot's voice stops for `HOLE_SECONDS`; 0 if it was silent."""
    after = np.asarray([time for time in voiced if time > since - FRAME / HZ])
    if not after.size or after[0] > since + HOLE_SECONDS:
        return 0.0
    holes = np.flatnonzero(np.diff(after) >= HOLE_SECONDS + FRAME / HZ)
    last = after[holes[0]] if holes.size else after[-1]
    return float(last + FRAME / HZ - since)


def longest_hole(voiced: Sequence[float], since: float, until: float) -> float:
    """The longest silence of the bot that begins between two times and that its voice ended.

    0 if none is heard.
    """
    times = np.asarray(voiced)
    starts, silences = times[:-1] + FRAME / HZ, np.diff(times) - FRAME / HZ
    begun = silences[(starts > since - HOLE_SECONDS) & (starts < until)]
    longest = float(begun.max()) if begun.size else 0.0
    return longest if longest >= HOLE_SECONDS else 0.0


def _heard(words: str, text: str) -> bool:
    """Whether words were heard, but for a letter: one may be lost in reading where a sound ends."""
    return any(words[:at] + words[at + 1 :] in text for at in range(len(words))) or words in text


def _plain(text: str) -> str:
    kept = "".join(c if c.isalpha() or c.isspace() else " " for c in text.lower())
    return " ".join(kept.split())
