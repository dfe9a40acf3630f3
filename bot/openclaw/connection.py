"""One websocket to the gateway, on Pipecat's client: its handshake, requests and socket are used.

Pipecat 1.14's own run handling is not: it knows a run only by the ids it has started itself,
drops `agent` events (progress, tool use, retries), ends every run as failed with the socket, and
hangs after a steer that came too late. Here events go to whoever watches their session.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from pipecat.services.openclaw.client import OpenClawError, OpenClawGatewayClient
from websockets.exceptions import InvalidURI, WebSocketException

from bot.errors import ProviderError, ProviderRefused, ProviderUnavailable

CONNECT_SECONDS = 2.5
"""For socket and handshake together: the caller is to hear within 3 s that it cannot be done."""
REQUEST_SECONDS = 15.0
"""A busy gateway was seen to stand still for 10 s."""
WRITE = "operator.write"
ADMIN = "operator.admin"

OnEvent = Callable[[str, dict[str, Any]], None]


class GatewayUnavailable(ProviderUnavailable):
    """The gateway cannot be reached, is starting, or the socket broke."""


class GatewayRefused(ProviderRefused):
    """The gateway said no: wrong token, missing scope, not this connection's run."""


def addresses(url: str) -> tuple[str, str]:
    """The gateway's (http, websocket) addresses, from either; without a trailing slash."""
    parts = urlsplit(url)
    secure = "s" if parts.scheme in ("https", "wss") else ""
    rest = f"{parts.netloc}{parts.path.rstrip('/')}"
    return f"http{secure}://{rest}", f"ws{secure}://{rest}"


class Connection(OpenClawGatewayClient):
    """A socket that is opened when it is needed and tells when it is lost. It does not reconnect.

    Args:
        url: The gateway's websocket address.
        token: Its shared token.
        on_event: Given each event's name and payload; those of all sessions, other clients' too.
        on_lost: Called when an open socket is gone.
        scopes: What is asked for at the handshake.
    """

    def __init__(
        self,
        url: str,
        token: str,
        on_event: OnEvent,
        on_lost: Callable[[], None],
        scopes: tuple[str, ...] = (WRITE,),
    ) -> None:
        super().__init__(
            url=url,
            token=token,
            scopes=list(scopes),
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            reconnect_on_error=False,
        )
        self._on_event, self._on_lost = on_event, on_lost
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Connect and shake hands, unless that is done.

        Raises:
            GatewayUnavailable: not reached, still starting, or too slow.
            GatewayRefused: the token is wrong or missing.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS), self._opening:
                await self.connect()  # type: ignore[no-untyped-call]
        except OpenClawError as error:
            raise _mapped(error) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise GatewayUnavailable(_reason(error)) from None

    async def ask(self, method: str, params: dict[str, Any], seconds: float = 0.0) -> Any:
        """Send a request and return its payload; connects first.

        Args:
            method: The gateway's method.
            params: Its parameters.
            seconds: What the gateway itself may take to answer, on top of the usual time.

        Raises:
            GatewayUnavailable: as `open`; or the socket broke, then it may have been done or not.
            GatewayRefused: the gateway said no.
        """
        await self.open()
        try:
            async with asyncio.timeout(REQUEST_SECONDS + seconds):
                return await self._request(method, params)
        except OpenClawError as error:
            raise _mapped(error) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise GatewayUnavailable(_reason(error)) from None

    async def _request(self, method: str, params: dict[str, Any] | None = None) -> Any:
        # `ask` sets the time: `agent.wait` answers when it is told to, not within Pipecat's limit.
        self._request_timeout = 3600.0
        return await super()._request(method, params)

    def _dispatch(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "event" and frame.get("event") != "connect.challenge":
            payload = frame.get("payload")
            self._on_event(str(frame.get("event")), payload if isinstance(payload, dict) else {})
            return
        if frame.get("type") == "res" and not frame.get("ok"):
            self._refuse(frame)
            return
        super()._dispatch(frame)

    def _refuse(self, frame: dict[str, Any]) -> None:
        """As Pipecat's, but keeping when to try again."""
        future = self._pending.pop(str(frame.get("id")), None)
        if future and not future.done():
            error = frame.get("error") or {}
            refusal = OpenClawError(str(error.get("message") or "refused"), error.get("code"))
            refusal.retry_after = float(error.get("retryAfterMs") or 0) / 1000  # type: ignore[attr-defined]
            future.set_exception(refusal)

    def _fail_live_runs(self, reason: str) -> None:
        self._on_lost()


def _mapped(error: OpenClawError) -> ProviderError:
    """The gateway's error in our words; its texts hold no secret."""
    code = str(error.code or "")
    if code in ("UNAVAILABLE", ""):
        wait = getattr(error, "retry_after", 0.0)
        return GatewayUnavailable(f"OpenClaw: {error}", retry_after=wait)
    return GatewayRefused(f"OpenClaw: {code}: {error}")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "OpenClaw does not answer in time"
    if isinstance(error, InvalidURI):
        return "OPENCLAW_API_URL is not the address of a gateway"
    return f"OpenClaw is not reached ({type(error).__name__})"
