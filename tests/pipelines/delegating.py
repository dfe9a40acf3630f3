"""A whole call that may delegate: `Talk` with tools, on real tasks and the gateway's stand-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from types import SimpleNamespace
from typing import Any

import pytest

from bot.call import Call
from bot.deep import Deep
from bot.deliveries import Deliveries
from bot.openclaw import tasks as tasks_module
from bot.openclaw.gateway import Gateway
from bot.openclaw.tasks import Tasks
from bot.openclaw.thinking import GatewayThinker
from bot.settings import Settings
from pipelines.cascade import Parts
from pipelines.handoff_words import task_sentences
from tests.fakes.openclaw_gateway import TOKEN, OpenClawGateway
from tests.fakes.script import Ask, Brain, CallTool, Message, Pause, Say
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.durable_in_memory import InMemory
from tests.pipelines.talk import Talk
from tools.catalog import Catalogue
from tools.toolbox import Toolbox

CALLER = "+15550001111"


@dataclass
class Texts:
    """Twilio's REST API as far as text messages go. `error` is raised instead of sending."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    error: Exception | None = None

    async def send_message(self, to: str, from_: str, body: str) -> str:
        if self.error:
            raise self.error
        self.sent.append((to, body))
        return "SM1"


class House:
    """The process: one gateway, its tasks, the calls on them."""

    def __init__(self, openclaw: OpenClawGateway, texting: bool) -> None:
        self.openclaw, self.texts = openclaw, Texts()
        self.lines: list[tuple[str | None, str, str]] = []
        sender = {"TWILIO_PHONE_NUMBER": "+15550002222"} if texting else {}
        self.settings = Settings.load(
            None, OPENCLAW_API_URL=openclaw.url, OPENCLAW_API_TOKEN=TOKEN, **sender
        )
        self.deliveries = Deliveries(
            self.texts,  # type: ignore[arg-type]
            self.settings.TWILIO_PHONE_NUMBER,
            "Tandem",
            task_sentences("en"),
            lambda *line: self.lines.append(line),
        )
        self.tasks: Tasks
        self.deep: Deep

    async def open(self, **changes: Any) -> None:
        client = Gateway(self.openclaw.url, TOKEN)
        options: dict[str, Any] = {"bot": "Tandem", "limit": 600.0, "most": (3, 20)} | changes
        self.tasks = await Tasks.open(
            client,
            self.deliveries,
            SimpleNamespace(server=SimpleNamespace(id="me")),  # type: ignore[arg-type]
            "",
            operator=lambda kind, detail, call_id: self.lines.append((call_id, kind, detail)),
            **options,
        )
        thinker = GatewayThinker(client, "Tandem")
        self.deep = Deep(self.settings, self.deliveries, self.tasks, thinker)

    def talk(self, script: Brain, *, call: Call | None = None, **kwargs: Any) -> "Delegating":
        """A call, to be scripted and run."""
        return Delegating(self, script, call=call, **kwargs)

    def kinds(self) -> list[str]:
        """The kinds of the operator's lines."""
        return [kind for _, kind, _ in self.lines]


class Delegating(Talk):
    """A `Talk` with tools."""

    def __init__(self, house: House, script: Brain, *, call: Call | None, **kwargs: Any) -> None:
        super().__init__(script, **kwargs)
        self.house = house
        self.call = call or self.call
        self.pieces: Parts | None = None

    def parts(self, call: Call) -> Parts:
        box = Toolbox(call, self.house.settings, None, None, self.house.texts)  # type: ignore[arg-type]
        self.pieces = changed(
            super().parts(call),
            toolbox=box,
            catalogue=Catalogue.for_call(box.facts),
            handoff=self.house.deep.handoff(box),
        )
        return self.pieces


@asynccontextmanager
async def a_house(
    clock: VirtualTime, monkeypatch: pytest.MonkeyPatch, *, texting: bool = True, **changes: Any
) -> AsyncIterator[House]:
    """A house in virtual time; `changes` go to `Tasks.open`."""

    async def nothing(*_: Any) -> set[str]:
        return set()

    async def nobody(*_: Any) -> bool:
        return False

    InMemory.clock = clock
    monkeypatch.setattr(tasks_module, "Durable", InMemory)
    monkeypatch.setattr(tasks_module, "enlist", nothing)
    monkeypatch.setattr(tasks_module, "living", nothing)
    monkeypatch.setattr(tasks_module, "in_call_elsewhere", nobody)
    async with OpenClawGateway(first_token=0.2, token_delay=0.01) as openclaw:
        house = House(openclaw, texting)
        await house.open(**changes)
        try:
            yield house
        finally:
            await house.tasks.close()


def heard_results(ask: Ask) -> list[str]:
    """What the model was given of results that were delivered."""
    return [m.text for m in ask.messages if m.role == "tool" and m.call_id.startswith("result_")]


def delegate(*jobs: str) -> Brain:
    """A brain that hands over each job when the caller asks for it by its first word, and says
    that it is on it."""

    def brain(ask: Ask) -> Any:
        if ask.results:
            return "I am on it." if "Begun" in ask.results[-1] else "Hm."
        for job in jobs:
            if job.split()[0] in ask.user.lower():
                return CallTool("bot_openclaw_task", {"task": job})
        return f"You said {ask.user}."

    return brain


def valid(messages: tuple[Message, ...]) -> bool:
    """Whether every tool result follows its call, and every call has its result."""
    open_calls: list[str] = []
    for message in messages:
        if message.role == "tool":
            if message.call_id not in open_calls:
                return False
            open_calls.remove(message.call_id)
        elif open_calls:
            return False
        else:
            open_calls = [call_id for call_id, _, _ in message.calls]
    return not open_calls


def work(seconds: float, text: str) -> list[Any]:
    """Replies of an agent that shows signs of life, works so long and then answers."""
    return [[CallTool("exec", {})], [Pause(seconds), Say(text)]]
