"""The caller's page, wired to a conversation: what it is told and what comes back from it.

Messages travel as RTVI server messages, the tools' commands as RTVI UI commands; what the page says
comes back as RTVI UI events, which the room's transport has checked.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frameworks.rtvi.frames import RTVIUICommandFrame
from pipecat.processors.frameworks.rtvi.models import UIEventMessage
from pipecat.utils.time import time_now_iso8601

from bot.messages import AnyMessage, Session, page_frame
from pipelines.turn_start import TYPED
from tools.page import Page

Push = Callable[[Frame], Coroutine[Any, Any, None]]
"""Sends a frame on."""
MOST_REPEATED = 200
"""Messages that a page which comes back after a break is told again: the last dozen turns."""


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


def typed_turn(text: str) -> TranscriptionFrame:
    """The frame that ends the caller's turn with words that they have typed."""
    frame = TranscriptionFrame(text.strip(), "", time_now_iso8601(), finalized=True)
    frame.metadata[TYPED] = True
    return frame
