"""The automatic rules over HTTP, and by the command line that uses it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.admin.__main__ import carry_out
from bot.admin.options import options
from bot.admin.shown import show
from bot.errors import TandemError
from bot.modes.config import Rule
from tests.fakes.openai_api import OpenAIApi
from tests.fixtures.house import cloud
from tests.test_settings_served import free_port
from tests.web.test_admin import TOKEN, Admin, admin

NIGHT = Rule.model_validate({"use": "embedded", "between": ["22:00", "06:00"]})
BUSY = Rule(use="cascade", live_calls=20)


def with_rules(here: Admin) -> None:
    """As if `config.json` had two, one of them twice."""
    modes = here.house.modes
    config = modes.setup.config.model_copy(update={"rules": (NIGHT, BUSY, NIGHT)})
    modes.renew(replace(modes.setup, config=config))


async def test_a_rule_is_switched_over_http(openai_api: OpenAIApi, tmp_path: Path) -> None:
    async with admin(openai_api, tmp_path) as here:
        with_rules(here)
        _, said = await here.ask("GET", "/admin-status")
        night = {"id": NIGHT.id, "when": "between 22:00 and 06:00", "use": "embedded", "on": True}
        assert (said["rules"][0], len(said["rules"]), said["rules_version"]) == (night, 2, 0)
        order: dict[str, Any] = {"rule": NIGHT.id, "on": False, "who": "anna", "version": 0}
        status, said = await here.ask("POST", "/admin/rule", order)
        assert (status, said["rules_version"]) == (200, 1)
        assert [rule["on"] for rule in said["rules"]] == [False, True]
        assert (said["changes"][0]["who"], here.house.modes.rules) == ("anna", (BUSY,))
        status, said = await here.ask("POST", "/admin/rule", order | {"rule": BUSY.id})
        assert (status, "anna was faster: the rules that" in said["detail"]) == (409, True)
        for wrong, line in (
            ({"rule": "quantum", "version": None}, "quantum: there is no such rule"),
            ({"on": "maybe"}, "on: "),
            ({"hurry": 1}, "hurry: "),
        ):
            status, said = await here.ask("POST", "/admin/rule", order | wrong)
            assert (status, line in said["detail"]) == (422, True), said


async def test_a_rule_is_switched_by_command_with_a_server_and_without(
    openai_api: OpenAIApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run(port: int, words: str) -> str:
        settings = cloud(openai_api, tmp_path, OPERATOR_TOKEN=TOKEN, PORT=port)
        wanted = options(f"--who anna {words}".split())
        show(await carry_out(wanted, settings), wanted.subject, Console(width=200))
        return capsys.readouterr().out

    async with admin(openai_api, tmp_path) as here:
        with_rules(here)
        port = int(here.url.rpartition(":")[2])
        text = await run(port, f"rules set {NIGHT.id} off")
        assert text.splitlines() == [
            f"rule {NIGHT.id} off  between 22:00 and 06:00: embedded",
            f"rule {BUSY.id} on   20 calls are live, or more: cascade",
        ]
        assert here.house.modes.settled.rules_setting.who == "anna"
        assert f"rule {NIGHT.id} off" in await run(port, "mode")
        with pytest.raises(TandemError, match="quantum: there is no such rule"):
            await run(port, "rules set quantum off")
    # What the file has no more can be taken back all the same.
    assert "config.json has no rules" in await run(free_port(), f"rules set {NIGHT.id} on")
    async with admin(openai_api, tmp_path) as here:
        with_rules(here)
        assert f"rule {NIGHT.id} on" in await run(int(here.url.rpartition(":")[2]), "rules")
