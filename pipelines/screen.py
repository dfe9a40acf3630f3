"""The caller's page, wired to a conversation: what it is told and what comes back from it.

In the room, messages travel as RTVI server messages, the tools' commands as RTVI UI commands; what
the page says comes back as RTVI UI events, which the room's transport has checked. A phone caller's
page has a line of its own (`tools.beside`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, TranscriptionFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frameworks.rtvi.frames import RTVIUICommandFrame
from pipecat.processors.frameworks.rtvi.models import UIEventMessage
from pipecat.utils.time import time_now_iso8601

from bot.call import Call
from bot.messages import AnyMessage, Session, page_frame
from pipelines.turn_start import TYPED
from tools.beside import Beside
from tools.page import Page
from tools.toolbox import Toolbox

if TYPE_CHECKING:
    from pipelines.conversation import Conversation

Push = Callable[[Frame], Coroutine[Any, Any, None]]
"""Sends a frame on."""
MOST_REPEATED = 200
"""Messages that a page which comes back after a break is told again: the last dozen turns."""
OPENED = (
    "The caller has opened the page beside this call. From now on they see there what you show, "
    "and tools that show something work."
)
CLOSED = (
    "The caller's page beside this call is closed: nothing can be shown any more, unless you are "
    "told that it is open again."
)
ENDED_SECONDS = 1.0
"""After a pipeline's end, until it is certain whether the call is over or goes on in another."""


class Screen:
    """What one call's page is told, and what it tells.

    Args:
        worker: The conversation's; its RTVI is enabled.
        push: Sends a frame to where the page's observer sees it.
        session: What the page is told of the call when it is there.
    """

    def __init__(
        self,
        worker: PipelineWorker,
        push: Push,
        session: Session,
    ) -> None:
        self._worker = worker
        self._push = push
        self._session = session
        self._told: deque[AnyMessage] = deque(maxlen=MOST_REPEATED)
        self._came = False
        worker.rtvi.add_event_handler("on_client_ready", self._ready)

    def show(self, message: AnyMessage) -> None:
        """Tell the page something."""
        self._told.append(message)
        self._send(page_frame(message))

    def connect(self, page: Page, typed: Push) -> None:
        """Let the tools use the page, and take what is typed there as the caller's turn.

        Args:
            page: The tools' side of it.
            typed: Takes a `TranscriptionFrame` with the typed words to where turns are judged.
        """

        async def command(name: str, payload: dict[str, Any]) -> None:
            await self._push(RTVIUICommandFrame(command=name, payload=payload))

        async def event(_: Any, message: Any) -> None:
            if isinstance(message, UIEventMessage):
                page.heard(message.data.event, message.data.payload)

        def words(text: str) -> None:
            self._worker.create_task(typed(typed_turn(text)))

        page.connect(command)
        page.on_typed = words
        self._worker.rtvi.add_event_handler("on_ui_message", event)

    def _send(self, frame: Frame) -> None:
        self._worker.create_task(self._push(frame))

    async def _ready(self, _: Any) -> None:
        """The page is there, for the first time or again; what it missed meanwhile is repeated."""
        await self._push(page_frame(self._session))
        again, self._came = self._came, True
        if again:
            for message in list(self._told):
                await self._push(page_frame(message))


class SideScreen:
    """The page beside a phone call: the tools have it as long as it is open.

    Args:
        worker: The conversation's.
        box: The call's tools'; `page` is set and taken away here.
        beside: The page.
        typed: Takes typed words to where turns are judged.
    """

    def __init__(self, worker: PipelineWorker, box: Toolbox, beside: Beside, typed: Push) -> None:
        self._worker = worker
        self._box = box
        self._beside = beside
        beside.page.on_typed = lambda text: self._do(typed(typed_turn(text)))
        beside.attach(self._came, self._went)
        worker.add_event_handler("on_pipeline_finished", self._finished)

    def show(self, message: AnyMessage) -> None:
        """Tell the page something, open or not: it may be opened later."""
        self._beside.show(message)

    def _came(self) -> None:
        logger.info(f"call {self._box.call.id}: the page beside it is open")
        self._box.page = self._beside.page
        self._tell_model(OPENED)

    def _went(self) -> None:
        logger.info(f"call {self._box.call.id}: the page beside it is closed")
        self._box.page = None
        self._tell_model(CLOSED)

    def _tell_model(self, text: str) -> None:
        frame = LLMMessagesAppendFrame([{"role": "developer", "content": text}], run_llm=False)
        self._do(self._worker.queue_frame(frame))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._box.call.over:
            work.close()
        else:
            self._worker.create_task(work)

    async def _finished(self, *_: Any) -> None:
        asyncio.get_running_loop().call_later(ENDED_SECONDS, self._beside.ended)


def open_screen(talk: "Conversation", call: Call) -> Screen | SideScreen | None:
    """The screen of a conversation; None on a phone call that can have none."""
    parts, box = talk.parts, talk.parts.toolbox
    if call.channel == "phone":
        beside = box.beside if box and box.facts.link else None
        if box is None or beside is None:
            return None
        return SideScreen(talk.worker, box, beside, talk.ear.push_frame)
    session = Session(
        call=call.id,
        mode=call.mode,
        reason=call.mode_reason,
        models=dict(parts.labels),
        tools=list(parts.catalogue.families) if parts.catalogue else [],
    )
    screen = Screen(talk.worker, talk.heard.push_frame, session)
    if box and box.page:
        screen.connect(box.page, talk.ear.push_frame)
    return screen


def typed_turn(text: str) -> TranscriptionFrame:
    """The frame that ends the caller's turn with words that they have typed."""
    frame = TranscriptionFrame(text.strip(), "", time_now_iso8601(), finalized=True)
    frame.metadata[TYPED] = True
    return frame
