"""Who may ask, and how much they may send: for every route that changes something."""

import hmac
import ipaddress
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import HTTPConnection, Request

from bot.settings import Settings

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body that are read at most."""
_MAX_FIELDS = 300
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def local(connection: HTTPConnection) -> bool:
    """Say whether a request comes from a program on this machine.

    A proxy's requests come from this machine too, so one that was passed on does not count; nor
    does one that a web page made (it has an `Origin` elsewhere, or a host name that was rebound).
    """
    if connection.client is None or not _loopback(connection.client.host):
        return False
    if any(name in connection.headers for name in _PROXY_HEADERS):
        return False
    host = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
    if host != "localhost" and not _loopback(host):
        return False
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


def _loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def operator(settings: Settings, connection: HTTPConnection) -> None:
    """Let only the operator pass.

    Raises:
        HTTPException: 403 when no `OPERATOR_TOKEN` is set or another one was sent, 401 when none
            was sent.
    """
    wanted = settings.OPERATOR_TOKEN.get_secret_value()
    if not wanted:
        raise HTTPException(403, "OPERATOR_TOKEN is not set, so nobody may do this")
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise HTTPException(401, "a bearer token is needed", {"www-authenticate": "Bearer"})
    if not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise HTTPException(403, "this is not the operator's token")


async def body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return a request's body.

    Raises:
        HTTPException: 413 when it is longer than `limit` bytes; no more than that is read.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise HTTPException(413, f"the body is longer than {limit} bytes")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise HTTPException(413, f"the body is longer than {limit} bytes")
    return bytes(data)


async def form(request: Request, limit: int = BODY_LIMIT) -> ImmutableMultiDict[str, str]:
    """Return the fields of a URL-encoded form; empty ones are kept, they are signed too.

    Raises:
        HTTPException: 413 when it is too long, 400 when it is anything but a form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await body(request, limit)
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400, "a URL-encoded form is expected")
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "the form cannot be read") from None
    return ImmutableMultiDict(pairs)


async def json_object(request: Request, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        HTTPException: 413 when it is too long, 422 when it is not a JSON object.
    """
    try:
        value = json.loads(await body(request, limit))
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is not JSON") from None
    if not isinstance(value, dict):
        raise HTTPException(422, "the body is not a JSON object")
    return value
