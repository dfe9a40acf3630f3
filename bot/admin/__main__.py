"""`python -m bot.admin mode [get|set …]`, `rollout [get|set …]` and `rules [get|set …]`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import httpx2
from loguru import logger
from rich.console import Console

from bot.admin.options import options
from bot.admin.shown import show
from bot.errors import TandemError
from bot.settings import Settings

_SECONDS = 20.0


class AdminRefused(TandemError):
    """The server did not do it; the text is its own line."""


class NoServer(TandemError):
    """Nobody listens at the server's address."""


async def carry_out(wanted: argparse.Namespace, settings: Settings) -> Mapping[str, Any]:
    """Do what the command line asks for; returns the status after it.

    Raises:
        TandemError: it was not done; the text is one line.
    """
    try:
        return await _by_server(wanted, settings)
    except NoServer as error:
        if wanted.url:
            raise
        logger.debug(str(error))
        from bot.admin.stored import without_a_server  # loads the database's libraries: a second

        print(f"no server answers on port {settings.PORT}: the database is used", file=sys.stderr)
        return await without_a_server(wanted, settings)


async def _by_server(wanted: argparse.Namespace, settings: Settings) -> Mapping[str, Any]:
    url = wanted.url or f"http://{_host(settings)}:{settings.PORT}"
    token = settings.OPERATOR_TOKEN.get_secret_value()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS) as http:
        status = await _ask(http, "GET", "/admin-status?fresh=true")
        if wanted.action == "get":
            return status
        if wanted.subject == "rollout":
            query = {"who": wanted.who, "version": status["rollout_version"]}
            if wanted.force:
                query["force"] = "true"
            return await _ask(http, "PUT", "/admin/rollout", params=query, json=dict(wanted.shares))
        if wanted.subject == "rules":
            order = {"rule": wanted.rule, "on": wanted.switch == "on", "who": wanted.who}
            return await _ask(http, "POST", "/admin/rule", json=order)
        return await _ask(http, "POST", "/admin/mode", json=_order(wanted, status))


def _order(wanted: argparse.Namespace, status: Mapping[str, Any]) -> dict[str, Any]:
    order: dict[str, Any] = {
        "mode": "" if wanted.mode == "none" else wanted.mode,
        "force": wanted.force,
        "who": wanted.who,
    }
    if wanted.number:
        return order | {"number": wanted.number}
    order["version"] = status["set"]["version"]
    if wanted.when_idle:
        order["when"] = "idle"
    elif wanted.grace is not None:
        order |= {"when": "grace", "grace_seconds": wanted.grace}
    return order


async def _ask(http: httpx2.AsyncClient, method: str, path: str, **more: Any) -> Mapping[str, Any]:
    try:
        answer = await http.request(method, path, **more)
    except httpx2.ConnectError:
        raise NoServer(f"no server answers at {http.base_url}") from None
    except httpx2.HTTPError as error:
        raise AdminRefused(f"{http.base_url}: {type(error).__name__}") from None
    try:
        said = answer.json()
    except ValueError:
        said = {}
    if answer.status_code >= 400 or not isinstance(said, dict):
        line = said.get("detail") if isinstance(said, dict) else None
        raise AdminRefused(f"{line or f'the server answers {answer.status_code}'}")
    return said


def _host(settings: Settings) -> str:
    """Where this machine reaches the server."""
    return "127.0.0.1" if settings.HOST in ("0.0.0.0", "::", "") else settings.HOST


def main() -> int:
    """Returns the exit code."""
    wanted = options()
    logger.remove()
    try:
        status = asyncio.run(carry_out(wanted, Settings.load()))
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    if wanted.json:
        print(json.dumps(status, indent=2))
    else:
        show(status, wanted.subject, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
