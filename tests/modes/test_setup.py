"""`.env` and `config.json` are picked up while the server runs; broken ones change nothing."""

import json
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.modes.config import FILE
from bot.modes.setup import Setup, SetupWatch
from bot.settings import Settings


class Files:
    """The two files, and what the watch made of their changes."""

    def __init__(self, folder: Path) -> None:
        self.env, self.config = folder / ".env", folder / "config.json"
        self.config.write_text(FILE.read_text())
        self.env.write_text("OPENAI_API_KEY=sk-1\nBOT_NAME=Ada\nPORT=7000\n")
        self.adopted: list[Setup] = []
        setup = Setup.of(Settings.load(self.env), self.config)
        self.watch = SetupWatch(setup, self.adopted.append, self.env, self.config)

    @property
    def name(self) -> str:
        return self.adopted[-1].settings.BOT_NAME


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_change_is_adopted_once(files: Files) -> None:
    await files.watch.look()
    assert files.adopted == []
    files.env.write_text("OPENAI_API_KEY=sk-1\nBOT_NAME=Grace\nPORT=7000\n")
    await files.watch.look()
    await files.watch.look()
    assert [setup.settings.BOT_NAME for setup in files.adopted] == ["Grace"]


async def test_a_file_that_is_gone_is_a_change_too(files: Files) -> None:
    files.env.unlink()
    await files.watch.look()
    assert files.name == "Tandem"


async def test_the_environment_still_wins(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_NAME", "Ambient")
    files.env.write_text("OPENAI_API_KEY=sk-1\nBOT_NAME=Grace\n")
    await files.watch.look()
    assert files.name == "Ambient"


async def test_a_broken_file_keeps_the_last_good_settings_and_says_so(files: Files) -> None:
    files.env.write_text("OPENAI_API_KEY=sk-1\nMAX_CALLS=often\nLLM_MODE=quantum\n")
    for _ in range(2):  # it stays a problem until it is mended
        with pytest.raises(
            SettingsError, match=r"MAX_CALLS: found 'often'.*the last good"
        ) as error:
            await files.watch.look()
        assert "\n" not in str(error.value)
    assert "MAX_CALLS" in files.watch.problem
    assert files.adopted == []
    files.env.write_text("OPENAI_API_KEY=sk-2\n")
    await files.watch.look()
    assert files.watch.problem == ""
    assert files.adopted[-1].settings.OPENAI_API_KEY.get_secret_value() == "sk-2"


async def test_what_the_process_is_built_on_waits_for_a_new_start(files: Files) -> None:
    files.env.write_text("OPENAI_API_KEY=sk-1\nBOT_NAME=Grace\nPORT=7001\nWORKERS=3\n")
    await files.watch.look()
    settings = files.adopted[-1].settings
    assert (settings.BOT_NAME, settings.PORT, settings.WORKERS) == ("Grace", 7000, 1)
    assert files.watch.restart == ["PORT", "WORKERS"]


async def test_the_modes_file_is_watched_too(files: Files) -> None:
    raw = json.loads(FILE.read_text())
    files.config.write_text(json.dumps(raw | {"default_mode": "embedded"}))
    await files.watch.look()
    assert files.adopted[-1].config.default_mode == "embedded"
    files.config.write_text("{")
    with pytest.raises(SettingsError, match="is not JSON"):
        await files.watch.look()


async def test_a_refused_change_is_a_problem(files: Files) -> None:
    def refuse(_: Setup) -> None:
        raise SettingsError("cascade needs the embedded models")

    watch = SetupWatch(
        Setup.of(Settings.load(files.env), files.config), refuse, files.env, files.config
    )
    files.env.write_text("BOT_NAME=Grace\n")
    with pytest.raises(SettingsError, match="needs the embedded models; the last good"):
        await watch.look()


async def test_settings_that_come_from_no_file_are_left_alone(files: Files) -> None:
    made_up = Setup.of(Settings.load(None, BOT_NAME="Made up"), files.config)
    watch = SetupWatch(made_up, files.adopted.append, files.env, files.config)
    files.env.write_text("BOT_NAME=Grace\n")
    await watch.look()
    assert files.adopted == []
