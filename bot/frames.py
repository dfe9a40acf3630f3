"""Tandem's own frames: what Pipecat has no word for.

All but one are system frames: they overtake queued ones, and keep their order among themselves.
"""

from dataclasses import dataclass, field

from pipecat.frames.frames import ControlFrame, SystemFrame, TTSTextFrame


@dataclass
class SpeechPausedFrame(SystemFrame):
    """The first silence inside or after a stretch of speech, long before VAD calls it the end.

    `audio`: the stretch so far, 16-bit mono PCM at `rate` hertz, with a second of what came before
    it. `number`: grows with every pause of a call. `silence`: seconds of silence so far.
    """

    audio: bytes
    rate: int
    number: int
    silence: float


@dataclass
class SpeechResumedFrame(SystemFrame):
    """The speech goes on after a pause too short to be an end."""


@dataclass
class HoldOutputFrame(SystemFrame):
    """Be silent at once, and keep what has not been heard yet."""


@dataclass
class ResumeOutputFrame(SystemFrame):
    """Go on where the output was held."""


@dataclass
class HeardWordsFrame(TTSTextFrame, SystemFrame):
    """Words that the caller has just heard.

    An ordinary text frame would wait in the context's queue, where an interruption that comes the
    next moment overtakes it: the words would be neither among the heard nor among the unheard.
    """


@dataclass
class AnswerWithdrawnFrame(ControlFrame):
    """Behind the last frame of a speculative answer that was withdrawn.

    The withdrawal itself (`EagerEndOfTurnCancelFrame`) overtakes frames of that answer; whoever
    drops the answer drops what comes until this one.
    """

    interruptible: bool = field(default=False, init=False)


SPECULATIVE = "speculative"
"""Key in the metadata of an `LLMFullResponseStartFrame` whose turn is not over yet."""

SAID = "said"
"""Key in the metadata of a `TTSTextFrame` whose voice broke off: the share of it that has sound."""
