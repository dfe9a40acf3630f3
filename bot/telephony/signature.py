"""Whether a webhook or a media socket was asked for by Twilio.

Twilio signs the URL that it called and the form's fields with the account's auth token. Behind a
proxy that URL is not the one this server sees, hence `PUBLIC_URL`. An API key cannot check it.
"""

import hmac
from enum import Enum
from urllib.parse import urlsplit

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import HTTPConnection
from twilio.request_validator import RequestValidator

from bot.settings import Settings

HEADER = "x-twilio-signature"
ALGORITHM_HEADER = "x-twilio-webhooks-signature-settings"


class Trust(Enum):
    """Whom the webhooks and the media socket believe; the value is a line for the operator."""

    SIGNED = "Twilio's signature is checked on every request"
    LOOPBACK = "no Twilio credentials: requests are taken from this machine only"
    UNVERIFIABLE = (
        "an API key cannot check Twilio's signatures: requests are taken from this machine only; "
        "set TWILIO_AUTH_TOKEN too"
    )


def trust(settings: Settings) -> Trust:
    """Say whom the phone's routes believe under these settings."""
    if settings.TWILIO_AUTH_TOKEN.get_secret_value():
        return Trust.SIGNED
    return Trust.UNVERIFIABLE if settings.TWILIO_API_KEY else Trust.LOOPBACK


def public_base(settings: Settings, connection: HTTPConnection) -> str:
    """Return the http(s) address under which this server was reached, without a trailing slash.

    Without `PUBLIC_URL` it is read from the request; a forged one only makes the signature wrong.
    """
    if settings.PUBLIC_URL:
        return settings.PUBLIC_URL
    secure = (
        connection.url.scheme in ("https", "wss")
        or connection.headers.get("x-forwarded-proto", "").strip() == "https"
    )
    return f"{'https' if secure else 'http'}://{connection.headers.get('host', '')}"


def signed(
    settings: Settings,
    connection: HTTPConnection,
    form: ImmutableMultiDict[str, str] | None = None,
) -> bool:
    """Say whether Twilio's signature on a request is right.

    Args:
        settings: With the auth token and, behind a proxy, `PUBLIC_URL`.
        connection: The request, or the websocket before it is accepted.
        form: The fields of a form that was posted.
    """
    given = connection.headers.get(HEADER, "")
    if not given or not given.isascii():
        return False
    url = public_base(settings, connection) + connection.url.path
    if connection.url.query:
        url += f"?{connection.url.query}"
    algorithm = _algorithm(connection.headers.get(ALGORITHM_HEADER, ""))
    if algorithm is None:
        return False
    validator = RequestValidator(settings.TWILIO_AUTH_TOKEN.get_secret_value())
    return any(
        hmac.compare_digest(validator.compute_signature(candidate, form, algorithm), given)
        for candidate in _candidates(url, connection.scope["type"] == "websocket")
    )


def _algorithm(header: str) -> str | None:
    """The algorithm that the header announces: SHA-1 without one, None if it is unknown."""
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "algorithm":
            known = ("HMAC_SHA1", "HMAC_SHA256")
            return value.upper() if value.upper() in known else None
    return "HMAC_SHA1"


def _candidates(url: str, websocket: bool) -> list[str]:
    """The ways in which Twilio may have written this URL before it signed it."""
    if websocket:
        url = url.replace("http", "ws", 1)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    host = parts.netloc.rsplit(":", 1)[0] if parts.port else parts.netloc
    found = [
        parts._replace(netloc=netloc).geturl()
        for netloc in dict.fromkeys((parts.netloc, host, f"{host}:{port}"))
    ]
    if not websocket:
        return found
    other = [each[:-1] if each.endswith("/") else f"{each}/" for each in found]
    return found + other
