"""One utterance of a caller: what is said, by whom, with which silences."""

from dataclasses import dataclass, field
from typing import Literal

Half = Literal["tuning", "held-back"]
Kind = Literal[
    "question", "phrase", "clause", "sentence", "hesitation", "number", "human",
    "long", "note", "job", "barge-in", "backchannel", "cough",
]  # fmt: skip
"""`human`: a person's speech with a pause inside. `long`: a question with a long answer. `note`: to
be noted. `job`: to be handed over. The last three are said into the bot's speech."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A talker made from the one packaged voice: `pitch` scales it, `speed` its pace."""

    name: str
    pitch: float
    speed: float
    level: float = 1.0


@dataclass(frozen=True, slots=True)
class Take:
    """A piece of a recording: `entry` of `bench.recordings.SOURCES[source]`, in seconds."""

    source: str
    entry: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One utterance: `parts` are texts with a silence of `gaps` seconds between neighbours.

    `takes` are the parts' recordings; without any, the embedded voice speaks them.
    """

    name: str
    kind: Kind
    voice: Voice
    parts: tuple[str, ...]
    gaps: tuple[float, ...] = ()
    half: Half | None = None
    takes: tuple[Take, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """Everything that is said."""
        return " ".join(self.parts)


GAPS = (0.4, 0.8, 1.2)
"""Seconds of silence inside a clip."""
