"""The HTTP clients of the process: one connection pool for all calls, one SDK client an endpoint.

A client of its own for every call costs 23-36 ms for its TLS context on the event loop and a new
handshake with every turn (measured, `shared/design/speed.md`). The SDKs' client runs on aiohttp,
whose parser is compiled: a turn's requests cost 23 ms of CPU instead of 34.
"""

import asyncio
import time
from collections.abc import Iterable

import httpx2
from anthropic import AsyncAnthropic
from loguru import logger
from openai import AsyncOpenAI, DefaultAioHttpClient

from bot.providers import Endpoint
from bot.settings_rules import OPENAI_URL

KEEPALIVE_SECONDS = 300.0
"""A caller thinks for seconds, a business is quiet for minutes: connections outlive both."""

WARM_CONNECTIONS = 3
"""Opened to a provider ahead of a call: transcribing, thinking and speaking overlap."""
WARM_SECONDS = 45.0
"""Calls that follow one another within this time find the connections of the one before."""

CLOUD_TIMEOUT = httpx2.Timeout(connect=3.0, read=10.0, write=5.0, pool=3.0)
OWN_SERVER_TIMEOUT = httpx2.Timeout(connect=3.0, read=40.0, write=5.0, pool=3.0)
"""vLLM and Ollama load a model with the first request; the caller is asked to hold on meanwhile."""
EMBEDDED_TIMEOUT = httpx2.Timeout(connect=3.0, read=90.0, write=10.0, pool=10.0)
"""Two cores that serve three calls may take tens of seconds to a first token."""

NO_KEY = "none"
"""Sent where an endpoint wants no key: given none, the SDKs would take one from the environment
and send it to whatever server is configured."""


class Clients:
    """SDK clients by endpoint. Made once, shared by every call, closed with the server."""

    def __init__(self) -> None:
        limits = httpx2.Limits(
            max_connections=1000,
            max_keepalive_connections=200,
            keepalive_expiry=KEEPALIVE_SECONDS,
        )
        self.http = DefaultAioHttpClient(limits=limits, timeout=CLOUD_TIMEOUT)
        self._openai: dict[tuple[str, str], AsyncOpenAI] = {}
        self._anthropic: dict[tuple[str, str], AsyncAnthropic] = {}
        self._warmed: dict[str, float] = {}

    def openai(self, endpoint: Endpoint) -> AsyncOpenAI:
        """The client for an OpenAI-compatible endpoint; its `base_url` must be known."""
        key = endpoint.api_key.get_secret_value()
        found = self._openai.get((endpoint.base_url, key))
        if found is None:
            found = AsyncOpenAI(
                api_key=key or NO_KEY,
                base_url=endpoint.base_url,
                http_client=self.http,
                timeout=_timeout(endpoint),
                max_retries=0,  # what failed goes to the next provider, see bot/failover
            )
            self._openai[endpoint.base_url, key] = found
        return found

    def anthropic(self, endpoint: Endpoint) -> AsyncAnthropic:
        """The client for Anthropic's Messages API."""
        key = endpoint.api_key.get_secret_value()
        found = self._anthropic.get((endpoint.base_url, key))
        if found is None:
            found = AsyncAnthropic(
                api_key=key or NO_KEY,
                base_url=endpoint.base_url,
                http_client=self.http,
                timeout=CLOUD_TIMEOUT,
                max_retries=0,
            )
            self._anthropic[endpoint.base_url, key] = found
        return found

    async def warm(self, endpoints: Iterable[Endpoint]) -> None:
        """Open connections to cloud providers while the caller hears the greeting.

        The first turn then waits for no TLS handshake (two or three round trips). Nothing is sent
        but a HEAD request without a key, whose answer does not matter; nor does its failure.
        """
        now, cold = time.monotonic(), []
        for base_url in {endpoint.base_url for endpoint in endpoints}:
            origin = httpx2.URL(base_url).copy_with(raw_path=b"/")
            since = now - self._warmed.get(str(origin), -WARM_SECONDS)
            if origin.scheme == "https" and since >= WARM_SECONDS:
                self._warmed[str(origin)] = now
                cold += [origin] * WARM_CONNECTIONS
        await asyncio.gather(*(self._touch(origin) for origin in cold))

    async def _touch(self, origin: httpx2.URL) -> None:
        try:
            await self.http.head(origin, follow_redirects=False)
        except httpx2.HTTPError as error:
            logger.debug(f"no connection to {origin.host} ahead: {type(error).__name__}")

    async def aclose(self) -> None:
        """Close every connection."""
        await self.http.aclose()


_OWN = ("embedded", "whisper", "runpod", "openclaw")


def is_cloud(endpoint: Endpoint) -> bool:
    """Whether it answers at once or has a bad day; servers of one's own may load a model first."""
    of_ones_own = endpoint.provider == "openai" and endpoint.base_url != OPENAI_URL
    return not of_ones_own and endpoint.provider not in _OWN


def _timeout(endpoint: Endpoint) -> httpx2.Timeout:
    if endpoint.provider == "embedded":
        return EMBEDDED_TIMEOUT
    return CLOUD_TIMEOUT if is_cloud(endpoint) else OWN_SERVER_TIMEOUT
