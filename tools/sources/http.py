"""One JSON request to a public API: short time-outs, no redirects elsewhere, errors of ours."""

import json
from typing import Any

import httpx2

from bot.errors import ProviderRefused, ProviderUnavailable

TIMEOUT = httpx2.Timeout(connect=1.5, read=3.0, write=1.5, pool=1.0)
"""A caller waits for it in silence; these APIs answer in 50-400 ms."""
LARGEST = 1_000_000
"""Bytes of an answer; the ones that are asked for have a few thousand."""


async def get_json(
    http: httpx2.AsyncClient,
    vendor: str,
    url: str,
    query: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """GET `url` and return the JSON object that comes back.

    Args:
        http: The process's client.
        vendor: What the errors call it.
        url: Absolute.
        query: Its query; may hold a key, which never appears in an error.
        headers: Beside `accept`.

    Raises:
        ProviderRefused: it said no (4xx).
        ProviderUnavailable: it was not reached, took too long, failed, or sent something else.
    """
    sent = {"accept": "application/json", **(headers or {})}
    request = http.build_request("GET", url, params=query, headers=sent, timeout=TIMEOUT)
    try:
        response = await http.send(request, stream=True, follow_redirects=False)
        try:
            status, text = response.status_code, await _text(response, vendor)
        finally:
            await response.aclose()
    except (httpx2.HTTPError, OSError) as error:
        raise ProviderUnavailable(f"{vendor}: {type(error).__name__}") from None
    if status == 429 or status >= 500 or 300 <= status < 400:
        raise ProviderUnavailable(f"{vendor}: {status}")
    if status >= 400:
        raise ProviderRefused(f"{vendor}: {status}{_reason(text)}")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ProviderUnavailable(f"{vendor}: an answer that is no JSON object")
    return body


async def _text(response: httpx2.Response, vendor: str) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > LARGEST:
            raise ProviderUnavailable(f"{vendor}: an answer that is far too long")
    return bytes(data)


def _reason(text: bytes) -> str:
    """Google's short reason for an error ('quotaExceeded'), or ''."""
    try:
        first = json.loads(text)["error"]["errors"][0]["reason"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return f" {first}" if isinstance(first, str) and first.isalnum() else ""
