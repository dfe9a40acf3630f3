"""Who may start a conversation from the room's page.

A room that is open to the world lets strangers spend its owner's money. So: whoever sits at the
server's own machine may, everybody else shows the operator's token. A page of another site may
not, even in the owner's browser; nor one whose name was pointed at this machine (DNS rebinding),
which is why a local request must also name this machine as its host.
"""

from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.requests import Request

from bot.settings import Settings
from bot.web import guard
from bot.web.messages import Refused


def refusal(request: Request, settings: Settings) -> Refused | None:
    """Why this request may not use the room, or None if it may."""
    if refused := foreign(request, settings):
        return refused
    host, origin = _host_and_origin(request)
    if origin == host and guard.local(request):
        return None
    return _token_refusal(request, settings)


def foreign(request: Request, settings: Settings) -> Refused | None:
    """Why this request is none of our own pages', or None if it is."""
    host, origin = _host_and_origin(request)
    public = urlsplit(settings.PUBLIC_URL.lower()).netloc
    if not origin or origin not in (host, public):
        return Refused(code="foreign", message="Open the room's own page and call from there.")
    return None


def _host_and_origin(request: Request) -> tuple[str, str]:
    host = request.headers.get("host", "").lower()
    origin = urlsplit(request.headers.get("origin", "").lower()).netloc
    if "origin" not in request.headers and request.headers.get("sec-fetch-site") == "same-origin":
        origin = host  # browsers name no origin when they only read
    return host, origin


def _token_refusal(request: Request, settings: Settings) -> Refused | None:
    if not settings.OPERATOR_TOKEN.get_secret_value():
        return Refused(
            code="closed",
            message="From elsewhere than its own machine this room opens with the operator's"
            " token, and none is set. Set OPERATOR_TOKEN and restart the server.",
        )
    try:
        guard.operator(settings, request)
    except HTTPException as error:
        if error.status_code == 401:
            return Refused(code="token_needed", message="Enter the operator's token to call.")
        return Refused(code="token_wrong", message="That is not the operator's token.")
    return None
