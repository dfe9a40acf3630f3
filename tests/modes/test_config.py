"""`config.json`: what a mode comes to, and one clear line for everything that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.modes.config import FILE, load_config
from bot.modes.mode import resolve, standby_plan
from bot.modes.setup import Setup
from bot.settings import Settings

RUNPOD = {
    "RUNPOD_A100_ENDPOINT": "http://a100:8000/v1,http://second:8000/v1/",
    "RUNPOD_A40_ENDPOINT": "http://a40:8000/v1",
    "RUNPOD_API_KEY": "rp-key",
    "RUNPOD_LLM_MODEL": "qwen-small",
    "WHISPER_ENDPOINT": "http://whisper:9000/v1",
    "WHISPER_MODEL": "large-v3",
    "ELEVENLABS_API_KEY": "el",
    "ELEVENLABS_VOICE_ID": "v1",
}


def load(**values: Any) -> Settings:
    return Settings.load(None, **values)


def changed(folder: Path, **changes: Any) -> Path:
    """The project's file with some places changed; `modes__embedded__name` goes inside."""
    raw = json.loads(FILE.read_text())
    for place, value in changes.items():
        *way, last = place.split("__")
        inside = raw
        for part in way:
            inside = inside[part]
        inside[last] = value
    file = folder / "config.json"
    file.write_text(json.dumps(raw))
    return file


def test_every_mode_of_the_file_and_what_it_lacks() -> None:
    modes = Setup.of(load()).modes
    assert list(modes) == ["openai_realtime", "runpod_streaming", "cascade", "embedded"]
    assert modes["openai_realtime"].missing == "needs OPENAI_API_KEY"
    assert "RUNPOD_A100_ENDPOINT or RUNPOD_A40_ENDPOINT" in modes["runpod_streaming"].missing
    assert modes["cascade"].missing == modes["embedded"].missing == ""
    assert "sk-" not in FILE.read_text()


def test_runpod_streaming_is_whisper_vllm_elevenlabs() -> None:
    mode = Setup.of(load(**RUNPOD)).modes["runpod_streaming"]
    assert mode.missing == ""
    assert mode.plan
    assert (mode.kind, mode.path) == ("cascade", "/streaming/media")
    assert (mode.plan.stt[0].provider, mode.plan.stt[0].model) == ("whisper", "large-v3")
    assert [e.base_url for e in mode.plan.llm] == [
        "http://a100:8000/v1",
        "http://second:8000/v1",
        "http://a40:8000/v1",
    ]
    assert {e.label for e in mode.plan.llm} == {"runpod qwen-small"}
    assert {e.api_key.get_secret_value() for e in mode.plan.llm} == {"rp-key"}
    assert (mode.plan.tts[0].provider, mode.plan.tts[0].voice) == ("elevenlabs", "v1")


def test_other_providers_stand_behind_runpods() -> None:
    mode = Setup.of(load(**RUNPOD, OPENAI_API_KEY="sk-x")).modes["runpod_streaming"]
    assert mode.plan
    assert [e.provider for e in mode.plan.llm] == ["runpod", "runpod", "runpod", "openai"]
    assert [e.provider for e in mode.plan.stt] == ["whisper", "openai"]
    assert [e.provider for e in mode.plan.tts] == ["elevenlabs", "openai"]


def test_realtime_has_its_one_endpoint() -> None:
    settings = load(
        OPENAI_API_KEY="sk-x",
        OPENAI_REALTIME_MODEL="gpt-realtime-9",
        OPENAI_REALTIME_URL="wss://other.example/v1/realtime",
    )
    mode = Setup.of(settings).modes["openai_realtime"]
    assert mode.realtime
    assert (mode.kind, mode.path, mode.plan) == ("realtime", "/phone/media-stream", None)
    assert mode.realtime.base_url == "wss://other.example/v1/realtime"
    assert mode.realtime.label == "openai gpt-realtime-9"
    assert mode.realtime.api_key.get_secret_value() == "sk-x"


def test_llm_mode_must_have_what_it_needs() -> None:
    assert Setup.of(load(LLM_MODE="embedded")).settings.LLM_MODE == "embedded"
    with pytest.raises(SettingsError, match=r"^LLM_MODE: openai_realtime needs OPENAI_API_KEY$"):
        Setup.of(load(LLM_MODE="openai_realtime"))
    with pytest.raises(SettingsError, match=r"^LLM_MODE: runpod_streaming needs RUNPOD_A100"):
        load(LLM_MODE="runpod_streaming")
    with pytest.raises(SettingsError, match=r"^LLM_MODE: found 'quantum'"):
        load(LLM_MODE="quantum")
    with pytest.raises(SettingsError, match=r"^RUNPOD_A40_ENDPOINT: found 'a40:8000'"):
        load(RUNPOD_A40_ENDPOINT="a40:8000")


def test_the_embedded_models_stand_by_for_the_modes_that_are_named(tmp_path: Path) -> None:
    settings = load(OPENAI_API_KEY="sk-x")
    plain = load_config(settings)
    assert standby_plan(settings, plain).embedded_stages == frozenset()
    named = load_config(settings, changed(tmp_path, fallback_mode="embedded"))
    assert standby_plan(settings, named).embedded_stages == {"stt", "llm", "tts"}
    by_variable = load(OPENAI_API_KEY="sk-x", LLM_MODE="embedded")
    assert standby_plan(by_variable, plain).embedded_stages == {"stt", "llm", "tts"}


def test_use_env_takes_the_settings_value(tmp_path: Path) -> None:
    file = changed(
        tmp_path, modes__cascade__name="use_env:BOT_NAME", default_mode="use_env:LLM_MODE"
    )
    config = load_config(load(BOT_NAME="Ada", LLM_MODE="embedded"), file)
    assert config.modes["cascade"].name == "Ada"
    assert config.default_mode == "embedded"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"default_mode": "quantum"}, r"^config.json: default_mode: found 'quantum': "),
        ({"modes__embedded__latency_ms": "fast"}, r"modes\.embedded\.latency_ms: found 'fast': "),
        ({"modes__embedded__prize": 1}, r"^config.json: modes\.embedded\.prize: "),
        ({"modes__embedded__needs": ["A_KEY"]}, r"modes\.embedded\.needs: A_KEY is not a setting"),
        ({"modes__cascade__name": "use_env:NO"}, r"modes\.cascade\.name: NO is not a setting"),
        (
            {"modes__cascade__model": "use_env:OPENAI_API_KEY"},
            r"modes\.cascade\.model: OPENAI_API_KEY is a secret",
        ),
        ({"modes": {}}, r"^config.json: modes: cascade is not described"),
        ({"rules": [{"use": "cascade"}]}, r"rules\.0: expected exactly one of between"),
        (
            {"rules": [{"use": "cascade", "of": "embedded"}]},
            r"rules\.0: of goes with exactly one of errors_above",
        ),
        ({"rules": [{"use": "cascade", "between": ["25:00", "1:00"]}]}, r"rules\.0\.between\.0: "),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError, match=line) as error:
        load_config(load(OPENAI_API_KEY="sk-hush"), changed(tmp_path, **changes))
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(("text", "line"), [(None, "cannot be read"), ("{", "is not JSON")])
def test_a_file_that_is_none(tmp_path: Path, text: str | None, line: str) -> None:
    file = tmp_path / "config.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=line):
        load_config(load(), file)


def test_embedded_models_that_do_not_know_the_language_are_missing() -> None:
    settings = load(OPENAI_API_KEY="sk-x", BOT_LANGUAGE="de")
    assert "BOT_LANGUAGE" in resolve(settings, load_config(settings))["embedded"].missing
