"""Routes that Twilio asks while a caller is handed to a person: the whisper, and what comes after.

app.include_router(handover_router(settings, store, record))
"""

from fastapi import APIRouter, HTTPException, Request, Response

from bot.errors import StoreError
from bot.settings import Settings
from bot.store import desk
from bot.store.store import Store
from bot.telephony import handover
from bot.telephony.signature import Trust, public_base, signed, trust
from bot.web import guard
from bot.web.seams import Record

WHISPER, AFTER = "/phone/whisper", "/phone/handed-over"
_TALKED = frozenset({"completed", "answered"})


def handover_router(settings: Settings, store: Store, record: Record) -> APIRouter:
    """Return the routes `/phone/whisper/{token}` and `/phone/handed-over/{token}`.

    Args:
        settings: The server's settings.
        store: The open database, which has what is whispered.
        record: Writes the operator's lines.
    """
    router = APIRouter()
    language = settings.BOT_LANGUAGE

    async def whisper(request: Request, token: str) -> Response:
        """The person has answered and does not hear the caller yet."""
        await _form(settings, record, request)
        found = await _handover(store, token)
        return _xml(handover.whisper(found.summary if found else "", language))

    async def after(request: Request, token: str) -> Response:
        """The two have talked, or nobody came: then the bot takes the caller back."""
        form = await _form(settings, record, request)
        status = form.get("DialCallStatus", "")
        if status in _TALKED:
            return _xml(handover.over())
        found = await _handover(store, token)
        target = found.target if found else "?"
        record(found.call_id if found else None, "handover", f"{target} did not answer: {status}")
        base = public_base(settings, request)
        return _xml(handover.nobody(f"{base}/phone/incoming", language))

    for path, handler in ((WHISPER, whisper), (AFTER, after)):
        router.add_api_route(f"{path}/{{token}}", handler, methods=["POST"], response_model=None)
    return router


async def _form(settings: Settings, record: Record, request: Request) -> dict[str, str]:
    """The form of a webhook that Twilio sent; 403 for anybody else's."""
    form = await guard.form(request)
    if trust(settings) is Trust.SIGNED:
        trusted = signed(settings, request, form)
    else:
        trusted = guard.local(request)
    if not trusted:
        record(None, "refused", f"{request.url.path}: not signed by Twilio")
        raise HTTPException(403, "a wrong signature")
    return dict(form)


async def _handover(store: Store, token: str) -> desk.Handover | None:
    """What was noted, or None: the call goes on without it."""
    try:
        return await desk.handover(store, token)
    except StoreError:
        return None


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml")
