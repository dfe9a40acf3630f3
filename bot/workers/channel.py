"""The line between the front and one worker: orders, reports, and connections.

A message is JSON, or an accepted connection with what was read from it. It travels over a pair of
Unix sockets that keep messages apart (`SOCK_SEQPACKET`, unix(7)), with the descriptor beside it.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

from loguru import logger

from bot.errors import TandemError

LONGEST = 192 * 1024
"""Bytes of a message; the kernel takes 208 KiB by default."""
_CONNECTION, _NOTE = b"C", b"N"
_AGAIN_SECONDS = 0.005

OnConnection = Callable[[socket.socket, bytes], None]
OnNote = Callable[[dict[str, Any]], None]


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new line.

    Raises:
        TandemError: this system has no such sockets.
    """
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except (AttributeError, OSError):
        raise TandemError("WORKERS: more than one needs Linux; set WORKERS=1") from None


class Channel:
    """One end of a line. Messages come in order; none is lost while both ends live.

    Args:
        end: This end's socket; closed by `close()`.
        on_note: Told of each report or order.
        on_connection: Given each connection and what was read from it.
        on_end: Called once when the other end is gone.
    """

    def __init__(
        self,
        end: socket.socket,
        on_note: OnNote,
        on_connection: OnConnection | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        end.setblocking(False)
        self._end = end
        self._on_note, self._on_connection, self._on_end = on_note, on_connection, on_end
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._loop.add_reader(end.fileno(), self._read)

    async def note(self, **content: Any) -> None:
        """Send a report or an order; OSError when the other end is gone."""
        await self._send(_NOTE + json.dumps(content).encode(), [])

    async def connection(self, connection: socket.socket, received: bytes) -> None:
        """Send a connection; OSError when the other end is gone. The caller closes its own."""
        await self._send(_CONNECTION + received, [connection.fileno()])

    def close(self) -> None:
        """Hang up."""
        if self._end.fileno() >= 0:
            self._loop.remove_reader(self._end.fileno())
            self._end.close()

    async def _send(self, message: bytes, descriptors: list[int]) -> None:
        async with self._sending:
            while True:
                try:
                    socket.send_fds(self._end, [message], descriptors)
                    return
                except BlockingIOError:  # a worker that is behind; the wait is its client's
                    await asyncio.sleep(_AGAIN_SECONDS)

    def _read(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(
                self._end, LONGEST, 1, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            self.close()
            if self._on_end:
                self._on_end()
            return
        kind, content = message[:1], message[1:]
        try:
            if kind == _NOTE:
                self._on_note(json.loads(content))
            elif descriptors and self._on_connection:
                self._on_connection(socket.socket(fileno=descriptors[0]), content)
        except Exception:
            logger.exception("a message between the processes was not understood")
