"""What the model may do in a conversation besides talking: its tools, wired to the pipeline.

The rules that tools run under are the tools' own (`tools.running`); here they learn what only the
pipeline knows: which generation was interrupted, which turn it is, when the bot is quiet, how to
say that something takes a moment, how to end the call after the goodbye.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService

from pipelines.journal import Journal
from pipelines.turn_clause import clause
from pipelines.turn_start import Floor
from pipelines.turn_words import refuses, words_of
from tools.catalog import Catalogue
from tools.generations import Generations
from tools.toolbox import Toolbox, ToolFailed

QUIET_SECONDS = 15.0
"""How long a tool waits for the bot's words to be heard."""
_LOOK_SECONDS = 0.05


class Hands:
    """One conversation's tools.

    Args:
        box: What the tools may use; the pipeline's part of it is filled in here.
        catalogue: The tools of this call.
        context: The conversation; its tools are set here.
        floor: Tells whether the bot speaks.
        journal: Told what was done; knows the turn.
        leave: Ends the call after the next answer, unless the caller speaks first.
        let_me_see: Says that it takes a moment.
    """

    def __init__(
        self,
        box: Toolbox,
        catalogue: Catalogue,
        context: LLMContext,
        floor: Floor,
        journal: Journal,
        *,
        leave: Callable[[str], Awaitable[None]],
        let_me_see: Callable[[], Awaitable[None]],
    ) -> None:
        self.box = box
        self._catalogue = catalogue
        self._context = context
        self._floor = floor
        self._let_me_see = let_me_see
        self._hang_up = leave
        self._words = ""
        self._generations = Generations()
        box.turn = lambda: journal.turn
        box.refused = self._refused
        box.still_wanted = self._generations.wanted
        box.end_call = self._leave
        box.quiet = self._quiet
        box.filler = self._fill
        box.on_done = journal.tool
        self.offer("")

    def listen(self, llm: LLMService[Any]) -> None:
        """Follow which tools the model calls."""

        async def called(_: Any, calls: Any) -> None:
            self._generations.called(call.tool_call_id for call in calls)

        llm.add_event_handler("on_function_calls_started", called)

    def offer(self, words: str) -> None:
        """Show the model the tools for what the caller has said; called before it is asked."""
        self._words = words or self._words
        self._context.set_tools(self._catalogue.for_turn(words, self.box))  # type: ignore[arg-type]

    def keep(self, family: str) -> None:
        """Show the model a family from now on, whatever the caller says."""
        self._catalogue.keep(family)
        self.offer("")

    def interrupted(self) -> None:
        """The caller has the floor: what was called until now must not act any more."""
        self._generations.interrupted()

    async def close(self) -> None:
        """Let writes that were under way finish; each has its own limit."""
        await self.box.close()

    async def _leave(self, reason: str) -> None:
        """Hang up after the goodbye, but not on a caller who has not said theirs: small models
        take many a sentence for one."""
        table = words_of(self.box.settings.BOT_LANGUAGE)
        if table.closings and not clause(self._words, table).has(table.closings):
            raise ToolFailed(
                "Not done: the caller has not said goodbye. Answer what they have said."
            )
        await self._hang_up(reason)

    def _refused(self) -> bool:
        return refuses(self._words, words_of(self.box.settings.BOT_LANGUAGE))

    async def _quiet(self) -> None:
        async with asyncio.timeout(QUIET_SECONDS):
            while self._floor.sounds:  # noqa: ASYNC110 - two strategies set it
                await asyncio.sleep(_LOOK_SECONDS)

    async def _fill(self, _: str) -> None:
        if not self._floor.sounds:
            await self._let_me_see()
