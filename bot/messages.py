"""What a conversation tells the page that shows it, beyond Pipecat's own RTVI messages.

Each message travels as the data of one RTVI `server-message`; `page_frame()` wraps it. The page's
TypeScript types are generated from these models (`python -m bot.web.typescript`), so a field is
named in one place. Every text is plain text: a page must never read it as HTML.

Turns count from 1 with each utterance of the caller that the bot answers; what the bot says
unasked before that (the greeting) belongs to turn 0.
"""

from typing import Annotated, Literal, TypeAlias

from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame
from pydantic import BaseModel, ConfigDict, Field

Speaker = Literal["caller", "bot"]
Stage = Literal["vad", "stt", "turn", "llm", "clause", "tts", "sent", "voice_to_voice"]
"""Where a turn's time goes; `pipelines.timing` has what each means. They add up to the last, from
the caller's last sound to the bot's first."""

TaskNewsKind = Literal[
    "started", "progress", "slow", "retrying", "parked", "steered", "finished", "result"
]

TurnNumber = Annotated[int, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Caption(_Message):
    """What one side has said in a turn, whole, so far: a later one replaces an earlier one.

    `final` says that nothing more will come; the bot's text grows as it is spoken.
    """

    type: Literal["caption"] = "caption"
    speaker: Speaker
    turn: TurnNumber
    text: str
    final: bool


class Cut(_Message):
    """The caller broke in: of the bot's words in this turn, `heard` were played, `unheard` not."""

    type: Literal["cut"] = "cut"
    turn: TurnNumber
    heard: str
    unheard: str


class TurnTimes(_Message):
    """How long each stage of a turn took, in seconds. A stage that was not measured is left out;
    sent again when more is known."""

    type: Literal["turn"] = "turn"
    turn: TurnNumber
    stages: dict[Stage, Seconds]


class Notice(_Message):
    """A sentence for whoever looks at the page: something is slow, was retried, went wrong."""

    type: Literal["notice"] = "notice"
    text: str


class Trouble(_Message):
    """A line for the operator, as it stands in the call's record: what went wrong, or was retried.
    `kind` is one word or two."""

    type: Literal["trouble"] = "trouble"
    kind: str
    detail: str


class Session(_Message):
    """Who is on the line: the call's id, its mode and why, each stage's service and model, and the
    families of tools that the model has."""

    type: Literal["session"] = "session"
    call: str
    mode: str
    reason: str
    models: dict[str, str]
    tools: list[str]


class TaskNews(_Message):
    """Something has happened to a job that was delegated.

    `task` is the job's id, `title` names it in a few words. `text` of `progress` says what is being
    done, of `steered` what was added, of `finished` how it ended ('completed', 'failed',
    'cancelled'), of `result` is all that was found; it comes when the bot begins to tell it.
    """

    type: Literal["task"] = "task"
    task: str
    title: str
    kind: TaskNewsKind
    text: str


class Hold(_Message):
    """The bot's voice. `held`: silent at once, for the caller makes a sound; what is under way to
    the page will come again. `resumed`: it goes on. `dropped`: nobody wants what was under way any
    more, only what comes after it."""

    type: Literal["hold"] = "hold"
    state: Literal["held", "resumed", "dropped"]


class Ended(_Message):
    """The bot has said its last words: the page may hang up. `reason` is the call's end reason."""

    type: Literal["ended"] = "ended"
    reason: str


AnyMessage: TypeAlias = (
    Caption | Cut | TurnTimes | Notice | Trouble | Session | TaskNews | Hold | Ended
)
PageMessage: TypeAlias = Annotated[AnyMessage, Field(discriminator="type")]


def page_frame(message: AnyMessage) -> RTVIServerMessageFrame:
    """The frame that carries `message` to the page; push it anywhere in the pipeline.

    On a phone call it goes nowhere: Twilio's serializer drops RTVI messages.
    """
    return RTVIServerMessageFrame(data=message.model_dump(mode="json"))
