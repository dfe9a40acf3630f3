"""What Twilio does towards a bot: signed webhooks, and the media socket that TwiML asks for."""

from collections.abc import Callable, Mapping
from xml.etree import ElementTree

import aiohttp

from tests.fakes.phoneline import PhoneLine

Sign = Callable[[str, Mapping[str, str]], str]


class Network:
    """Reaches a bot under its public address; `visited` are the public URLs, in order."""

    def __init__(self, sign: Sign, reach: Mapping[str, str]) -> None:
        """Args: makes signatures; where public addresses really are."""
        self._sign = sign
        self._reach = {**reach, **{_socket(k): _socket(v) for k, v in reach.items()}}
        self.visited: list[str] = []

    async def post(self, url: str, params: Mapping[str, str]) -> str:
        """Post a signed form and return the body; raise `ClientResponseError` for an error."""
        headers = {"X-Twilio-Signature": self._sign(url, params)}
        self.visited.append(url)
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.post(self._really(url), data=dict(params), headers=headers) as response,
        ):
            return await response.text()

    async def dial(self, url: str, line: PhoneLine, until: float) -> None:
        """Connect a media stream, signed as Twilio signs it, and live through the call."""
        self.visited.append(url)
        headers = {"X-Twilio-Signature": self._sign(url, {})}
        await line.dial(self._really(url), until, headers)

    def _really(self, url: str) -> str:
        for public, local in self._reach.items():
            if url.startswith(public):
                return local + url.removeprefix(public)
        return url


def said(twiml: str) -> list[str]:
    """Return what the `<Say>` verbs of a TwiML document speak."""
    return [(verb.text or "").strip() for verb in ElementTree.fromstring(twiml).iter("Say")]


def stream_of(twiml: str) -> tuple[str, dict[str, str]] | None:
    """Return the URL and parameters of `<Connect><Stream>`, or None.

    Raises:
        ValueError: Twilio would refuse the URL (not wss or ws on loopback, or with a query).
    """
    stream = ElementTree.fromstring(twiml).find("./Connect/Stream")
    if stream is None:
        return None
    url = stream.get("url", "")
    if not url.startswith(("wss://", "ws://127.0.0.1")) or "?" in url:
        raise ValueError(f"Twilio takes no such stream URL: {url}")
    parameters = {p.get("name", ""): p.get("value", "") for p in stream.iter("Parameter")}
    return url, parameters


def _socket(url: str) -> str:
    return url.replace("http", "ws", 1)
