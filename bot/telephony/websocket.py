"""uvicorn's websocket protocol with two short cuts for what a media stream sends 50 times a second.

Twilio's messages come as one whole masked text frame in one piece of TCP. Such a piece is unmasked
on the spot; `websockets`' parser reads frames bit by bit through a chain of generators. And an
application may have text messages where they arrive (`divert`), without a queue, a wake-up and
another round of the event loop for each. Together they save 2.5 of 6.5 ms of CPU per second of
call. Everything else, a split or fragmented message, a ping, a close, goes the usual way.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

_WHOLE_TEXT = 0x81
"""First byte of a frame (RFC 6455, 5.2): final, no extension, text."""
_MASKED_16_BIT_LENGTH = 0xFE
"""Second byte: masked, and the length is in the next two."""
_HEAD = 8
"""Two bytes, two of length, four of mask."""

TEXTS = "tandem.texts"
"""The ASGI extension's name; its value in a websocket's scope is `divert`."""


class MediaWebSocketProtocol(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=…)`.

    Leans on `conn.reader.buffer`, `conn.current_size` and `conn.state` of websockets 17 and on
    `scope`, `queue`, `frames`, `curr_msg_data_type`, `handle_connect` and
    `send_receive_event_to_app` of uvicorn 0.54; tests hold them to it.
    """

    _take: Callable[[str], bool] | None = None

    def divert(self, take: Callable[[str], bool]) -> None:
        """From now on offer each text message to `take` as it arrives.

        Those that it declines (returns False) are received as usual. It must not raise.
        """
        self._take = take

    def handle_connect(self, event: Any) -> None:
        """Tell the application that its messages can be diverted."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # none, when the handshake was refused
        if scope is not None:
            scope["extensions"][TEXTS] = self.divert

    def send_receive_event_to_app(self) -> None:
        """Hand over a whole message; a diverted one never overtakes what waits to be received."""
        if (
            self._take is not None
            and self.curr_msg_data_type == "text"
            and self.queue.empty()
            and not self.close_sent
        ):
            try:
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                text = ""
            if text and self._take(text):
                self.frames = []
                return
        super().send_receive_event_to_app()

    def data_received(self, data: bytes) -> None:
        """Take a piece of TCP."""
        conn: Any = self.conn
        if (
            len(data) > _HEAD
            and data[0] == _WHOLE_TEXT
            and data[1] == _MASKED_16_BIT_LENGTH
            and len(data) == _HEAD + (data[2] << 8 | data[3])
            and not conn.reader.buffer
            and conn.current_size is None
            and conn.state is State.OPEN
        ):
            self.curr_msg_data_type = "text"
            self.frames = [apply_mask(data[_HEAD:], data[4:_HEAD])]
            self.send_receive_event_to_app()
        else:
            super().data_received(data)
