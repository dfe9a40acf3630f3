"""Whether a mode's providers would answer: cheap questions, remembered for a while.

Each endpoint is asked for its list of models (or what its vendor has instead), which costs nothing
and needs the key. Nobody on a call waits for it. One that answers, but that calls leave alone
because it fails them (its breaker is open), is not well either.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from bot.modes.mode import Mode
from bot.modes.part import HowFared, left_alone, part
from bot.providers import Endpoint

FRESH_SECONDS = 10.0
"""How long an answer is good for: a status page that is reloaded costs the vendors nothing."""
PATIENCE_SECONDS = 3.0
_NOT_A_FAULT = frozenset({404, 405, 429})
"""No such question here, or too many of them: the server is there."""
_ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True)
class Health:
    """What an endpoint said. `fault` is '' when it is well; `seconds`: how long it took; `at`: on
    `time.monotonic()`."""

    fault: str
    seconds: float
    at: float


class HealthChecks:
    """Asks endpoints how they are. One for the process.

    Args:
        http: The process's client.
        embedded: What is wrong with the embedded models, or ''; '' also means they run.
        fared: How calls fare with an endpoint.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        embedded: Callable[[], str],
        fared: HowFared = lambda _: None,
    ) -> None:
        self._http = http
        self._embedded = embedded
        self._fared = fared
        self._known: dict[tuple[str, ...], Health] = {}
        self._asking: dict[tuple[str, ...], asyncio.Task[Health]] = {}

    def known(self, endpoint: Endpoint) -> Health | None:
        """The last answer, however old; None if it was never asked."""
        if endpoint.provider == "embedded":
            return Health(self._embedded(), 0.0, time.monotonic())
        return self._known.get(_key(endpoint))

    async def of(self, mode: Mode, age: float = FRESH_SECONDS) -> str:
        """What is wrong with a mode, one line, or ''.

        A stage is well while one of its endpoints is (`Mode.needed`). `age`: how old, in seconds,
        an answer may be.
        """
        if mode.missing:
            return mode.missing
        await asyncio.gather(*(self.ask(e, age) for e in mode.endpoints))
        return self.known_of(mode) or ""

    def known_of(self, mode: Mode) -> str | None:
        """What is wrong with a mode as far as is known, or ''; None if it was never asked."""
        if mode.missing:
            return mode.missing
        found = {e: self.fault_of(e) for e in mode.endpoints}
        line = _fault_of(mode, {e: fault or "" for e, fault in found.items()})
        return line or (None if None in found.values() else "")

    def fault_of(self, endpoint: Endpoint) -> str | None:
        """What is wrong with an endpoint as far as is known, or ''; None if it was never asked."""
        if alone := left_alone(self._fared(endpoint)):
            return alone
        health = self.known(endpoint)
        return health.fault if health else None

    def left_alone(self, mode: Mode) -> str:
        """Why calls leave a mode alone that was not asked anew, or ''; for the path of a call."""
        if mode.missing:
            return ""
        return _fault_of(mode, {e: left_alone(self._fared(e)) for e in mode.endpoints})

    def part(self, endpoint: Endpoint) -> dict[str, Any]:
        """What is known of an endpoint, for operators and monitors."""
        fault = self.fault_of(endpoint)
        return part(endpoint, fault, self.known(endpoint), self._fared(endpoint))

    async def ask(self, endpoint: Endpoint, age: float = FRESH_SECONDS) -> Health:
        """Ask an endpoint, unless it answered at most `age` seconds ago."""
        if endpoint.provider == "embedded":
            return Health(self._embedded(), 0.0, time.monotonic())
        key = _key(endpoint)
        known = self._known.get(key)
        if known and time.monotonic() - known.at < age:
            return known
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(endpoint))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """Ask nothing more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, endpoint: Endpoint) -> Health:
        began = time.monotonic()
        fault = await self._fault(endpoint)
        now = time.monotonic()
        health = self._known[_key(endpoint)] = Health(fault, now - began, now)
        return health

    async def _fault(self, endpoint: Endpoint) -> str:
        url, headers = _question(endpoint)
        began = time.monotonic()
        try:
            answer = await self._http.get(url, headers=headers, timeout=PATIENCE_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            if time.monotonic() - began >= PATIENCE_SECONDS:
                return f"no answer in {PATIENCE_SECONDS:g} s"
            return f"cannot be reached ({_cause(error)})"
        return _verdict(endpoint, answer.status_code, answer.text)


def _cause(error: Exception) -> str:
    """What failed, by its name: aiohttp's transport calls every failed connection a time-out."""
    found = getattr(error.__cause__, "os_error", None)
    return type(found or error).__name__


def _fault_of(mode: Mode, faults: Mapping[Endpoint, str]) -> str:
    """One line for a mode from what is wrong with each of its endpoints."""
    lines = []
    for group in mode.needed:
        if all(faults[endpoint] for endpoint in group):
            lines.append(f"{group[0].label}: {faults[group[0]]}")
    return "; ".join(lines)


def _key(endpoint: Endpoint) -> tuple[str, ...]:
    key = endpoint.api_key.get_secret_value()
    return endpoint.provider, endpoint.base_url, key, endpoint.model


def _question(endpoint: Endpoint) -> tuple[str, dict[str, str]]:
    """Where to ask, and with which headers."""
    base, key = endpoint.base_url.rstrip("/"), endpoint.api_key.get_secret_value()
    if base.startswith("ws"):
        base = base.replace("ws", "http", 1)
    bearer = {"authorization": f"Bearer {key}"} if key else {}
    match endpoint.provider:
        case "elevenlabs":
            return f"{base}/v1/user/subscription", {"xi-api-key": key}
        case "anthropic":
            own = {"x-api-key": key, "anthropic-version": _ANTHROPIC_VERSION}
            return f"{base}/v1/models", own
        case _:
            return f"{base.removesuffix('/realtime')}/models", bearer


def _verdict(endpoint: Endpoint, status: int, text: str) -> str:
    own_pod = endpoint.provider == "runpod"
    if status in (401, 403):
        # A key of ElevenLabs may be good for speech only.
        limited = endpoint.provider == "elevenlabs" and "missing_permissions" in text
        return "" if limited else f"the key is not accepted ({status})"
    if status >= 400 and (own_pod or status not in _NOT_A_FAULT):
        return f"answers {status}"
    if own_pod and status == 200 and not _serves(endpoint.model, text):
        return f"does not serve {endpoint.model}"
    return ""


def _serves(model: str, text: str) -> bool:
    """Whether a list of models has `model`; one that cannot be read counts as if it had."""
    try:
        return model in {item["id"] for item in json.loads(text)["data"]}
    except (ValueError, KeyError, TypeError):
        return True
