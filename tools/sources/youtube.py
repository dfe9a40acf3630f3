"""YouTube's Data API: search. It has a quota of its own, 100 searches a day for most keys.

API: `GET /search?part=snippet&type=video`; titles come with HTML entities.
"""

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx2

from tools.sources.http import get_json

MOST = 5


@dataclass(frozen=True, slots=True)
class Video:
    """A video: its id of eleven characters, its title, and who has put it there."""

    id: str
    title: str
    channel: str


async def search(http: httpx2.AsyncClient, base: str, key: str, query: str) -> list[Video]:
    """The videos that fit best, at most `MOST`, which may be shown in a page.

    Raises:
        ProviderRefused: it says no; 'quotaExceeded' is in the text when that is why.
        ProviderUnavailable: it does not answer.
    """
    asked = {
        **{"part": "snippet", "type": "video", "maxResults": MOST, "videoEmbeddable": "true"},
        **{"q": query[:200]},
    }
    # In a header and not in the query: addresses end up in logs.
    found = await get_json(http, "YouTube", f"{base}/search", asked, {"x-goog-api-key": key})
    videos = (_video(item) for item in found.get("items") or [] if isinstance(item, dict))
    return [video for video in videos if video]


def _video(item: dict[str, Any]) -> Video | None:
    identity, snippet = item.get("id"), item.get("snippet")
    if not isinstance(identity, dict) or not isinstance(snippet, dict):
        return None
    found = str(identity.get("videoId", ""))
    if not re.fullmatch(r"[\w-]{11}", found):
        return None
    title, channel = (
        " ".join(html.unescape(str(snippet.get(name, ""))).split())
        for name in ("title", "channelTitle")
    )
    return Video(found, title or "a video", channel or "somebody")
