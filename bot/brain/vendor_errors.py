"""The border to the vendors' errors: whatever an SDK raises becomes one of ours.

OpenAI's and Anthropic's SDKs are made by the same generator: the same classes with the same fields.
Codes: the vendors' references (`bad key`, `no credit` …), vLLM's numbers, Groq's `tool_use_failed`.
"""

import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
import anthropic
import httpx2
import openai

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable

RAISED: tuple[type[Exception], ...] = (
    openai.OpenAIError,
    anthropic.AnthropicError,
    httpx2.HTTPError,
    aiohttp.ClientError,
    OSError,
    ValueError,  # what came is not JSON, or not text
)
"""What an SDK may raise while a request is sent and its answer read."""

_TIMEOUTS = (openai.APITimeoutError, anthropic.APITimeoutError, httpx2.TimeoutException)
_BROKEN = (openai.APIConnectionError, anthropic.APIConnectionError, httpx2.NetworkError)
_STATUS = (openai.APIStatusError, anthropic.APIStatusError)
_API = (openai.APIError, anthropic.APIError)

_DENIED_CODES = (
    *("invalid_api_key", "authentication_error", "permission_error", "billing_error"),
    *("insufficient_quota", "credit_balance_exhausted", "model_not_found", "not_found_error"),
)
_REFUSED_CODES = ("invalid_request_error", "request_too_large", "BadRequestError")
_PASSING_CODES = ("tool_use_failed", "rate_limit_error", "overloaded_error", "timeout_error")
_LONGEST_TEXT = 200
_UNREACHED = "not reached, or broken off"


def ours(vendor: str, error: Exception) -> ProviderError:
    """The error as the house knows it; the text is for the operator and carries no secret.

    Args:
        vendor: Who was asked, to begin the text.
        error: One of `RAISED`.
    """
    if trouble := _connecting(error):
        return ProviderUnavailable(f"{vendor}: {trouble}")
    if isinstance(error, _TIMEOUTS):
        return ProviderUnavailable(f"{vendor}: timed out")
    if isinstance(error, _BROKEN):
        return ProviderUnavailable(f"{vendor}: {_UNREACHED}")
    if not isinstance(error, _API):
        return ProviderUnavailable(f"{vendor}: no sensible answer ({type(error).__name__})")
    body = _body(error.body)
    status = error.status_code if isinstance(error, _STATUS) else 0
    codes = [str(body[name]) for name in ("code", "type") if body.get(name)]
    if status < 400 and codes and codes[0].isdecimal():
        status = int(codes[0])  # vLLM, inside a stream
    kind = _kind(status, codes)
    text = f"{vendor}: {status or 'broken off'} {' '.join(dict.fromkeys(codes))}".rstrip()
    message = body.get("message")
    if isinstance(message, str) and kind is not ProviderDenied:
        text += f": {' '.join(message.split())[:_LONGEST_TEXT]}"
    if kind is ProviderUnavailable:
        return ProviderUnavailable(text, retry_after=_retry_after(error))
    return kind(text)


def _connecting(error: BaseException) -> str:
    """What went wrong with the connection, or ''. The SDKs' aiohttp transport calls whatever it is
    a time-out; the cause that aiohttp met knows better."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "connection refused"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "the name of its host is not known"
    met = next(
        (cause for cause in causes if isinstance(cause, aiohttp.ClientConnectionError)), None
    )
    if met is None or isinstance(met, TimeoutError):
        return ""
    return _UNREACHED


def _body(body: object) -> Mapping[str, Any]:
    """The innermost error object: they come wrapped, by the vendor or by a proxy."""
    while isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    return body if isinstance(body, Mapping) else {}


def _kind(status: int, codes: list[str]) -> type[ProviderError]:
    if any(code in _PASSING_CODES for code in codes):
        return ProviderUnavailable
    if status in (401, 402, 403, 404) or any(code in _DENIED_CODES for code in codes):
        return ProviderDenied
    if status in (408, 409, 425, 429) or status >= 500:
        return ProviderUnavailable
    if status >= 400 or any(code in _REFUSED_CODES for code in codes):
        return ProviderRefused
    return ProviderUnavailable


def _retry_after(error: Exception) -> float:
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * seconds)
        except (KeyError, ValueError):
            continue
    return 0.0
