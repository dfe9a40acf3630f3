"""The socket of the server's address: bound at once, listening when calls can be served."""

import socket

from bot.errors import TandemError

BACKLOG = 1024
"""Connections that wait to be accepted; the kernel may allow fewer."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on `host` and `port` that refuses connections until `open_up`; with port 0 the
    system picks one.

    A server whose start fails has never taken a connection, so whoever balances load keeps to
    the others.

    Raises:
        TandemError: the address cannot be used; the text names the way out.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _unusable(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from None
    return listener


def open_up(listener: socket.socket) -> None:
    """Take connections from now on.

    Raises:
        TandemError: another program was faster.
    """
    host, port, *_ = listener.getsockname()
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise _unusable(host, port, error) from None


def _unusable(host: str, port: int, error: OSError) -> TandemError:
    return TandemError(
        f"HOST and PORT: cannot listen on {host}:{port}: {error.strerror or error}; stop the "
        "other program or set another PORT"
    )


def url_of(listener: socket.socket) -> str:
    """The address under which this machine reaches a socket of `bind`."""
    return "http://{}:{}".format(*listener.getsockname()[:2])
