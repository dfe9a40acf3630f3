"""Which browser is in the room: a cookie that nobody else can know or guess.

The notes of the room belong to the browser they were made in. The cookie is 128 bits of chance,
hidden from scripts; what is kept in the store and in records is only its hash, so that whoever
reads those cannot become that browser. It needs no signature and no key that workers would have to
share: an unknown value is simply a browser without notes.
"""

import hashlib
import re
import secrets

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tools.toolbox import BROWSER

COOKIE = "tandem_room"
YEAR_SECONDS = 365 * 24 * 3600
_VALUE = re.compile(r"[\w-]{22}", re.ASCII)


def visitor(request: HTTPConnection) -> str:
    """Whose notes the request means: `browser:` and 32 hexadecimal digits; '' without a cookie."""
    value = request.cookies.get(COOKIE, "")
    return _named(value) if _VALUE.fullmatch(value) else ""


def welcome(request: HTTPConnection, response: Response) -> None:
    """Give a browser that has none its cookie, and one that has it another year."""
    value = request.cookies.get(COOKIE, "")
    known = _VALUE.fullmatch(value) is not None
    _give(request, response, value if known else secrets.token_urlsafe(16), YEAR_SECONDS)


def recognised(request: HTTPConnection, response: Response) -> str:
    """Whose browser it is; one without a cookie is given one until it is closed."""
    if known := visitor(request):
        return known
    value = secrets.token_urlsafe(16)
    _give(request, response, value, None)
    return _named(value)


def _named(value: str) -> str:
    return BROWSER + hashlib.sha256(value.encode()).hexdigest()[:32]


def _give(request: HTTPConnection, response: Response, value: str, seconds: int | None) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",  # with strict, a link in a mail would open the room as a stranger
        secure=request.headers.get("x-forwarded-proto", request.url.scheme) == "https",
    )
