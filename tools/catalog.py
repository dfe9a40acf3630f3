"""Which tools there are: all of them, those of one call, and those that a turn shows the model.

catalogue = Catalogue.for_call(box.facts)
context.set_tools(catalogue.shown_first())          # before the first answer
context.set_tools(catalogue.for_turn(words, …))     # before each answer
prompt += catalogue.prompt()
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.services.llm_service import FunctionCallParams

import tools
from bot.settings import Settings
from tools.choice import Shown
from tools.declare import Facts, Family, Terms, terms_of
from tools.running import run_tool
from tools.schema import Signature
from tools.toolbox import Toolbox, toolbox

ORDER = (
    *("phone", "notes", "knowledge", "calculator", "profile", "delegation"),
    *("youtube", "windows", "soundtrack", "views", "canvas", "sprites"),
)
"""The families as BOT_TOOLS names them, in the order in which a model that sees all gets them."""


FOR_A_SLOW_MODEL = ("phone", "notes")
"""What the embedded model is shown, always the same: with every new family it would have to read
its whole prompt again, which takes two cores some 15 s."""
LINK = "bot_send_screen_link"
"""The tool that brings the caller a page; where it is not offered, none will come."""
GRACE_SECONDS = 5.0
"""After a tool's own limit, until Pipecat gives its call up."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: whose family, on which terms, what the model is told of it."""

    family: Family
    terms: Terms
    schema: FunctionSchema

    @property
    def name(self) -> str:
        """Its name, `bot_…`."""
        return self.schema.name

    def offered(self, facts: Facts) -> bool:
        """Whether it can work on a call."""
        screen = self.family.screen or self.terms.screen
        return (facts.screen or not screen) and self.family.needs(facts) and self.terms.needs(facts)


def for_a_slow_model(settings: Settings) -> tuple[str, ...]:
    """The families that the embedded model is shown in every call, and when its prompt is read at
    the start."""
    return (*FOR_A_SLOW_MODEL, "delegation") if settings.OPENCLAW_API_URL else FOR_A_SLOW_MODEL


@lru_cache(maxsize=1)
def every_tool() -> tuple[Tool, ...]:
    """All tools of all families, in the families' order and the order of writing."""
    found: dict[str, list[Tool]] = {}
    for module in sorted(iter_modules(tools.__path__), key=lambda one: one.name):
        if module.ispkg:
            continue
        loaded = import_module(f"tools.{module.name}")
        family = getattr(loaded, "FAMILY", None)
        if isinstance(family, Family):
            found[family.name] = list(_tools_of(loaded, family))
    ranks = {name: rank for rank, name in enumerate(ORDER)}
    names = sorted(found, key=lambda name: ranks.get(name, len(ORDER)))
    return tuple(tool for name in names for tool in found[name])


def _tools_of(module: Any, family: Family) -> Iterable[Tool]:
    for name, function in vars(module).items():
        if name.startswith("bot_") and inspect.iscoroutinefunction(function):
            if function.__module__ != module.__name__:
                continue
            terms, signature = terms_of(function), Signature(function)
            yield Tool(family, terms, _schema(family, terms, signature))


def _schema(family: Family, terms: Terms, signature: Signature) -> FunctionSchema:
    async def handler(params: FunctionCallParams) -> None:
        used = toolbox(params).memory.used
        if family.name in used:
            used.remove(family.name)
        used.append(family.name)
        await run_tool(signature, terms, params)

    handler.__name__ = signature.name
    # The tool's own limit comes first; without one here, the service's would cut long tools off.
    tool_options(handler, timeout_secs=terms.seconds + GRACE_SECONDS)
    return FunctionSchema(
        name=signature.name,
        description=signature.description,
        properties=signature.properties,
        required=signature.required,
        handler=handler,
    )


class Catalogue:
    """The tools of one call, and which of them the model has been shown.

    Args:
        offered: The tools that can work on this call.
        cannot: What the bot cannot do on this call, each to end the sentence 'You cannot …'.
        fixed: Families that are shown all the time, and no others; () chooses turn by turn.
        on_page: The tools that can work while the caller's page beside the call is open, if there
            may be one.
        only_there: What the bot can do only then, worded as `cannot`.
    """

    def __init__(
        self,
        offered: Iterable[Tool],
        cannot: Iterable[str] = (),
        fixed: tuple[str, ...] = (),
        on_page: Iterable[Tool] = (),
        only_there: Iterable[str] = (),
    ) -> None:
        self.tools = self._usual = tuple(offered)
        self._on_page = tuple(on_page)
        self._fixed = fixed
        self.cannot = tuple(dict.fromkeys(cannot))
        self._only_there = tuple(dict.fromkeys(only_there))
        self._shown = Shown(_families(self.tools))

    @classmethod
    def for_call(
        cls,
        facts: Facts,
        among: Iterable[Tool] | None = None,
        fixed: tuple[str, ...] = (),
    ) -> "Catalogue":
        """The tools whose family is switched on, whose channel fits and whose service is there.

        Args:
            facts: What is so on this call.
            among: The tools to choose from; all there are by default.
            fixed: Families that are shown all the time, and no others.
        """
        every = tuple(every_tool() if among is None else among)
        offered, cannot = _sorted(every, facts)
        if facts.screen or fixed or not any(tool.name == LINK for tool in offered):
            return cls(offered, cannot, fixed)
        on_page, never = _sorted(every, replace(facts, screen=True))
        return cls(offered, never, fixed, on_page, (one for one in cannot if one not in never))

    @property
    def families(self) -> tuple[str, ...]:
        """The names of the families that have a tool on this call."""
        return tuple(dict.fromkeys(tool.family.name for tool in self.tools))

    def all(self) -> list[FunctionSchema]:
        """Every tool of this call, for a model that is shown all of them."""
        return [tool.schema for tool in self.tools]

    def of(self, *families: str) -> list[FunctionSchema]:
        """The tools of these families, in the families' order as given."""
        return [t.schema for name in families for t in self.tools if t.family.name == name]

    def for_turn(self, words: str, box: Toolbox | None = None) -> list[FunctionSchema]:
        """The tools to show for what the caller has just said; what was shown stays in its place.

        Args:
            words: The caller's words; '' before the first.
            box: Tells which windows are open and which families were used lately.
        """
        if self._on_page and box:
            self._follow(box.page is not None)
        if self._fixed:
            return self.of(*self._fixed)
        windows = box.page.windows if box and box.page else ()
        used = tuple(box.memory.used) if box else ()
        return self.of(*self._shown.add(words, windows, used))

    def keep(self, family: str) -> None:
        """Show a family from now on: what one of its tools has answered is in the context."""
        self._shown.keep(family)

    def prompt(self) -> str:
        """What the system prompt must say of tools on this call; fixed for the whole call."""
        lines = [
            "Use a tool when the caller asks for what it does, and never say that something was "
            "done unless a tool has answered that it was.",
        ]
        if self.cannot:
            lines.append(
                "On this call you cannot " + "; ".join(self.cannot) + ". Asked for it, say so."
            )
        if self._only_there:
            lines.append(
                "While the caller has no page open, you cannot "
                + "; ".join(self._only_there)
                + ". "
                f"Asked for it, offer to text them the page's address ({LINK}). You are told when "
                "they have opened it; from then on you can, until you are told that it is closed."
            )
        return "\n".join(f"- {line}" for line in lines)

    def _follow(self, page: bool) -> None:
        """Offer the tools that need a page while there is one, and only then."""
        now = self._on_page if page else self._usual
        if now is not self.tools:
            self.tools = now
            self._shown.among(_families(now))


def _families(tools: Iterable[Tool]) -> tuple[Family, ...]:
    return tuple(dict.fromkeys(tool.family for tool in tools))


def _sorted(every: Iterable[Tool], facts: Facts) -> tuple[list[Tool], list[str]]:
    """The tools that can work, and what cannot be done without the others."""
    enabled = facts.settings.BOT_TOOLS
    offered: list[Tool] = []
    cannot: list[str] = []
    for tool in every:
        on = "all" in enabled or tool.family.name in enabled
        if on and tool.offered(facts):
            offered.append(tool)
            continue
        whole = not on or not tool.family.needs(facts) or (tool.family.screen and not facts.screen)
        cannot.append(tool.family.cannot if whole else tool.terms.cannot)
    return offered, [one for one in cannot if one]
