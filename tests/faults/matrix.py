"""The fault table: which part fails, how, and when. `CELLS` are all that make sense, `EXCUSED` the
others, each with its reason."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tests.fakes import faults
from tests.fakes.faults import Fault, Kind


class Part(StrEnum):
    """What fails. Alone: nobody stands by."""

    STT = "STT"
    STT_ALONE = "STT alone"
    LLM = "LLM"
    LLM_ALONE = "LLM alone"
    TTS = "TTS"
    TTS_ALONE = "TTS alone"
    REALTIME = "Realtime"
    OPENCLAW = "OpenClaw"
    TWILIO = "Twilio REST"
    STORE = "store"

    @property
    def alone(self) -> bool:
        """Whether it is the only one of its stage."""
        return self in (Part.STT_ALONE, Part.LLM_ALONE, Part.TTS_ALONE)

    @property
    def stage(self) -> str:
        """`stt`, `llm`, `tts`, or the part's own name."""
        return self.removesuffix(" alone").lower()


class Phase(StrEnum):
    """When it fails."""

    GREETING = "greeting"
    FIRST_TURN = "first turn"
    MID_SENTENCE = "mid-sentence"
    TOOL_CALL = "tool call"


FAULTS: dict[str, Fault] = {
    "connection refused": faults.RESET,
    "401": faults.UNAUTHORIZED,
    "400": faults.BAD_REQUEST,
    "429": faults.RATE_LIMITED,
    "429 with Retry-After": Fault(Kind.STATUS, 429, retry_after=2.0),
    "500": faults.SERVER_ERROR,
    "503": faults.UNAVAILABLE,
    "hang": faults.HANG,
    "stall": faults.STALL,
    "socket closed": faults.CLOSED,
    "garbage": faults.GARBAGE,
    "5x slow": faults.SLOW,
}
"""By the name of the table's row."""


@dataclass(frozen=True)
class Cell:
    """One entry of the table."""

    part: Part
    fault: str
    phase: Phase

    def __str__(self) -> str:
        return f"{self.part}, {self.fault}, {self.phase}"

    @property
    def what(self) -> Fault:
        """How it shows on the wire."""
        return FAULTS[self.fault]

    @property
    def excuse(self) -> str:
        """Why this cannot happen, or ''."""
        return excuse(self.part, self.what, self.phase)


def excuse(part: Part, fault: Fault, phase: Phase) -> str:
    """Why a part cannot fail like this at this moment, or ''."""
    match part, phase:
        case Part.STT | Part.STT_ALONE, Phase.TOOL_CALL:
            return "nothing is transcribed while a tool works, unless a turn begins: 'first turn'"
        case Part.OPENCLAW, Phase.GREETING:
            return "OpenClaw is asked nothing before the caller has spoken"
        case Part.TWILIO, Phase.GREETING | Phase.MID_SENTENCE:
            return "Twilio is asked by REST to hang up ('first turn') and for tools, never between"
        case Part.REALTIME, Phase.GREETING if fault.kind is Kind.SLOW:
            return "the greeting is the house's own; a connection has no pace"
        case Part.STORE, Phase.GREETING | Phase.FIRST_TURN | Phase.MID_SENTENCE if (
            fault.status == 400
        ):
            return "a record that no database would take is dropped with a line for the operator"
        case Part.STORE, _ if fault.retry_after is not None:
            return "a database names no time to come back"
    return ""


@cache
def cells(*parts: Part) -> tuple[Cell, ...]:
    """Every cell of these parts (of all, if none is named), the excused ones too."""
    return tuple(
        Cell(part, fault, phase) for part in parts or Part for fault in FAULTS for phase in Phase
    )


def to_run(*parts: Part) -> tuple[Cell, ...]:
    """The cells that make sense."""
    return tuple(cell for cell in cells(*parts) if not cell.excuse)
