"""Wikipedia: the title that fits best, and the first paragraph of its article.

API: REST `/w/rest.php/v1/search/page` and `/api/rest_v1/page/summary/{title}`; a user agent that
names a contact is required (Wikimedia's user-agent policy).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from tools.sources.http import get_json


@dataclass(frozen=True, slots=True)
class Article:
    """An article's title and how it begins; `others` are further titles that fit."""

    title: str
    extract: str
    others: tuple[str, ...]


async def look_up(http: httpx2.AsyncClient, base: str, query: str, contact: str) -> Article | None:
    """The article that fits `query` best, or None.

    Args:
        http: The process's client.
        base: Scheme and host of one language's Wikipedia.
        query: What to look for.
        contact: An address for Wikimedia's operators, part of the user agent.

    Raises:
        ProviderError: it does not answer, or says no.
    """
    headers = {"user-agent": f"Tandem/0.1 ({contact or 'self-hosted voice bot'}) httpx2"}
    url = f"{base}/w/rest.php/v1/search/page"
    found = await get_json(http, "Wikipedia", url, {"q": query[:300], "limit": 4}, headers)
    pages = [page for page in _list(found.get("pages")) if page.get("key") and page.get("title")]
    if not pages:
        return None
    best = pages[0]
    path = quote(str(best["key"]).replace(" ", "_"), safe="")
    url = f"{base}/api/rest_v1/page/summary/{path}"
    summary = await get_json(http, "Wikipedia", url, {}, headers)
    extract = str(summary.get("extract") or best.get("description") or "")
    others = tuple(str(page["title"]) for page in pages[1:])
    return Article(str(summary.get("title") or best["title"]), extract, others)


def _list(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
