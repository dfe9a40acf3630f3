"""Twilio's side of a call before and after its media: the webhooks it sends, the TwiML it obeys."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import aiohttp
from twilio.request_validator import RequestValidator

from bot.errors import TandemError

_TIMEOUT = 15.0
"""Seconds that Twilio waits for an answer to a webhook."""


class CallFailed(TandemError):
    """The simulated call did not come about; the text is one line for the caller's terminal."""


@dataclass(frozen=True, slots=True)
class Connect:
    """TwiML's `<Connect><Stream>`: where the media go, and who is asked when they end."""

    stream_url: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Exchange:
    """Sends a call's webhooks to a server and does what it answers, up to the media stream.

    Args:
        server: The server's address as it can be reached from here.
        form: The fields sent with every webhook.
        public_url: The address that the server believes it has, if another; it is signed.
        auth_token: Signs the webhooks; '' leaves them unsigned.
        say: Told what Twilio's voice would say, and other things that the caller would notice.
    """

    def __init__(
        self,
        server: str,
        form: Mapping[str, str],
        *,
        public_url: str = "",
        auth_token: str = "",
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.server = server.rstrip("/")
        self._form = dict(form)
        self._public = (public_url or server).rstrip("/")
        self._validator = RequestValidator(auth_token) if auth_token else None
        self._say = say
        self.said: list[str] = []

    async def follow(self, url: str, **more: str) -> Connect | None:
        """Post a webhook and follow the answers until media are to be streamed.

        Args:
            url: An absolute public address, or a path.
            more: Fields besides those that every webhook has.

        Returns:
            What to connect to; None when the call was ended instead.

        Raises:
            CallFailed: the server is not there, refuses, or answers something that is no TwiML.
        """
        while url:
            base, verbs = self.public(url), _verbs(await self.post(url, **more))
            url = ""
            for verb in verbs:
                match verb.tag:
                    case "Say":
                        self._speak(" ".join((verb.text or "").split()))
                    case "Pause":
                        await asyncio.sleep(float(verb.get("length", "1")))
                    case "Redirect":
                        url = urljoin(base, (verb.text or "").strip())
                        break
                    case "Connect":
                        return _connect(verb, base)
                    case "Hangup" | "Reject":
                        return None
                    case other:
                        raise CallFailed(f"the server wants <{other}>, which this phone cannot do")
        return None

    async def post(self, url: str, **more: str) -> str:
        """Post a webhook to a public address or path, signed, and return the answer's text.

        Raises:
            CallFailed: the server is not there or refuses.
        """
        form = self._form | more
        url = self.public(url)
        target = self.local(url)
        try:
            timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(target, data=form, headers=self.signature(url, form)) as response,
            ):
                text = await response.text()
        except aiohttp.ClientConnectorError:
            raise CallFailed(
                f"no server answers at {self.server}: start it with `make run`, or name it with "
                "--url"
            ) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise CallFailed(f"the server did not answer: {type(error).__name__}") from None
        if response.status >= 400:
            raise CallFailed(f"the server refused the call: HTTP {response.status} {text[:200]}")
        return text

    def public(self, url: str) -> str:
        """Return the absolute public address of a path; an address stays as it is."""
        return url if "://" in url else self._public + url

    def local(self, url: str) -> str:
        """Return a public address as it can be reached from here."""
        parts, here = urlsplit(url), urlsplit(self.server)
        scheme = here.scheme.replace("http", "ws") if parts.scheme.startswith("ws") else here.scheme
        return parts._replace(scheme=scheme, netloc=here.netloc).geturl()

    def signature(self, url: str, form: Mapping[str, str]) -> dict[str, str]:
        """Return the header with Twilio's signature; none without a token."""
        if self._validator is None:
            return {}
        return {"X-Twilio-Signature": str(self._validator.compute_signature(url, form))}

    def _speak(self, text: str) -> None:
        self.said.append(text)
        self._say(f"Twilio says: {text}")


def _verbs(text: str) -> list[ElementTree.Element]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise CallFailed("the server's answer is no TwiML") from None
    if root.tag != "Response":
        raise CallFailed("the server's answer is no TwiML")
    return list(root)


def _connect(verb: ElementTree.Element, base: str) -> Connect:
    stream = verb.find("Stream")
    url = stream.get("url", "") if stream is not None else ""
    if stream is None or not url.startswith(("ws://", "wss://")) or "?" in url:
        raise CallFailed(f"Twilio would not open this stream: {url or 'none named'}")
    return Connect(
        stream_url=url,
        action=urljoin(base, verb.get("action", "")) if verb.get("action") else "",
        parameters={p.get("name", ""): p.get("value", "") for p in stream.findall("Parameter")},
    )
