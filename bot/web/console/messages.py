"""What the console's page and its server say to each other.

The page's TypeScript types are generated from these models, see `bot/web/typescript.py`. Moments
are ISO 8601 in UTC, '' where there is none; durations are seconds unless the name says otherwise.
Every text is plain text: much of it was said by strangers, and the page never reads it as HTML.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200)]


class Body(BaseModel):
    """Exactly these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ConsoleSession(Body):
    """Whether the page may be used. 'open': without a password, because this is the server's own
    machine and none is set; 'closed': from elsewhere, and none is set. `csrf` goes into the header
    `x-csrf-token` of whatever changes something."""

    state: Literal["signed_in", "signed_out", "open", "closed"]
    bot: str
    csrf: str
    message: str


class SignIn(Body):
    """The operator's password or token."""

    password: Annotated[str, Field(min_length=1, max_length=1_024)]


class ConsoleRefusal(Body):
    """Why a request was not done, in a sentence for the operator. `retry_after`: seconds."""

    code: Literal[
        "sign_in", "wrong", "wait", "closed", "foreign", "csrf", "invalid", "gone", "no", "away"
    ]
    message: str
    retry_after: int


class CallFacts(Body):
    """Whose call it is, and in which mode."""

    id: str
    channel: str
    direction: str
    caller: str
    callee: str
    mode: str
    mode_reason: str


class LiveCall(CallFacts):
    """A call that is not over. `worker`: the process that has it, if it can be reached from here;
    `near`: whether it can. `wait_ms`: of the last answer, from the caller's last sound to the
    bot's first; 0 before the first."""

    worker: int
    near: bool
    providers: dict[str, str]
    state: str
    stage: Literal["ringing", "listening", "caller", "thinking", "bot", "ending", "elsewhere"]
    started_at: str
    turn: int
    wait_ms: int
    errors: int
    speaker: str
    words: str
    recorded: bool


class LiveLine(Body):
    """Something said or done in a call. `key` names it: a later one with the same key replaces it.
    `what`: 'speech', 'greeting', 'dtmf', 'notice', 'event', 'times', 'whisper'."""

    key: str
    at: str
    speaker: str
    what: str
    turn: int
    text: str
    unheard: str
    final: bool


class Breaker(Body):
    """A provider's circuit breaker."""

    name: str
    state: str
    detail: str


class Load(Body):
    """How this process is. `lag_ms`: the event loop's worst delay of the last ten seconds.
    `unwritten`: records that wait for the database. `mode`: what new calls get; `prices`: mode ->
    estimated dollars a minute, where known. `modes`: another text whenever something has been set
    about modes, by whomever."""

    worker: int
    workers: int
    calls: int
    limit: int
    lag_ms: float
    memory_mb: int
    unwritten: int
    refusal: str
    breakers: list[Breaker]
    mode: str
    modes: str
    prices: dict[str, float]


class LiveUpdate(Body):
    """What has changed since the last one. `whole`: forget everything from before. `lines` belong
    to the call that was asked for."""

    whole: bool
    calls: list[LiveCall]
    gone: list[str]
    lines: list[LiveLine]
    load: list[Load]


class Whisper(Body):
    """An instruction that the bot is given in mid-call; the caller does not hear it."""

    text: Annotated[str, Field(min_length=1, max_length=1_000)]


class Transfer(Body):
    """To whom a caller is handed: a contact's name, or a number in E.164."""

    to: Annotated[str, Field(min_length=1, max_length=100)]
    summary: Annotated[str, Field(max_length=600)] = ""


class Done(Body):
    """An order was carried out."""

    message: str
