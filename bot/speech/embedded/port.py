"""A loopback port that stays ours while the process that serves it comes and goes."""

import socket

from bot.errors import EmbeddedError


class ReservedPort:
    """Holds a port without listening on it.

    Both sockets set SO_REUSEPORT, so the child can listen on the same port; while no child lives
    a connection is refused at once, which is what a client should see.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._socket: socket.socket | None = None

    def reserve(self) -> int:
        """The port's number; picks a free one when 0 was wanted.

        Raises:
            EmbeddedError: it is taken.
        """
        if self._socket is None:
            try:
                if self._wanted:
                    self._check_free()
                self._socket = socket.socket()
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                self._socket.bind(("127.0.0.1", self._wanted))
            except OSError as error:
                self.release()
                text = f"port {self._wanted} of the embedded models can't be used"
                raise EmbeddedError(f"{text}: {error.strerror}") from error
            self._wanted = self._socket.getsockname()[1]
        return self._wanted

    def release(self) -> None:
        """Gives the port back."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _check_free(self) -> None:
        with socket.socket() as probe:  # without SO_REUSEPORT: fails beside any other owner
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self._wanted))
