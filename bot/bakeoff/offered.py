"""Which tools a request is shown with, and the conversation that it stands in."""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any, Literal, cast, get_args

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContext

import tools
from bot.bakeoff.cases import Request, Said
from bot.brain.prompts import system_prompt
from bot.settings import Settings
from tools.catalog import Catalogue, every_tool
from tools.declare import Facts
from tools.schema import Signature
from tools.toolbox import Toolbox

Mode = Literal["choice", "all", "family"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""choice: what a turn of a call shows; all: every tool there is; family: only the families of the
tools that are expected, and none where none is: what a perfect choice would show."""

_EVERYTHING = {
    "BOT_NAME": "Tandem",
    "BOT_LANGUAGE": "en",
    "BOT_INSTRUCTIONS": "",
    "BOT_TOOLS": "all",
    "BOT_TIMEZONE": "UTC",
    "CONTACTS": "sales=+15550003331, reception=+15550003332, Dr Miller=+15550003333",
    "KNOWLEDGE_DIR": "documents",
    "YOUTUBE_API_KEY": "none",
    "PUBLIC_URL": "https://bot.example",
    "OPENCLAW_API_URL": "http://127.0.0.1:9",
    "OPENCLAW_API_TOKEN": "none",
}
"""Settings under which every tool is offered; the same everywhere, so that tables compare."""


@lru_cache(maxsize=1)
def facts() -> Facts:
    """A call on which every tool can work."""
    settings = Settings.load(None, **_EVERYTHING)
    return Facts(settings, screen=True, live_phone=True, sms=True, number=True, link=True)


@lru_cache(maxsize=1)
def system() -> str:
    """The system prompt of such a call."""
    return f"{system_prompt(facts().settings)}\n{Catalogue.for_call(facts()).prompt()}"


@lru_cache(maxsize=1)
def signatures() -> dict[str, Signature]:
    """What checks each tool's arguments, by its name."""
    names = {tool.name for tool in every_tool()}
    homes = (import_module(f"tools.{one.name}") for one in iter_modules(tools.__path__))
    return {
        name: Signature(function)
        for home in homes
        for name, function in vars(home).items()
        if name in names
    }


@lru_cache(maxsize=1)
def family_of() -> dict[str, str]:
    """The family of each tool, by its name."""
    return {tool.name: tool.family.name for tool in every_tool()}


def shown(request: Request, mode: Mode) -> list[FunctionSchema]:
    """The tools that the model sees when it is asked."""
    catalogue = Catalogue.for_call(facts())
    if mode == "all":
        return catalogue.all()
    if mode == "family":
        wanted = {family_of()[one.tool] for one in request.expected}
        return catalogue.of(*(name for name in catalogue.families if name in wanted))
    used: list[str] = []
    page, memory = SimpleNamespace(windows=request.windows), SimpleNamespace(used=used)
    box = cast(Toolbox, SimpleNamespace(page=page, memory=memory))
    catalogue.for_turn("", box)
    for step in request.before:
        if step.who == "caller":
            catalogue.for_turn(step.text, box)
        elif step.who == "tool":
            family = family_of()[step.tool]
            used[:] = [*(name for name in used if name != family), family]
    return catalogue.for_turn(request.says, box)


def context(request: Request, mode: Mode) -> LLMContext:
    """The conversation up to and with what the caller says."""
    messages: list[Any] = []
    for number, step in enumerate(request.before):
        messages += _messages(step, f"earlier{number}")
    messages.append({"role": "user", "content": request.says})
    found = LLMContext(messages)
    found.set_tools(shown(request, mode))  # type: ignore[arg-type]
    return found


def _messages(step: Said, call_id: str) -> list[dict[str, Any]]:
    if step.who != "tool":
        return [{"role": "user" if step.who == "caller" else "assistant", "content": step.text}]
    return called(step.tool, step.arguments, call_id, step.text)


def called(name: str, arguments: str, call_id: str, answer: str) -> list[dict[str, Any]]:
    """A tool call and its answer, as Pipecat keeps them in a context."""
    function = {"name": name, "arguments": arguments}
    call = {"id": call_id, "type": "function", "function": function}
    return [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": answer},
    ]
