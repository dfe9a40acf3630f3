"""Orders without a running server: written to the database, where the next one finds them."""

import argparse
from collections.abc import Mapping
from typing import Any

import httpx2

from bot.modes.desk import Modes
from bot.modes.health import HealthChecks
from bot.modes.operators import Operators, Order
from bot.modes.setup import Setup, SetupWatch
from bot.modes.state import When
from bot.modes.status import Status
from bot.settings import Settings
from bot.store.store import Store


async def without_a_server(wanted: argparse.Namespace, settings: Settings) -> Mapping[str, Any]:
    """Carry the order out; returns the status after it. No call is live, so nothing waits.

    Raises:
        TandemError: it was not done; the text is one line.
    """
    setup = Setup.of(settings)
    store = await Store.open(settings.database_url)
    try:
        async with httpx2.AsyncClient() as http:
            return await _carry_out(wanted, setup, store, http)
    finally:
        await store.close()


async def _carry_out(
    wanted: argparse.Namespace, setup: Setup, store: Store, http: httpx2.AsyncClient
) -> Mapping[str, Any]:
    checks = HealthChecks(http, lambda: "")
    # Whether the embedded models will be there is known only where they run.
    modes = Modes(setup, checks, live=lambda: 0, started=None, models=lambda: None)
    operators = Operators(modes, store, lambda: True, lambda _: None)
    await operators.look()
    if wanted.action == "set":
        await _set(wanted, operators)
        await operators.apply_pending()
    status = Status(
        modes, store, SetupWatch(setup, lambda _: None), lambda: (), None, lambda: 0, lambda: 0
    )
    return await status.read()


async def _set(wanted: argparse.Namespace, operators: Operators) -> None:
    if wanted.subject == "rollout":
        await operators.roll_out(dict(wanted.shares), wanted.who, forced=wanted.force)
        return
    if wanted.subject == "rules":
        await operators.set_rule(wanted.rule, wanted.switch == "on", wanted.who)
        return
    mode = "" if wanted.mode == "none" else wanted.mode
    if wanted.number:
        await operators.set_own(wanted.number, mode, wanted.who, forced=wanted.force)
        return
    when: When = "idle" if wanted.when_idle else "now" if wanted.grace is None else "grace"
    await operators.switch(Order(mode, wanted.who, when, wanted.grace or 0.0, wanted.force))
