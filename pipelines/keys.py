"""Keys that a caller presses, gathered into numbers that stay whole."""

import asyncio
from typing import Any

from pipecat.frames.frames import Frame, MetricsFrame
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.frame_processor import FrameDirection


class Keys(DTMFAggregator):
    """Pipecat's aggregator, except that its pause counts from the last key.

    Pipecat's own clock runs always, so on a slow machine it may fall due in the middle of the first
    key, which is then sent alone.
    """

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Gather keys; metrics end here, observers have seen them."""
        if not isinstance(frame, MetricsFrame):
            await super().process_frame(frame, direction)

    async def _handle_dtmf_frame(self, frame: Any) -> None:
        self._digit_event.set()
        await super()._handle_dtmf_frame(frame)

    async def _aggregation_task_handler(self) -> None:
        while True:
            await self._digit_event.wait()
            self._digit_event.clear()
            try:
                async with asyncio.timeout(self._idle_timeout):
                    await self._digit_event.wait()
            except TimeoutError:
                if self._aggregation and not self._digit_event.is_set():
                    await self._flush_aggregation()  # type: ignore[no-untyped-call]
