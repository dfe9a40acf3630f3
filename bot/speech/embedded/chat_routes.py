"""`/v1/chat/completions` and the warm prefix, in front of llama.cpp."""

from typing import Any

import aiohttp
from aiohttp import web

from bot.speech.embedded.http import ApiError, bad_request, json_object
from bot.speech.embedded.llama import LlamaEngine, api_error
from bot.speech.embedded.slots import fingerprint

LLAMA = web.AppKey("llama", LlamaEngine)
MAX_TOKENS = 400  # of an answer whose request names no limit: a minute and a half of speech
TOO_LONG = "exceed_context_size_error"  # llama.cpp's name for a prompt over the slot's size
TRIES = 4
CALL_END = "</call>"  # one tool call each time: left alone, the small model goes on and on calling


def add_chat_routes(app: web.Application, llama: LlamaEngine) -> None:
    """Adds the routes of the language model."""
    app[LLAMA] = llama
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_post("/v1/tandem/warm", warm)


async def warm(request: web.Request) -> web.Response:
    """POST {"messages": […], "tools": […]}: evaluated once for all conversations."""
    return web.json_response(await request.app[LLAMA].warm(await json_object(request)))


async def complete(request: web.Request) -> web.StreamResponse:
    """OpenAI's chat completion; a caller who goes away stops the generation."""
    llama = request.app[LLAMA]
    body = checked(await json_object(request))
    if llama.stage.state != "ready":
        raise ApiError(503, f"llm is not ready: {llama.stage.state}", code="not_ready")
    past = fingerprint(body["messages"])
    slot = await llama.slots.take(past)
    try:
        return await _relay(request, llama, body | {"id_slot": slot, "cache_prompt": True})
    except aiohttp.ClientError as error:
        raise ApiError(
            503, f"the language model broke off: {type(error).__name__}", code="not_ready"
        ) from error
    finally:
        llama.slots.give_back(slot, past)


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """The request as llama.cpp gets it.

    Raises:
        ApiError: 400, it is not a chat completion.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("messages: expected a list with at least one message", "messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise bad_request(f"messages[{number}]: expected an object with a role", "messages")
    body = dict(body)
    for name in ("tools", "tool_choice", "parallel_tool_calls"):
        if name in body and not body.get("tools"):
            del body[name]
    if body.get("tools"):
        asked = body.get("stop") or []
        body["stop"] = [*([asked] if isinstance(asked, str) else asked), CALL_END]
    if body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
        body["max_tokens"] = MAX_TOKENS
    return body


async def _relay(
    request: web.Request, llama: LlamaEngine, body: dict[str, Any]
) -> web.StreamResponse:
    for _ in range(TRIES):
        async with llama.post("/v1/chat/completions", body) as source:
            if source.status == 200:
                return await _copy(request, source)
            error = api_error(source.status, await source.read())
        shorter = without_oldest(body["messages"])
        if error.code != TOO_LONG or len(shorter) == len(body["messages"]):
            break
        body = body | {"messages": shorter}
    raise error


async def _copy(request: web.Request, source: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": source.headers["Content-Type"]})
    await response.prepare(request)
    async for piece in source.content.iter_any():
        await response.write(piece)
    await response.write_eof()
    return response


def without_oldest(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation without its older half: the system prompt stays, a user turn begins it."""
    head = 0
    while head < len(messages) and messages[head]["role"] in ("system", "developer"):
        head += 1
    rest = messages[head:]
    for start in range(max(1, len(rest) // 2), len(rest)):
        if rest[start]["role"] == "user":
            return messages[:head] + rest[start:]
    return messages
