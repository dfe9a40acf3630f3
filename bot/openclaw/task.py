"""A delegated task: what is kept of it, what becomes of it, and who is told."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, Self

from bot.errors import TandemError

Urgency = Literal["low", "normal", "high"]
Status = Literal["completed", "cancelled", "failed"]
Delivered = Literal["spoken", "texted", "kept", "silent"]
NewsKind = Literal["started", "progress", "slow", "retrying", "parked", "steered", "finished"]


class TooManyTasks(TandemError):
    """No more tasks at once.

    Args:
        per_call: How many one call may have, if it is that limit; 0: the one in all.
    """

    def __init__(self, per_call: int = 0) -> None:
        self.per_call = per_call
        super().__init__(
            f"{per_call} tasks of this call are under way already"
            if per_call
            else "too many tasks of all callers are under way"
        )


@dataclass(frozen=True, slots=True)
class Task:
    """A job for the deep agent.

    `caller` identifies who may hear of it beyond this call (a number in E.164, or another lasting
    name); '' if nobody can. `number` is where an SMS may go, '' if nowhere. `created` is in
    seconds since the epoch, `limit` in seconds.
    """

    id: str
    call_id: str
    caller: str
    number: str
    text: str
    urgency: Urgency
    created: float
    limit: float

    @property
    def title(self) -> str:
        """The task in a few words, to speak of it."""
        words = self.text.split()
        return " ".join(words[:12]) + (" …" if len(words) > 12 else "")

    def to_dict(self) -> dict[str, Any]:
        """As it is kept in the database."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        """From `to_dict`."""
        return cls(**kept)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task. `text` is the answer, or for the operator why there is none."""

    status: Status
    text: str = ""

    @property
    def summary(self) -> str:
        """The first paragraph: the one or two sentences that are made to be spoken."""
        return self.text.strip().partition("\n\n")[0].strip()

    @property
    def details(self) -> str:
        """What comes after the summary, or ''."""
        return self.text.strip().partition("\n\n")[2].strip()


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a task, for the page and for a short spoken line.

    kind:
        started, finished: as they say; `text` of finished is the outcome's status.
        progress: `text` says what the agent does ("Exec print text").
        slow: nothing was heard from the agent for `tasks.SLOW_SECONDS`, or its model does not
            answer: it takes longer.
        retrying: it could not be begun or has failed, and is tried again.
        parked: it cannot be done now; nobody knows whether it still runs, so it is not tried
            again but asked after.
        steered: a change has reached the agent.
    """

    kind: NewsKind
    text: str = ""


class Delivery(Protocol):
    """How a task's owner is told; handed in by the room that knows the calls. It does not raise
    for reasons of its own: what raises here counts as not delivered."""

    async def speak(self, task: Task, outcome: Outcome) -> bool:
        """Tell the outcome in the owner's live call. Returns when it was heard, with True; False
        if there is no such call, or it ended first."""

    async def text(self, task: Task, outcome: Outcome) -> bool:
        """Send the outcome by SMS to `task.number`. False if that cannot be done."""

    async def tell(self, task: Task, news: News) -> None:
        """Pass on news. Called in order, and not waited for by the work."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished task whose outcome waits for a call of its caller's.

    `offered`: how many hand-overs there were before, heard by nobody. `live`: it is new, and the
    process that has worked on it waits for another one to tell it.
    """

    task: Task
    outcome: Outcome
    offered: int
    live: bool = False
