"""The listening socket of the server's address."""

import socket

from bot.errors import TandemError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host` and `port`; with port 0 the system picks one.

    Raises:
        TandemError: the address cannot be used; the text names the way out.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, reuse_port=False)
    except OSError as error:
        raise TandemError(
            f"HOST and PORT: cannot listen on {host}:{port}: {error.strerror or error}; stop the "
            "other program or set another PORT"
        ) from None


def url_of(listener: socket.socket) -> str:
    """The address under which this machine reaches a listening socket."""
    return "http://{}:{}".format(*listener.getsockname()[:2])
