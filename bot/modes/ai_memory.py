"""The AI-Memory service: small texts by type and key, shared or of one user.

`GET /health`, `POST /v1/memories/shared`, `POST /v1/memories/user?user_id=`, `GET /v1/memories`;
a bearer token. Of several services the first one that is well is used.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from bot.errors import ProviderDenied, ProviderRefused, ProviderUnavailable
from bot.settings import Settings

_SECONDS = 3.0
_WELL_SECONDS = 30.0
"""How long a service that was well is used without asking again."""
_DENIED = frozenset({401, 402, 403, 404})


@dataclass(frozen=True)
class Memory:
    """One text that is kept. `at`: when it was written, where the service tells."""

    type: str
    key: str
    value: str
    source: str = ""
    at: datetime | None = None


class AiMemory:
    """The client.

    Args:
        http: The process's client.
        urls: The services, the first that is well is used; none of them is ''.
        token: The bearer token.
    """

    def __init__(self, http: httpx2.AsyncClient, urls: Sequence[str], token: str) -> None:
        self._http = http
        self._urls = tuple(urls)
        self._headers = {"authorization": f"Bearer {token}"}
        self._found = ("", 0.0)

    @classmethod
    def from_settings(cls, http: httpx2.AsyncClient, settings: Settings) -> "AiMemory | None":
        """The client for `AI_MEMORY_…`: production asks PROD, then DEV, development DEV alone;
        None where there is none."""
        urls = [settings.AI_MEMORY_URL_DEV]
        if settings.ENVIRONMENT == "production":
            urls.insert(0, settings.AI_MEMORY_URL_PROD)
        urls = [url for url in urls if url]
        return cls(http, urls, settings.AI_MEMORY_TOKEN.get_secret_value()) if urls else None

    @property
    def used(self) -> str:
        """The address of the service in use, '' while there is none."""
        return self._found[0]

    async def place(self) -> str:
        """The address of the first service that is well.

        Raises:
            ProviderUnavailable: none of them is.
        """
        url, at = self._found
        if url == self._urls[0] and time.monotonic() - at < _WELL_SECONDS:
            return url
        for url in self._urls:
            if await self._well(url):
                self._found = url, time.monotonic()
                return url
        self._found = "", 0.0
        raise ProviderUnavailable("no service is well")

    async def put_shared(
        self, type: str, key: str, value: str, source: str, ttl_days: int | None = None
    ) -> None:
        """Keep a text for everybody.

        Raises:
            ProviderError: it was not kept.
        """
        await self._post("/v1/memories/shared", {}, _body(type, key, value, source, ttl_days))

    async def put_user(
        self,
        user_id: str,
        type: str,
        key: str,
        value: str,
        source: str,
        ttl_days: int | None = None,
    ) -> None:
        """Keep a text for one user.

        Raises:
            ProviderError: it was not kept.
        """
        body = _body(type, key, value, source, ttl_days)
        await self._post("/v1/memories/user", {"user_id": user_id}, body)

    async def find(
        self, type: str, query: str = "", user_id: str = "", limit: int = 20
    ) -> list[Memory]:
        """Texts of a type, as the service orders them; a user's, or the shared ones.

        Raises:
            ProviderError: they cannot be had just now.
        """
        wanted = {"user_id": user_id, "memory_type": type, "query": query, "limit": str(limit)}
        answer = await self._ask("GET", "/v1/memories", params=wanted)
        try:
            return [_memory(item) for item in _items(json.loads(answer.text))]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ProviderUnavailable("it answers what it should not") from None

    async def _post(self, path: str, params: Mapping[str, str], body: Mapping[str, Any]) -> None:
        await self._ask("POST", path, params=params, json=body)

    async def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        url = await self.place()
        try:
            answer = await self._http.request(
                method, url + path, headers=self._headers, timeout=_SECONDS, **more
            )
        except (httpx2.HTTPError, OSError) as error:
            self._found = "", 0.0
            raise ProviderUnavailable(f"it does not answer ({type(error).__name__})") from None
        if answer.status_code >= 400:
            self._found = "", 0.0
            text = f"it answers {answer.status_code}"
            if answer.status_code in _DENIED:
                raise ProviderDenied(text)
            refused = answer.status_code < 500 and answer.status_code != 429
            raise ProviderRefused(text) if refused else ProviderUnavailable(text)
        return answer

    async def _well(self, url: str) -> bool:
        try:
            answer = await self._http.get(f"{url}/health", timeout=_SECONDS)
            said = json.loads(answer.text)
            return answer.status_code == 200 and said["status"] == "ok" and bool(said["db"])
        except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError):
            return False


def _body(type: str, key: str, value: str, source: str, ttl_days: int | None) -> dict[str, Any]:
    return {"type": type, "key": key, "value": value, "ttl_days": ttl_days, "source": source}


def _items(answer: Any) -> list[Any]:
    return list(answer if isinstance(answer, list) else answer["memories"])


def _memory(item: Mapping[str, Any]) -> Memory:
    value = item["value"]
    text = value if isinstance(value, str) else json.dumps(value)
    return Memory(
        str(item.get("type", "")),
        str(item["key"]),
        text,
        str(item.get("source") or ""),
        moment(item.get("updated_at") or item.get("created_at")),
    )


def moment(text: Any) -> datetime | None:
    """A time in ISO 8601, in UTC where it names no zone; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
