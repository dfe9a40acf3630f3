"""The calendar file of a meeting, at the address that its caller gets by SMS.

app.include_router(calendar_router(store))
"""

import re

from fastapi import APIRouter, HTTPException, Response

from bot.errors import StoreError
from bot.store import desk
from bot.store.store import Store
from tools.calendar_file import calendar_file

_TOKEN = re.compile(r"[\w-]{16,64}")


def calendar_router(store: Store) -> APIRouter:
    """Return the route `/calendar/{token}.ics`; the token is the secret."""
    router = APIRouter()

    async def file(token: str) -> Response:
        """404 for every token that no meeting has, 503 while the database is away."""
        if not _TOKEN.fullmatch(token):
            raise HTTPException(404, "there is no such meeting")
        try:
            meeting = await desk.meeting(store, token)
        except StoreError:
            raise HTTPException(503, "the calendar cannot be read just now") from None
        if meeting is None:
            raise HTTPException(404, "there is no such meeting")
        headers = {
            "content-disposition": 'attachment; filename="meeting.ics"',
            "cache-control": "private, no-store",
        }
        return Response(
            calendar_file(meeting), media_type="text/calendar; charset=utf-8", headers=headers
        )

    router.add_api_route("/calendar/{token}.ics", file, methods=["GET"], response_model=None)
    return router
