"""The language model: the sidecar's side of the llama.cpp process, and its warm prompt prefix."""

import asyncio
import hashlib
import json
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from bot.speech.embedded.children import KeptChild, own_program
from bot.speech.embedded.http import ApiError, bad_request, not_ready
from bot.speech.embedded.llama_child import model_path, warm_folder
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.slots import Slots
from bot.speech.embedded.stages import StageState

KEPT_PREFIXES = 8  # files in the warm folder; about 30 KB for each token of the prompt
LOOK_SECONDS = 5.0
HUNG_SECONDS = 30.0


class LlamaEngine:
    """Keeps the llama.cpp process, its address, and which prompt its slots begin with."""

    def __init__(self, options: EmbeddedOptions, program: Sequence[str] = ()) -> None:
        self.stage = StageState("llm")
        self.slots = Slots(options.llm_slots)
        self._options = options
        self._child = KeptChild(program or own_program("llama", options), self.stage, self._serve)
        self._session: aiohttp.ClientSession | None = None
        self._address = ""
        self._engine = ""
        self._prefix: dict[str, Any] = {}
        self._up = asyncio.Event()
        self._warming = asyncio.Lock()

    async def start(self) -> None:
        """Starts the process."""
        # A new connection each time: llama.cpp closes kept ones unannounced (5 s, 100 requests).
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        await self._child.start()

    async def stop(self) -> None:
        """Ends the process."""
        await self._child.stop()
        if self._session:
            await self._session.close()

    def post(self, path: str, body: object) -> Any:
        """An HTTP request to llama.cpp, to be used with `async with`."""
        assert self._session
        if not self._address:
            raise not_ready("llm", self.stage.detail or self.stage.state)
        return self._session.post(self._address + path, json=body)

    async def warm(self, body: dict[str, Any]) -> dict[str, Any]:
        """Evaluates a prompt's messages and tools once, or brings the result back from disk.

        Raises:
            ApiError: 400 for a body without messages, 503 when the model does not come up.
        """
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            raise bad_request("messages: expected a list with at least one message", "messages")
        self._prefix = {"messages": body["messages"], "tools": body.get("tools") or []}
        try:
            await asyncio.wait_for(self._up.wait(), 120)
        except TimeoutError:
            raise not_ready("llm", self.stage.detail or self.stage.state) from None
        return await self._warm()

    async def _warm(self) -> dict[str, Any]:
        async with self._warming:
            began = time.monotonic()
            self.stage.enter("warming")
            try:
                tokens, restored = await self._fill_slots()
            finally:
                self.stage.enter("ready")
            self.slots.forget()
            seconds = round(time.monotonic() - began, 2)
            return {"tokens": tokens, "restored": restored, "seconds": seconds}

    async def _fill_slots(self) -> tuple[int, bool]:
        prefix = {key: value for key, value in self._prefix.items() if value}
        prompt = (await self._call("/apply-template", prefix | {"add_generation_prompt": False}))[
            "prompt"
        ]
        name = self._prefix_name(prompt)
        path = warm_folder(self._options) / name
        restored = await asyncio.to_thread(path.exists)
        if restored:
            try:
                return await self._restore(name, 0), True
            except ApiError:
                await asyncio.to_thread(path.unlink, missing_ok=True)
        await self._evaluate(prompt)
        with suppress(ApiError):  # a full disk: the next start is slower, this one is not
            await self._call("/slots/0?action=save", {"filename": name})
            await asyncio.to_thread(self._drop_old)
            return await self._restore(name, 1), False
        return 0, False

    async def _restore(self, name: str, first: int) -> int:
        tokens = 0
        for slot in range(first, self._options.llm_slots):
            answer = await self._call(f"/slots/{slot}?action=restore", {"filename": name})
            tokens = int(answer["n_restored"])
        return tokens

    async def _evaluate(self, prompt: str) -> None:
        body = {
            "prompt": prompt,
            "n_predict": 0,
            "id_slot": 0,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,
        }
        async with self.post("/completion", body) as response:
            await _raise_for(response)
            async for line in response.content:
                progress = _event(line).get("prompt_progress")
                if progress and progress.get("total"):
                    share = 100 * progress["processed"] // progress["total"]
                    self.stage.enter("warming", f"{share} % of the prompt")

    async def _call(self, path: str, body: object) -> dict[str, Any]:
        async with self.post(path, body) as response:
            await _raise_for(response)
            answer: dict[str, Any] = await response.json()
            return answer

    def _prefix_name(self, prompt: str) -> str:
        stat = model_path(self._options).stat()
        parts = [self._engine, stat.st_size, stat.st_mtime_ns, self._options.llm_context, prompt]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32] + ".bin"

    def _drop_old(self) -> None:
        files = list(warm_folder(self._options).glob("*.bin"))
        files.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[KEPT_PREFIXES:]:
            path.unlink(missing_ok=True)

    async def _serve(self, process: Process) -> None:
        assert process.stdout
        line = await process.stdout.readline()
        if not line:
            await process.wait()
            return
        told = json.loads(line)
        self._address, self._engine = told["address"], told["engine"]
        self._up.set()
        try:
            if self._prefix:
                await self._warm()
            self.stage.enter("ready")
            await self._watch(process)
        except (ApiError, aiohttp.ClientError) as error:
            raise OSError(f"llama.cpp: {error}") from error
        finally:
            self._up.clear()
            self._address = ""

    async def _watch(self, process: Process) -> None:
        assert self._session
        limit = aiohttp.ClientTimeout(total=HUNG_SECONDS)
        while process.returncode is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), LOOK_SECONDS)
                return
            async with self._session.get(self._address + "/health", timeout=limit) as response:
                await response.read()


async def _raise_for(response: aiohttp.ClientResponse) -> None:
    if response.status >= 400:
        raise api_error(response.status, await response.read())


def api_error(status: int, body: bytes) -> ApiError:
    """llama.cpp's error as ours; `code` is llama.cpp's type where that says more."""
    try:
        error = json.loads(body)["error"]
        return ApiError(status, str(error["message"]), code=str(error.get("type") or "") or None)
    except (ValueError, KeyError, TypeError):
        return ApiError(status, f"llama.cpp answered {status}")


def _event(line: bytes) -> dict[str, Any]:
    if not line.startswith(b"data: {"):
        return {}
    found: dict[str, Any] = json.loads(line[6:])
    return found
