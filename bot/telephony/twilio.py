"""Twilio's REST API, the part that a phone bot needs. The only file that speaks it.

Its own client of three requests, because Twilio's SDK blocks: a hang-up on the event loop would
be heard by every other caller.
"""

import asyncio
from typing import Any, Self

import aiohttp
from loguru import logger

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.settings import Settings

API = "/2010-04-01/Accounts"
CONNECT_SECONDS, TOTAL_SECONDS = 3.0, 10.0
TWIML_LIMIT = 4000
"""Characters that `create_call` may carry as TwiML (Twilio's Calls resource)."""
MESSAGE_LIMIT = 1600
"""Characters of a text message's body (Twilio's Messages resource)."""
_BENIGN_CODES = frozenset({20404, 21220})
"""Hanging up a call that is not there, or not in progress any more."""
_HANG_UP = {"Status": "completed"}
_RETRY_WAITS = (0.3, 1.0)


class TwilioRest:
    """A client for one account. Close it with `aclose()`.

    Args:
        base_url: Scheme and host, e.g. `https://api.twilio.com`.
        account_sid: The account whose calls are meant.
        user: Account SID or API key SID.
        password: Auth token or the key's secret; it never appears in an error.
    """

    def __init__(self, base_url: str, account_sid: str, user: str, password: str) -> None:
        self._account = f"{base_url.rstrip('/')}{API}/{account_sid}"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password, "utf-8")}
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Return a client for the configured account, or None without credentials."""
        if settings.twilio_rest is None:
            return None
        return cls(api_url(settings), settings.TWILIO_ACCOUNT_SID, *settings.twilio_rest)

    async def hang_up(self, call_sid: str) -> None:
        """End a phone call; one that is over already is no error. Tried three times.

        Raises:
            ProviderRefused: Twilio said no.
            ProviderUnavailable: Twilio could not be reached, three times.
        """
        for wait in (*_RETRY_WAITS, None):
            try:
                await self._post(f"/Calls/{call_sid}", _HANG_UP, benign=_BENIGN_CODES)
                return
            except ProviderUnavailable as error:
                if wait is None:
                    raise
                logger.warning(f"hang-up is tried again: {error}")
                await asyncio.sleep(wait)

    async def update_call(self, call_sid: str, twiml: str) -> None:
        """Give a running call new TwiML; its media stream ends by that.

        Raises:
            ProviderRefused, ProviderUnavailable: as for every request.
        """
        await self._post(f"/Calls/{call_sid}", {"Twiml": twiml})

    async def create_call(
        self,
        to: str,
        from_: str,
        *,
        twiml: str = "",
        url: str = "",
        status_callback: str = "",
        timeout: int = 30,
    ) -> str:
        """Place a call and return its SID. It is never retried: it would ring twice.

        Args:
            to: Number to call, E.164.
            from_: One of the account's numbers, E.164.
            twiml: What to do when answered, at most `TWIML_LIMIT` characters.
            url: Where Twilio asks for that instead.
            status_callback: Where Twilio reports the call's progress.
            timeout: Seconds that it may ring.

        Raises:
            ProviderRefused: Twilio said no, with its code and text.
            ProviderUnavailable: Twilio could not be reached.
        """
        form = {"To": to, "From": from_, "Timeout": str(timeout)}
        form |= {"Twiml": twiml} if twiml else {"Url": url}
        if status_callback:
            form |= {"StatusCallback": status_callback}
        answer = await self._post("/Calls", form)
        sid = answer.get("sid")
        if not isinstance(sid, str):
            raise ProviderUnavailable("Twilio's answer names no call")
        return sid

    async def send_message(self, to: str, from_: str, body: str) -> str:
        """Send a text message and return its SID. It is never retried: it would come twice.

        Args:
            to: Number, E.164.
            from_: One of the account's numbers, E.164.
            body: At most `MESSAGE_LIMIT` characters.

        Raises:
            ProviderRefused: Twilio said no, with its code and text.
            ProviderUnavailable: Twilio could not be reached; whether it was sent is not known.
        """
        answer = await self._post("/Messages", {"To": to, "From": from_, "Body": body})
        sid = answer.get("sid")
        if not isinstance(sid, str):
            raise ProviderUnavailable("Twilio's answer names no message")
        return sid

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _post(
        self, path: str, form: dict[str, str], benign: frozenset[int] = frozenset()
    ) -> dict[str, Any]:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout)
        request = self._session.post(
            f"{self._account}{path}.json", data=form, headers=self._headers
        )
        try:
            async with request as response:
                body = await _json(response)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(f"Twilio: {type(error).__name__}") from None
        code = body.get("code")
        if status < 300 or code in benign or (benign and status == 404):
            return body
        text = f"Twilio: {status}/{code or '-'} {body.get('message') or 'no message'}"
        if status in (408, 429) or status >= 500:
            raise ProviderUnavailable(text)
        raise ProviderRefused(text)


def api_url(settings: Settings) -> str:
    """Return the REST API's address: as set, of the region and edge, or Twilio's own."""
    if settings.TWILIO_API_URL:
        return settings.TWILIO_API_URL
    if settings.TWILIO_REGION:
        return f"https://api.{settings.TWILIO_EDGE}.{settings.TWILIO_REGION}.twilio.com"
    return "https://api.twilio.com"


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The answer's JSON object, or {} when it is something else."""
    try:
        body = await response.json(content_type=None)
    except (ValueError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}
