"""The models that are asked, by the names on the command line.

embedded                    the embedded model; started for the time of the run
NAME                        at the given base URL; a name that begins with claude at Anthropic
NAME@URL                    at an address of its own
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
from pydantic import SecretStr

from bot.brain.claude_model import ClaudeModel
from bot.brain.model import Model
from bot.brain.openai_model import OpenAIModel
from bot.clients import Clients
from bot.errors import EmbeddedError
from bot.providers import Endpoint
from bot.settings import ROOT, Settings
from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.port import ReservedPort

EMBEDDED = "embedded"
_CONTEXT = 8192
"""Tokens for one conversation: all tools and a request, with room."""
_LOAD_SECONDS = 600.0
_STOP_SECONDS = 10.0


def endpoint_of(name: str, base_url: str, settings: Settings) -> Endpoint:
    """Where a model of the command line is reached; the embedded one has no address yet.

    Args:
        name: As above.
        base_url: For names without an address of their own; '' is the configured one.
        settings: Has the keys. A key goes to the address that it is set for and to no other.
    """
    model, _, own = name.partition("@")
    address = (own or base_url).rstrip("/")
    why, none = "named on the command line", SecretStr("")
    if model == EMBEDDED:
        return Endpoint("llm", EMBEDDED, address, none, "llm", why)
    claude = settings.ANTHROPIC_BASE_URL.rstrip("/")
    if address == claude or (model.startswith("claude") and not address):
        return Endpoint("llm", "anthropic", claude, settings.ANTHROPIC_API_KEY, model, why)
    keys = {
        settings.GROQ_BASE_URL.rstrip("/"): settings.GROQ_API_KEY,
        settings.OPENAI_BASE_URL.rstrip("/"): settings.OPENAI_API_KEY,
    }
    address = address or settings.OPENAI_BASE_URL.rstrip("/")
    return Endpoint("llm", "openai", address, keys.get(address, none), model, why)


def model_at(endpoint: Endpoint, clients: Clients) -> Model:
    """The model behind an endpoint whose address is known."""
    if endpoint.provider == "anthropic":
        return ClaudeModel(endpoint, clients.anthropic(endpoint))
    return OpenAIModel(endpoint, clients.openai(endpoint))


@asynccontextmanager
async def reached(
    endpoint: Endpoint, settings: Settings, progress: Callable[[str], None]
) -> AsyncIterator[Endpoint]:
    """The endpoint with its address; runs the embedded model meanwhile if it has none.

    Raises:
        EmbeddedError: it does not come up.
    """
    if endpoint.base_url:
        yield endpoint
        return
    port = ReservedPort(settings.EMBEDDED_PORT)
    # One slot: requests that show the same tools follow one another and share what was read.
    options = EmbeddedOptions(
        stages=frozenset({"llm"}),
        cache=settings.embedded_cache_dir,
        port=port.reserve(),
        llm_model=settings.EMBEDDED_LLM_MODEL,
        llm_slots=1,
        llm_context=_CONTEXT,
    )
    command = (sys.executable, "-m", "bot.speech.embedded", "serve", *options.to_argv())
    process = await asyncio.create_subprocess_exec(
        *tied([*command, "--supervised"], {"PYTHONPATH": str(ROOT)}),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        root = f"http://127.0.0.1:{options.port}"
        await _ready(root, process, progress)
        yield replace(endpoint, base_url=f"{root}/v1")
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        port.release()


async def _ready(
    root: str, process: asyncio.subprocess.Process, progress: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _LOAD_SECONDS
    async with aiohttp.ClientSession() as session:
        while loop.time() < until:
            if process.returncode is not None:
                raise EmbeddedError("the embedded model could not be started")
            try:
                async with session.get(f"{root}/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                progress("the embedded model is being started")
            await asyncio.sleep(0.5)
    raise EmbeddedError(f"the embedded model is not ready after {_LOAD_SECONDS:.0f} s")
