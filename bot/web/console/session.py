"""Who may use the console: signing in, staying signed in, and what other sites' pages cannot do.

The session is a signed, expiring cookie that scripts cannot read and that only our own pages send.
Its key comes from the operator's secrets, so every worker and every later process knows it, and a
changed password ends all sessions. Whatever changes something must come from our own page, and
bring a token that only that page can read.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from fastapi import HTTPException
from loguru import logger
from starlette.requests import HTTPConnection

from bot.errors import StoreError
from bot.settings import Settings
from bot.store.queries_open import count_events
from bot.store.store import Store
from bot.web import guard
from bot.web.console.attempts import Attempts
from bot.web.console.messages import ConsoleSession
from bot.web.console.refusals import ConsoleRefused, refuse
from bot.web.seams import Record

COOKIE = "tandem_console"
PATH = "/console"
CSRF = "x-csrf-token"
SESSION_SECONDS = 12 * 3600
"""A working day."""
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""Some 50 ms a try for somebody who has stolen a cookie and guesses the password behind its key
(OWASP's smallest choice is twice as much, for stored passwords)."""
_OPEN = (
    "Nobody has to sign in: no OPERATOR_PASSWORD is set. The console is open to programs and people"
    " on this machine, and to nobody else."
)
_CLOSED = (
    "From elsewhere than its own machine the console opens with a password, and none is set. Set"
    " OPERATOR_PASSWORD and restart the server."
)


class Doorkeeper:
    """Lets operators in.

    Args:
        settings: For the operator's secrets and the public address.
        store: Where other processes' wrong attempts are counted.
        record: Writes a line for the operator.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        record: Record,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._store = store
        self._record = record
        self._clock = clock
        self._attempts = Attempts(clock)
        self._key: bytes = b""
        chosen = (settings.OPERATOR_PASSWORD, settings.OPERATOR_TOKEN)
        self._secrets = [one.get_secret_value() for one in chosen if one.get_secret_value()]

    async def session(self, connection: HTTPConnection) -> ConsoleSession:
        """How a visitor stands."""
        if self._open(connection):
            return self._say("open", "open", _OPEN)
        if not self._secrets:
            return self._say("closed", "", _CLOSED)
        nonce = await self._nonce(connection)
        return self._say("signed_in" if nonce else "signed_out", nonce)

    async def sign_in(self, connection: HTTPConnection, password: str) -> tuple[str, int]:
        """The cookie of a new session, and for how many seconds it is good.

        Raises:
            ConsoleRefused: a wrong password, too many of them, or another site's page.
        """
        self._own_page(connection)
        if not self._secrets:
            raise refuse("closed", _CLOSED)
        address = connection.client.host if connection.client else ""
        await self._count(address)
        given = password.encode()
        # Every secret is compared, whichever fits: the time tells nothing.
        fits = [hmac.compare_digest(given, one.encode()) for one in self._secrets]
        if True not in fits:
            self._record(None, "sign-in refused", address)
            logger.warning(f"console: a wrong password from {address}")
            raise refuse("wrong", "That is not the operator's password.")
        self._attempts.forget(address)
        await self._make_key()
        expires, nonce = int(self._clock()) + SESSION_SECONDS, secrets.token_urlsafe(18)
        self._record(None, "signed in", address)
        return f"{expires}.{nonce}.{self._sign('session', f'{expires}.{nonce}')}", SESSION_SECONDS

    async def let_in(self, connection: HTTPConnection) -> None:
        """Let only operators pass.

        Raises:
            ConsoleRefused: for everybody else.
        """
        if self._open(connection) or self._bearer(connection):
            return
        if not self._secrets:
            raise refuse("closed", _CLOSED)
        if not await self._nonce(connection):
            raise refuse("sign_in", "Please sign in.")

    async def let_change(self, connection: HTTPConnection) -> None:
        """Let only operators pass whose request was made by our own page, or has the bearer token.

        Raises:
            ConsoleRefused: for everybody else.
        """
        await self.let_in(connection)
        if self._bearer(connection):
            return
        self._own_page(connection)
        nonce = "open" if self._open(connection) else await self._nonce(connection)
        given = connection.headers.get(CSRF, "")
        if not hmac.compare_digest(given.encode(), self._sign("csrf", nonce).encode()):
            raise refuse("csrf", "This page is out of date. Please reload it.")

    def let_page(self, connection: HTTPConnection) -> None:
        """Let only our own page pass, for sockets, which carry no header of ours.

        Raises:
            ConsoleRefused: another site's page.
        """
        self._own_page(connection)

    def who(self, connection: HTTPConnection) -> str:
        """Whose order it is, for the log; with one password the address tells them apart."""
        return f"console ({connection.client.host if connection.client else 'unknown'})"

    def secure(self, connection: HTTPConnection) -> bool:
        """Whether the visitor came by https, here or at a proxy."""
        forwarded = connection.headers.get("x-forwarded-proto", "")
        public = urlsplit(self._settings.PUBLIC_URL)
        host = connection.headers.get("host", "").lower()
        return (
            connection.url.scheme == "https"
            or forwarded.split(",")[0].strip() == "https"
            or (public.scheme == "https" and public.netloc.lower() == host)
        )

    def _say(self, state: str, nonce: str, message: str = "") -> ConsoleSession:
        return ConsoleSession.model_validate(
            {
                "state": state,
                "bot": self._settings.BOT_NAME,
                "csrf": self._sign("csrf", nonce) if nonce else "",
                "message": message,
            }
        )

    def _open(self, connection: HTTPConnection) -> bool:
        return not self._secrets and guard.local(connection)

    def _bearer(self, connection: HTTPConnection) -> bool:
        if "authorization" not in connection.headers:
            return False
        try:
            guard.operator(self._settings, connection)
        except HTTPException as error:
            raise refuse("wrong", str(error.detail)) from None
        return True

    def _own_page(self, connection: HTTPConnection) -> None:
        host = connection.headers.get("host", "").lower()
        origin = urlsplit(connection.headers.get("origin", "").lower()).netloc
        if not origin or origin not in (host, urlsplit(self._settings.PUBLIC_URL.lower()).netloc):
            raise refuse("foreign", "Open the console's own page and try again from there.")

    async def _nonce(self, connection: HTTPConnection) -> str:
        """The session's name if its cookie is ours and still good, else ''."""
        expires, _, rest = connection.cookies.get(COOKIE, "").partition(".")
        nonce, _, signature = rest.partition(".")
        if not (expires.isdecimal() and len(expires) < 12 and nonce and signature):
            return ""
        await self._make_key()
        right = self._sign("session", f"{expires}.{nonce}")
        good = hmac.compare_digest(signature.encode(), right.encode())
        return nonce if good and int(expires) > self._clock() else ""

    async def _make_key(self) -> None:
        if not self._key:
            said = "\n".join(self._secrets).encode()
            self._key = await asyncio.to_thread(
                lambda: hashlib.scrypt(said, salt=b"tandem console", **_SCRYPT)
            )

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}.{text}".encode(), hashlib.sha256).hexdigest()

    async def _count(self, address: str) -> None:
        """Count an attempt before it is looked at, so that many at once are no way around.

        Raises:
            ConsoleRefused: there were too many.
        """
        wait = self._attempts.wait(address)
        if not wait:
            since = datetime.now(UTC) - timedelta(seconds=Attempts.SECONDS)
            try:
                elsewhere = await count_events(self._store, "sign-in refused", address, since)
            except StoreError:
                elsewhere = 0  # what this process has counted has to do
            wait = int(Attempts.SECONDS) if elsewhere >= 3 * Attempts.MOST else 0
        if wait:
            raise refuse("wait", f"Too many attempts. Try again in {_minutes(wait)}.", wait)
        self._attempts.add(address)


def _minutes(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"


__all__ = ["ConsoleRefused", "Doorkeeper"]
