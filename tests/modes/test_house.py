"""A changed `.env` on its way through the process: the watch, the modes, the next call."""

from pathlib import Path

import httpx2
import pytest

from bot.call import Call
from bot.errors import SettingsError
from bot.modes import house as house_module
from bot.modes.house import ModeHouse
from bot.modes.setup import SetupWatch
from bot.settings import Settings
from bot.store.store import Store
from bot.switchboard import Switchboard


async def test_new_calls_have_the_new_settings_and_live_ones_keep_theirs(
    tmp_path: Path, store: Store, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / ".env"
    env.write_text("OPENAI_API_KEY=sk-1\nOPENAI_MODEL=gpt-4o-mini\n")
    told: list[str] = []
    renewed: list[Settings] = []
    monkeypatch.setattr(
        house_module, "SetupWatch", lambda setup, adopt: SetupWatch(setup, adopt, env)
    )
    house = ModeHouse.build(
        Settings.load(env),
        store,
        http,
        Switchboard(10),
        lambda _call, _kind, line: told.append(line),
        lambda: None,
        renewed.append,
    )
    (settings,) = (work for work in house.beat.work if work.name == "settings")
    live, after, last = Call("phone"), Call("phone"), Call("phone")
    house.pin(live)
    env.write_text("OPENAI_API_KEY=sk-1\nOPENAI_MODEL=gpt-6-luna\nMAX_CALLS=99\n")
    await settings.once()
    house.pin(after)
    assert house.modes.of(live).plan.llm[0].model == "gpt-4o-mini"
    assert house.modes.of(after).plan.llm[0].model == "gpt-6-luna"
    assert [each.OPENAI_MODEL for each in renewed] == ["gpt-6-luna"]
    assert "new calls have the new ones; these take a new start: MAX_CALLS" in told[0]

    env.write_text("OPENAI_API_KEY=sk-1\nOPENAI_MODEL=gpt-6-sol\nLLM_MODE=quantum\n")
    await settings.once()
    house.pin(last)
    assert house.modes.of(last).plan.llm[0].model == "gpt-6-luna"
    assert "LLM_MODE: found 'quantum'" in told[1]
    with pytest.raises(SettingsError):
        Settings.load(env)
