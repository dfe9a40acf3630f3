"""A call whose tools are called as a model calls them, without a model."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from pipecat.services.llm_service import FunctionCallParams

from bot.call import Call
from bot.settings import Settings
from bot.store.store import Store
from bot.telephony.twilio import TwilioRest
from tests.fakes.public_apis import PublicApis
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi
from tools.catalog import every_tool
from tools.page import Page
from tools.toolbox import Toolbox

CALLER, BOT = "+15550001111", "+15550002222"
HANDLERS = {tool.name: tool.schema.handler for tool in every_tool()}

Answer = Callable[[str, dict[str, Any]], dict[str, Any] | None]


class FakePage:
    """A page that does what it is told, unless a test says what it answers."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.answer: Answer = lambda *_: {"ok": True}
        self.page = Page(self._send, seconds=0.2)

    async def _send(self, command: str, payload: dict[str, Any]) -> None:
        self.commands.append((command, payload))
        answer = self.answer(command, payload)
        if answer is not None:
            told = {"request": payload["request"], "windows": self.page.windows, **answer}
            asyncio.get_running_loop().call_soon(self.page.heard, "ui.done", told)

    @property
    def last(self) -> tuple[str, dict[str, Any]]:
        """The last command, its payload without the request's number."""
        name, payload = self.commands[-1]
        return name, {key: value for key, value in payload.items() if key != "request"}


@dataclass
class Scene:
    """One call: `await scene("bot_create_note", title=…)` returns what the model is told."""

    box: Toolbox
    at: int = 1
    wanted: bool = True
    screen: FakePage | None = None
    ended: list[str] = field(default_factory=list)
    fillers: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    _ids: int = 0

    def params(self, name: str, arguments: Any, answers: list[str]) -> FunctionCallParams:
        """What Pipecat hands a tool."""
        self._ids += 1

        async def result(value: Any, *, properties: Any = None) -> None:
            answers.append(value)

        return FunctionCallParams(
            function_name=name,
            tool_call_id=f"call_{self._ids}",
            arguments=arguments,
            llm=None,  # type: ignore[arg-type]
            pipeline_worker=None,  # type: ignore[arg-type]
            context=None,  # type: ignore[arg-type]
            result_callback=result,
            app_resources=self.box,
        )

    async def __call__(self, name: str, /, **arguments: Any) -> str:
        return await self.raw(name, arguments)

    async def raw(self, name: str, arguments: Any) -> str:
        """Call a tool with whatever a model sent."""
        answers: list[str] = []
        handler = HANDLERS[name]
        assert handler
        await handler(self.params(name, arguments, answers))
        assert len(answers) == 1
        assert isinstance(answers[0], str)
        assert answers[0]
        return answers[0]

    def next_turn(self) -> None:
        """The caller speaks again."""
        self.at += 1


def scene(
    store: Store,
    http: httpx2.AsyncClient,
    *,
    apis: PublicApis | None = None,
    twilio: TwilioApi | None = None,
    channel: str = "phone",
    caller: str = CALLER,
    **settings: Any,
) -> Scene:
    """A call on a stand-in world; `channel='room'` has a page."""
    given: dict[str, Any] = {"PUBLIC_URL": "https://bot.example"}
    given |= apis.settings() if apis else {}
    if twilio:
        given |= {
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "TWILIO_API_URL": twilio.origin,
            "TWILIO_PHONE_NUMBER": BOT,
        }
    loaded = Settings.load(None, **given | settings)
    call = Call(channel, caller=caller, callee=BOT, provider_call_id="CA" + "1" * 32)  # type: ignore[arg-type]
    call.connected()
    screen = FakePage() if channel == "room" else None
    box = Toolbox(
        call,
        loaded,
        store,
        http,
        twilio=TwilioRest.from_settings(loaded),
        page=screen.page if screen else None,
    )
    made = Scene(box, screen=screen)

    async def end(reason: str) -> None:
        made.ended.append(reason)

    async def fill(name: str) -> None:
        made.fillers.append(name)

    box.turn = lambda: made.at
    box.still_wanted = lambda _: made.wanted
    box.end_call, box.filler = end, fill
    box.on_done = lambda end: made.outcomes.append(end.outcome)
    return made


def folder_with(folder: Path, **texts: str) -> Path:
    """A folder of markdown files."""
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    return folder
