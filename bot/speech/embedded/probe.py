"""The questions that the supervisor asks the sidecar over HTTP."""

from collections import defaultdict
from typing import Any

import aiohttp
from loguru import logger

WARM_SECONDS = 900.0  # a long prompt on one slow core
LABELS = {"stt": "speech recognition", "llm": "language model", "tts": "voice"}


class Probe:
    """One HTTP client for the sidecar at `root`; use and close it on one loop."""

    def __init__(self, root: str, seconds: float) -> None:
        self._root = root
        self._limit = aiohttp.ClientTimeout(total=seconds)
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    async def look(self) -> tuple[bool, str]:
        """Whether all is ready, and a line on what is not.

        Raises:
            aiohttp.ClientError, TimeoutError, ValueError, KeyError: no answer, or a strange one.
        """
        async with self._session.get(f"{self._root}/ready", timeout=self._limit) as response:
            body = await response.json()
        return bool(body["ready"]), describe(body["stages"])

    async def warm(self, prefix: dict[str, Any]) -> bool:
        """Has the prompt evaluated; False when it is worth another try."""
        url = f"{self._root}/v1/tandem/warm"
        limit = aiohttp.ClientTimeout(total=WARM_SECONDS)
        try:
            async with self._session.post(url, json=prefix, timeout=limit) as response:
                if response.status == 200:
                    return True
                logger.warning("embedded models: not warmed: {}", await response.text())
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.warning("embedded models: not warmed: {}", type(error).__name__)
            return False


def describe(stages: dict[str, dict[str, str]]) -> str:
    """'loading voice, warming language model (40 % of the prompt)'; '' when all are ready."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, stage in sorted(stages.items()):
        detail = f" ({stage['detail']})" if stage["detail"] else ""
        if stage["state"] != "ready":
            found[stage["state"]].append(LABELS.get(name, name) + detail)
    return "; ".join(f"{state} {', '.join(names)}" for state, names in sorted(found.items()))
