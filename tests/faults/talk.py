"""What is said in the cells' calls: the caller's questions, and what every model answers.

No words of one answer come twice, and none of another's: what is heard twice was said twice.
"""

from dataclasses import dataclass
from typing import Any

from tests.fakes.script import Ask, CallTool, Pause, Say
from tests.faults.matrix import Cell, Part, Phase


@dataclass(frozen=True)
class Question:
    """What the caller asks.

    Args:
        words: The question; with " | " where the caller pauses in its middle.
        answer: What the model says.
        tool: What it calls before.
        failed: What it says instead when the tool has not done it.
        middle: Seconds that it thinks after its first sentence.
    """

    words: str
    answer: str
    tool: CallTool | None = None
    failed: str = ""
    middle: float = 0.0

    @property
    def text(self) -> str:
        """The question as it is transcribed."""
        return self.words.replace(" | ", " ")


TIME = Question(
    "What time is it?", "It is noon in London now. The sun stands high above our river."
)
LONG = Question(TIME.words, TIME.answer, middle=0.8)
HALTING = Question("I would like to know | what time it is in London.", TIME.answer)
NEXT = Question("And what about Paris?", "Over there one hour later.")
SUM = Question(
    "What is six times seven?",
    "That makes fortytwo altogether.",
    CallTool("bot_calculate", {"expression": "6 * 7"}),
)
BYE = Question(
    "Thank you, goodbye.",
    "Farewell, take care.",
    CallTool("bot_end_call", {"reason": "caller said goodbye"}),
)
TEXT = Question(
    "Please text me your address.",
    "You have it on your phone.",
    CallTool("bot_send_sms", {"text": "Bakery, Mill Lane 3"}),
    failed="Sadly I could not send that.",
)
NOTE = Question(
    "Tell Doctor Miller that I am late.",
    "She will read this soon.",
    CallTool("bot_take_message", {"for_whom": "Doctor Miller", "text": "I am late."}),
    failed="Sadly nothing was written down.",
)
JOB = Question(
    "Please research the best ferry.",
    "My colleague looks into that.",
    CallTool("bot_openclaw_task", {"task": "Research the best ferry to Crete."}),
    failed="Sadly nobody can do this.",
)
DEEP = Question(
    "Please think hard why bread rises.",
    "Yeast eats sugar and breathes out gas. Tiny bubbles lift every loaf until heat sets it.",
    CallTool("bot_think_deeply", {"question": "Why does bread rise?"}),
    failed="Sadly I do not know either.",
)
_ALL = (TIME, HALTING, NEXT, SUM, BYE, TEXT, NOTE, JOB, DEEP)


def first_of(cell: Cell) -> Question:
    """What the caller of a cell asks when the fault is there, or comes."""
    match cell.part, cell.phase:
        case Part.TWILIO, Phase.FIRST_TURN:
            return BYE
        case Part.TWILIO, _:
            return TEXT
        case Part.STORE, Phase.TOOL_CALL:
            return NOTE
        case Part.OPENCLAW, Phase.MID_SENTENCE:
            return DEEP
        case Part.OPENCLAW, _:
            return JOB
        case Part.STT | Part.STT_ALONE, Phase.MID_SENTENCE:
            return HALTING
        case _, Phase.TOOL_CALL:
            return SUM
        case Part.LLM | Part.LLM_ALONE, Phase.MID_SENTENCE:
            return LONG
        case _:
            return TIME


class Mind:
    """Answers every model's requests in one cell. `tool_asked` is told when it calls a tool."""

    def __init__(self, cell: Cell) -> None:
        self._questions = (first_of(cell), *_ALL)

    def __call__(self, ask: Ask) -> list[Any]:
        """What to emit: a tool's call, an answer, or what is missing of one."""
        for place in reversed(range(len(ask.messages))):
            message = ask.messages[place]
            question = self._asked(message.text) if message.role == "user" else None
            if question:
                return self._answer(question, ask.messages[place:])
        return [Say("Pardon me.")]

    def _asked(self, text: str) -> Question | None:
        last = [(text.rfind(q.text), q) for q in self._questions if q.text in text]
        return max(last, key=lambda found: found[0])[1] if last else None

    def _answer(self, question: Question, messages: Any) -> list[Any]:
        results = [m.text for m in messages if m.role == "tool"]
        if question.tool and not results:
            return [question.tool]
        text = question.answer
        if question.tool and question.failed and _failed(results[-1]):
            text = question.failed
        elif question is DEEP:
            return [Say("Fine.")]
        said = " ".join(m.text.strip() for m in messages if m.role == "assistant").strip()
        if said and text.startswith(said):
            return [Say(text[len(said) :])]
        first, dot, rest = text.partition(". ")
        if question.middle and rest:
            return [Say(f"{first}{dot}"), Pause(question.middle), Say(rest)]
        return [Say(text)]


def agent(ask: Ask) -> list[Any]:
    """What OpenClaw's agent does: a word at the warm-up, an answer to a question, a long job."""
    if "Why does bread rise" in ask.user:
        first, dot, rest = DEEP.answer.partition(". ")
        return [Say(f"{first}{dot}"), Pause(1.0), Say(rest)]
    if "ferry" in ask.user:
        return [Pause(60.0), Say("The night boat is best.")]
    return [Say("ready")]


def _failed(result: str) -> bool:
    return "Not done" in result or "not" in result.split(".")[0].lower()
