"""Delegated tasks in one live call: results, news and deep answers reach the caller from here.

A result is told as soon as nobody speaks, comes again if it was not heard, and is put into the
context as the answer of `bot_task_status`, so that the model can read on. Who is told what, and
what happens without a live call, is for `bot.deliveries` to say.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.utils.string import match_endofsentence

from bot.call import Call
from bot.errors import StoreError
from bot.messages import TaskNews, TaskNewsKind
from bot.openclaw.asked import CallTasks
from bot.openclaw.deep import DeepBrain
from bot.openclaw.elsewhere import LOOK_SECONDS
from bot.openclaw.task import Kept, News, Outcome, Task
from bot.openclaw.thinking import Thinker
from pipelines.handoff_context import answered, remind
from pipelines.handoff_lines import GAP_SECONDS, TaskLines
from pipelines.handoff_words import Report, task_sentences
from pipelines.presence import Presence

if TYPE_CHECKING:
    from pipelines.conversation import Conversation

PAUSE_SECONDS = 0.7
"""Of silence before a result is told."""
ANSWER_SECONDS = 2.5
"""The same after a question of the bot's own: the caller is about to answer it."""
WAIT_SECONDS = 180.0
"""So long a silent caller is taken to wait for a task; then they are asked if they are there."""
MOST_TRIES = 4
"""A result that was cut off so often is sent or kept instead."""
TROUBLE_SECONDS = 15.0
"""Before the tasks' database is asked again when it did not answer."""
_LOOK_SECONDS = 0.25


class Handoff:
    """One call's part of the hand-off.

    Attributes:
        brain: What its tools use.
        over: The call is over.
        on_close: Told when it is closed.

    Args:
        call: The call.
        caller: Who may hear of a task in another call; '' if that is not known.
        tasks: The caller's tasks; None without OpenClaw.
        thinker: Answers one question; None if nobody can.
        language: Of the call.
    """

    def __init__(
        self,
        call: Call,
        caller: str,
        tasks: CallTasks | None,
        thinker: Thinker | None,
        language: str,
    ) -> None:
        self.call, self.caller, self.over = call, caller, False
        self.on_close: Callable[[], None] = lambda: None
        self.brain = DeepBrain(tasks, thinker, self.speak, self.dismiss)
        self._tasks, self._sentences = tasks, task_sentences(language)
        self._presence = Presence(call)
        self._lines = TaskLines(self._presence, self._sentences, self._begin)
        self._ended = asyncio.Event()
        self._reports: list[Report] = []
        self._work: set[asyncio.Task[None]] = set()

    def attach(self, talk: "Conversation") -> None:
        """Speak in this conversation from now on; another one of the same call may follow it."""
        first = not self._presence.there.is_set()
        self._presence.attach(talk)
        talk.care.expecting = self.expecting
        talk.assistants.add_event_handler("on_summary_applied", self._recall)
        if first and self._tasks:
            self._begin(self._tell_what_waits(self._tasks))

    async def close(self) -> None:
        """The conversation is over: what was not heard is delivered otherwise."""
        self.over = True
        self.on_close()
        self._ended.set()
        for work in list(self._work):
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def expecting(self) -> bool:
        """Whether a silent caller may be waiting for a task."""
        waits = self._lines.waited_for or bool(self._reports)
        return waits and self._presence.caller_silent_seconds < WAIT_SECONDS

    # -- what the delivery asks for

    async def deliver(self, task: Task, outcome: Outcome, *, away: bool = False) -> bool:
        """Tell an outcome; True once it was heard, False if the call is over first.

        Args:
            task: The task.
            outcome: Its outcome.
            away: It is of an earlier call.
        """
        report = Report(task, outcome, self._sentences, away=away)
        self._reports.append(report)
        telling = asyncio.create_task(self._deliver(report), name=f"tell-{task.id}")
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({telling, ended}, return_when=asyncio.FIRST_COMPLETED)
            return telling.done() and telling.result()
        finally:
            self._reports.remove(report)
            for one in (telling, ended):
                one.cancel()
            await asyncio.gather(telling, ended, return_exceptions=True)

    def news(self, task: Task, news: News) -> None:
        """Pass on what has happened to a task; returns at once."""
        self._show(task, news.kind, news.text)
        self._lines.news(task, news)

    # -- what the tools ask for

    async def speak(self, pieces: AsyncIterator[str]) -> str:
        """Say an answer as it comes; see `DeepBrain`."""
        talk, telling = self._presence.talk, self._presence.telling
        async with self._presence.voice:
            said: list[str] = []
            telling.begin()
            bridging = asyncio.create_task(self._lines.bridge())
            try:
                async with aclosing(_sentences(pieces)) as sentences:
                    async for sentence in sentences:
                        bridging.cancel()
                        if telling.was_cut:
                            break
                        said.append(sentence)
                        telling.asked_for()
                        await talk.speak(sentence, True)
                        bridging = asyncio.create_task(self._bridge_rest(" ".join(said)))
                bridging.cancel()
                return await telling.heard(" ".join(said)) if said else ""
            finally:
                bridging.cancel()
                telling.end()

    async def _bridge_rest(self, said: str) -> None:
        """The caller has heard what came so far, and the rest does not come."""
        await self._presence.telling.heard(said)
        await self._lines.bridge(GAP_SECONDS)

    def dismiss(self) -> bool:
        """Say no more of results that are being told or wait to be; False if there are none."""
        for report in self._reports:
            report.dismissed = True
        return bool(self._reports)

    # -- inside

    async def _deliver(self, report: Report) -> bool:
        presence, tries = self._presence, 0
        other = presence.telling.other
        mark = len(other)
        while tries < MOST_TRIES:
            await presence.quiet(self._pause)
            if report.dismissed:
                return True
            if report.told_by(" ".join(other[mark:])):
                self._make_known(report)
                return True
            if presence.voice.locked():
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            tries += 1
            if await self._tell(report):
                return True
        return False

    async def _tell(self, report: Report) -> bool:
        text, telling = report.text(), self._presence.telling
        async with self._presence.voice:
            telling.begin(lambda: self._make_known(report))
            telling.asked_for()
            try:
                await self._presence.talk.speak(text, True)
                return report.heard(await telling.heard(text))
            finally:
                telling.end()
                self._lines.spoke()

    def _make_known(self, report: Report) -> None:
        """Put the whole result into the context, once: as what a status tool has answered."""
        if report.known:
            return
        report.known = True
        talk = self._presence.talk
        talk.context.add_messages(answered(f"result_{report.task.id[:16]}", report.for_model()))
        if talk.hands:
            talk.hands.keep("delegation")
        if report.found:
            self._show(report.task, "result", report.found)

    async def _tell_what_waits(self, tasks: CallTasks) -> None:
        """Results of earlier calls that nobody could be told, and those of tasks that another
        process works on, as they come."""

        async def say(kept: Kept) -> bool:
            return await self.deliver(kept.task, kept.outcome, away=not kept.live)

        tried: set[str] = set()
        more = True
        while more:
            try:
                # Asked first: what ends meanwhile is found below.
                more = await tasks.elsewhere()
                for kept in await tasks.waiting():
                    if kept.task.id not in tried:
                        tried.add(kept.task.id)
                        await tasks.hand_over(kept, say)
            except StoreError as error:
                logger.warning(f"call {self.call.id}: results that wait are not told: {error}")
                await asyncio.sleep(TROUBLE_SECONDS)
            if more:
                await asyncio.sleep(LOOK_SECONDS)

    async def _recall(self, *_: Any) -> None:
        """The conversation's beginning was summarised: no task under way is lost with it."""
        try:
            under_way = await self._tasks.open() if self._tasks else []
        except StoreError as error:
            logger.warning(f"call {self.call.id}: the model is not reminded of its tasks: {error}")
            return
        if under_way:
            remind(self._presence.talk.context, under_way)

    def _show(self, task: Task, kind: TaskNewsKind, text: str) -> None:
        if self._presence.there.is_set():
            news = TaskNews(task=task.id, title=task.title, kind=kind, text=text)
            self._presence.talk.journal.task(news)

    def _pause(self) -> float:
        return ANSWER_SECONDS if self._presence.telling.asked else PAUSE_SECONDS

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _sentences(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Text that comes in pieces, sentence by sentence."""
    text = ""
    async for piece in pieces:
        text += piece
        # With nothing behind it a full stop may be a decimal point.
        while 0 < (end := match_endofsentence(text)) < len(text):
            yield text[:end].strip()
            text = text[end:]
    if text.strip():
        yield text.strip()
