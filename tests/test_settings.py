"""Every variable changes behaviour, and a wrong one is one clear line."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from bot.brain.prompts import system_prompt
from bot.errors import SettingsError
from bot.providers import Endpoint, choose
from bot.settings import ROOT, Settings, known_variables
from bot.settings_report import check, env_example, misspelt, notes, rows
from bot.telephony.twilio import api_url
from pipelines.prompts import sentences

KEY = {"OPENAI_API_KEY": "sk-x"}
ELEVEN = {"ELEVENLABS_API_KEY": "el", "ELEVENLABS_VOICE_ID": "v1"}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token"}


def load(**values: Any) -> Settings:
    return Settings.load(None, **values)


def stt(settings: Settings) -> Endpoint:
    return choose(settings).stt[0]


def llm(settings: Settings) -> Endpoint:
    return choose(settings).llm[0]


def tts(settings: Settings) -> Endpoint:
    return choose(settings).tts[0]


def key(endpoint: Endpoint) -> str:
    return endpoint.api_key.get_secret_value()


# name -> (the settings it needs, its value, what to look at, what must be seen).
# Variables that only a running server shows are in test_settings_served.py.
SHOWN: dict[str, tuple[dict[str, Any], Any, Callable[[Settings], Any], Any]] = {
    "DATA_DIR": ({}, "/tmp/x", lambda s: s.database_url, "sqlite:////tmp/x/tandem.db"),
    "DATABASE_URL": ({}, "postgresql://h/d", lambda s: s.database_url, "postgresql://h/d"),
    "BOT_NAME": (
        {},
        "Ada",
        lambda s: ("Ada" in sentences(s).greeting, "Ada" in system_prompt(s)),
        (True, True),
    ),
    "BOT_INSTRUCTIONS": ({}, "Sell tea.", lambda s: system_prompt(s).endswith("Sell tea."), True),
    "BOT_GREETING": ({}, "Ahoy!", lambda s: sentences(s).greeting, "Ahoy!"),
    "BOT_LANGUAGE": (
        KEY,
        "de",
        lambda s: ("Auf Wiederhören" in sentences(s).broken, "German" in system_prompt(s)),
        (True, True),
    ),
    "STT_PROVIDERS": (KEY, "embedded,openai", lambda s: stt(s).provider, "embedded"),
    "LLM_PROVIDERS": (KEY, "embedded,openai", lambda s: llm(s).provider, "embedded"),
    "TTS_PROVIDERS": (KEY, "embedded,openai", lambda s: tts(s).provider, "embedded"),
    "OPENAI_API_KEY": (
        {},
        "sk-1",
        lambda s: [(f(s).provider, key(f(s))) for f in (stt, llm, tts)],
        [("openai", "sk-1")] * 3,
    ),
    "OPENAI_BASE_URL": (
        {},
        "http://gpu:8000/v1/",
        lambda s: (llm(s).base_url, stt(s).provider),
        ("http://gpu:8000/v1", "embedded"),
    ),
    "OPENAI_MODEL": (KEY, "qwen", lambda s: llm(s).model, "qwen"),
    "OPENAI_STT_MODEL": (KEY, "gpt-transcribe", lambda s: stt(s).model, "gpt-transcribe"),
    "OPENAI_TTS_MODEL": (KEY, "voice-2", lambda s: tts(s).model, "voice-2"),
    "OPENAI_TTS_VOICE": (KEY, "nova", lambda s: tts(s).voice, "nova"),
    "WHISPER_ENDPOINT": (
        {},
        "http://pod/v1",
        lambda s: (stt(s).provider, stt(s).base_url),
        ("whisper", "http://pod/v1"),
    ),
    "WHISPER_API_KEY": (
        {"WHISPER_ENDPOINT": "http://pod/v1"},
        "wk",
        lambda s: key(stt(s)),
        "wk",
    ),
    "WHISPER_MODEL": ({"WHISPER_ENDPOINT": "http://pod/v1"}, "v3", lambda s: stt(s).model, "v3"),
    "ELEVENLABS_API_KEY": (
        {"ELEVENLABS_VOICE_ID": "v1"},
        "el-1",
        lambda s: (tts(s).provider, key(tts(s))),
        ("elevenlabs", "el-1"),
    ),
    "ELEVENLABS_VOICE_ID": (ELEVEN, "v2", lambda s: tts(s).voice, "v2"),
    "ELEVENLABS_MODEL": (ELEVEN, "eleven_v9", lambda s: tts(s).model, "eleven_v9"),
    "ELEVENLABS_BASE_URL": (
        ELEVEN,
        "wss://eleven.example/",
        lambda s: (tts(s).base_url, s.elevenlabs_urls),
        ("https://eleven.example", ("https://eleven.example", "wss://eleven.example")),
    ),
    "ANTHROPIC_API_KEY": (
        {},
        "sk-ant",
        lambda s: (llm(s).provider, key(llm(s))),
        ("anthropic", "sk-ant"),
    ),
    "ANTHROPIC_BASE_URL": (
        {"ANTHROPIC_API_KEY": "a"},
        "http://proxy:1",
        lambda s: llm(s).base_url,
        "http://proxy:1",
    ),
    "ANTHROPIC_MODEL": ({"ANTHROPIC_API_KEY": "a"}, "claude-x", lambda s: llm(s).model, "claude-x"),
    "GROQ_API_KEY": ({}, "gsk-1", lambda s: (llm(s).provider, key(llm(s))), ("groq", "gsk-1")),
    "GROQ_BASE_URL": (
        {"GROQ_API_KEY": "g"},
        "http://proxy:2",
        lambda s: llm(s).base_url,
        "http://proxy:2",
    ),
    "GROQ_MODEL": ({"GROQ_API_KEY": "g"}, "qwen-g", lambda s: llm(s).model, "qwen-g"),
    "ASSEMBLYAI_API_KEY": (
        {},
        "aai-1",
        lambda s: (stt(s).provider, key(stt(s))),
        ("assemblyai", "aai-1"),
    ),
    "ASSEMBLYAI_BASE_URL": (
        {"ASSEMBLYAI_API_KEY": "a"},
        "http://proxy:3",
        lambda s: stt(s).base_url,
        "http://proxy:3",
    ),
    "ASSEMBLYAI_MODEL": ({"ASSEMBLYAI_API_KEY": "a"}, "u4", lambda s: stt(s).model, "u4"),
    "LLM_HEDGE_SECONDS": ({}, "0.2, 2", lambda s: s.hedge_seconds, (0.2, 2.0)),
    "EMBEDDED_CACHE_DIR": ({}, "/tmp/m", lambda s: s.embedded_cache_dir, Path("/tmp/m")),
    "EMBEDDED_STT_MODEL": ({}, "base.en", lambda s: stt(s).model, "base.en"),
    "EMBEDDED_LLM_MODEL": ({}, "/m/q.gguf", lambda s: llm(s).model, "/m/q.gguf"),
    "EMBEDDED_TTS_VOICE": ({}, "/m/v.onnx", lambda s: tts(s).model, "/m/v.onnx"),
    "TWILIO_ACCOUNT_SID": (
        {"TWILIO_AUTH_TOKEN": "token", "TWILIO_ACCOUNT_SID": "AC1"},
        "AC2",
        lambda s: s.twilio_rest,
        ("AC2", "token"),
    ),
    "TWILIO_AUTH_TOKEN": (TWILIO, "t2", lambda s: s.twilio_rest, ("AC1", "t2")),
    "TWILIO_API_KEY": (
        {**TWILIO, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "hush"},
        "SK2",
        lambda s: s.twilio_rest,
        ("SK2", "hush"),
    ),
    "TWILIO_API_SECRET": (
        {**TWILIO, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "hush"},
        "other",
        lambda s: s.twilio_rest,
        ("SK1", "other"),
    ),
    "TWILIO_REGION": (
        {"TWILIO_EDGE": "dublin", "TWILIO_REGION": "us1"},
        "ie1",
        api_url,
        "https://api.dublin.ie1.twilio.com",
    ),
    "TWILIO_EDGE": (
        {"TWILIO_EDGE": "dublin", "TWILIO_REGION": "ie1"},
        "sydney",
        api_url,
        "https://api.sydney.ie1.twilio.com",
    ),
    "TWILIO_API_URL": ({}, "http://127.0.0.1:9", api_url, "http://127.0.0.1:9"),
}

SERVED = {
    *("HOST", "PORT", "PUBLIC_URL", "OPERATOR_TOKEN", "MAX_CALLS", "LOG_LEVEL"),
    *("SILENCE_PROMPT_SECONDS", "SILENCE_HANGUP_SECONDS"),
    *("TWILIO_PHONE_NUMBER", "EMBEDDED_PORT"),
    *("WORKERS", "CALLER_ID_ATTESTED"),
}
"""Shown in test_settings_served.py, test_workers.py and web/test_phone.py."""

OF_TOOLS = {
    *("BOT_TOOLS", "BOT_TIMEZONE", "CONTACTS", "SMS_TO_ANYBODY", "KNOWLEDGE_DIR"),
    *("YOUTUBE_API_KEY", "YOUTUBE_API_URL", "WIKIPEDIA_URL"),
    *("OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL", "OPEN_METEO_API_KEY"),
}
"""Shown in tests/tools."""


@pytest.mark.parametrize("name", SHOWN)
def test_variable_changes_behaviour(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needs, value, look, expected = SHOWN[name]
    for other, setting in needs.items():
        monkeypatch.setenv(other, setting)
    assert look(Settings.load(None)) != expected
    monkeypatch.setenv(name, value)
    assert look(Settings.load(None)) == expected


OF_OPENCLAW = {
    *("OPENCLAW_API_URL", "OPENCLAW_API_TOKEN", "OPENCLAW_AGENT", "OPENCLAW_TASK_TIMEOUT"),
    *("OPENCLAW_MAX_TASKS", "BOT_HYBRID_LLM", "BOT_HYBRID_PRIMARY_MODEL"),
}
"""`tests/openclaw` and `tests/test_hybrid.py` show what these do."""


OF_MODES = {
    *("LLM_MODE", "OPENAI_REALTIME_MODEL", "OPENAI_REALTIME_URL", "ENVIRONMENT"),
    *("RUNPOD_API_KEY", "RUNPOD_A100_ENDPOINT", "RUNPOD_A40_ENDPOINT", "RUNPOD_LLM_MODEL"),
    *("AI_MEMORY_URL_PROD", "AI_MEMORY_URL_DEV", "AI_MEMORY_TOKEN"),
}
"""`tests/modes` shows what these do."""


OF_CONSOLE = {"OPERATOR_PASSWORD", "RECORD_CALLS", "RECORD_CALLS_DAYS"}
"""`tests/web/test_console*.py` show what these do."""


OF_FAILOVER = {"LLM_HEDGE_BUDGET", "LLM_STALL_SECONDS", "FALLBACK_PHONE_NUMBER"}
"""`tests/failover` and `tests/pipelines/test_last_resort.py` show what these do."""


OF_HEALTH = {
    *("DRAIN_SECONDS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"),
}
"""`tests/test_drain.py` and `tests/web/test_health.py` show what these do."""


def test_every_variable_has_its_test() -> None:
    groups = (OF_HEALTH, OF_FAILOVER, OF_CONSOLE, SHOWN, SERVED, OF_TOOLS, OF_OPENCLAW, OF_MODES)
    assert set().union(*groups) == set(known_variables())
    assert sum(map(len, groups)) == len(known_variables())


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"OPENCLAW_API_URL": "http://127.0.0.1:1"}, "OPENCLAW_API_TOKEN: not set"),
        ({"BOT_HYBRID_LLM": "false"}, "OPENCLAW_API_URL: not set"),
        ({"OPENCLAW_MAX_TASKS": "9,3"}, "OPENCLAW_MAX_TASKS: found '9,3'"),
        ({"OPENCLAW_MAX_TASKS": "many"}, "OPENCLAW_MAX_TASKS: found 'many'"),
    ],
)
def test_openclaw_needs_address_and_token(
    variables: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=line):
        Settings.load(None)


def test_env_file_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("BOT_NAME=Filed\nMAX_CALLS=3\n")
    monkeypatch.setenv("BOT_NAME", "Ambient")
    settings = Settings.load(file)
    assert (settings.BOT_NAME, settings.MAX_CALLS) == ("Ambient", 3)


def test_empty_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert Settings.load(None).PORT == 7860


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"PORT": "often"}, r"^PORT: found 'often'"),
        ({"MAX_CALLS": 0}, r"^MAX_CALLS: found 0"),
        ({"WORKERS": 0}, r"^WORKERS: found 0: .*Processes that share the port"),
        ({"WORKERS": "many"}, r"^WORKERS: found 'many': "),
        ({"WORKERS": 65}, r"^WORKERS: found 65: "),
        ({"PUBLIC_URL": "bot.example.com"}, r"^PUBLIC_URL: found 'bot.example.com': .*https://"),
        ({"BOT_LANGUAGE": "english"}, r"^BOT_LANGUAGE: found 'english'"),
        ({"STT_PROVIDERS": "deepgram"}, r"^STT_PROVIDERS: found"),
        ({"LLM_PROVIDERS": "anthropic"}, r"^LLM_PROVIDERS: .*ANTHROPIC_API_KEY"),
        ({"LLM_PROVIDERS": "groq"}, r"^LLM_PROVIDERS: .*GROQ_API_KEY"),
        ({"STT_PROVIDERS": "assemblyai"}, r"^STT_PROVIDERS: .*ASSEMBLYAI_API_KEY"),
        ({"LLM_HEDGE_SECONDS": "soon"}, r"^LLM_HEDGE_SECONDS: found 'soon': .*as 0.3,1.5"),
        ({"LLM_HEDGE_SECONDS": "2,1"}, r"^LLM_HEDGE_SECONDS: found '2,1'"),
        ({"LLM_HEDGE_BUDGET": 2}, r"^LLM_HEDGE_BUDGET: found 2"),
        ({"FALLBACK_PHONE_NUMBER": "555"}, r"^FALLBACK_PHONE_NUMBER: found '555'"),
        ({"LLM_PROVIDERS": "openai"}, r"^LLM_PROVIDERS: .*OPENAI_API_KEY"),
        ({"STT_PROVIDERS": "whisper"}, r"^STT_PROVIDERS: .*WHISPER_ENDPOINT"),
        ({"TTS_PROVIDERS": "elevenlabs"}, r"^TTS_PROVIDERS: .*ELEVENLABS_API_KEY"),
        ({"ELEVENLABS_API_KEY": "el"}, r"^ELEVENLABS_VOICE_ID: "),
        (
            {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_KEY": "SK1"},
            r"^TWILIO_API_KEY and TWILIO_API_SECRET",
        ),
        ({"TWILIO_REGION": "ie1"}, r"^TWILIO_REGION and TWILIO_EDGE"),
        ({"TWILIO_AUTH_TOKEN": "t"}, r"^TWILIO_ACCOUNT_SID: "),
        ({"TWILIO_PHONE_NUMBER": "555 1234"}, r"^TWILIO_PHONE_NUMBER: found '555 1234'"),
        ({"BOT_TOOLS": "notes, solitaire"}, r"^BOT_TOOLS: found 'solitaire'"),
        ({"BOT_TIMEZONE": "Mars/Base"}, r"^BOT_TIMEZONE: found 'Mars/Base': .*Europe/Berlin"),
        ({"CONTACTS": "sales=555"}, r"^CONTACTS: found 'sales=555': .*name=\+number"),
        ({"LOG_LEVEL": "chatty"}, r"^LOG_LEVEL: found 'chatty'"),
    ],
)
def test_wrong_value_is_one_line_that_names_the_variable(
    values: dict[str, Any], found: str
) -> None:
    with pytest.raises(SettingsError) as error:
        load(**values)
    (line,) = str(error.value).splitlines()
    assert re.search(found, line)


def test_embedded_models_know_english_only() -> None:
    with pytest.raises(SettingsError, match=r"BOT_LANGUAGE: found 'de'.*EMBEDDED_STT_MODEL"):
        choose(load(BOT_LANGUAGE="de"))
    choose(load(BOT_LANGUAGE="de", EMBEDDED_STT_MODEL="base", EMBEDDED_TTS_VOICE="/de.onnx"))


def test_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as error:
        load(OPERATOR_TOKEN=["hush-hush"])
    assert "hush" not in str(error.value)
    assert "OPERATOR_TOKEN" in str(error.value)


def test_secrets_do_not_show() -> None:
    settings = load(OPENAI_API_KEY="sk-very-secret")
    assert "very-secret" not in repr(settings)
    secrets = [n for n, f in Settings.model_fields.items() if f.annotation is SecretStr]
    words = ("KEY", "SECRET", "TOKEN")
    named = [n for n in known_variables() if n.endswith(words) and n != "TWILIO_API_KEY"]
    assert set(named) <= set(secrets)


def test_misspelt_variable_is_reported_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_MODLE", "x")
    assert any(re.search(r"OPENAI_MODLE.*did you mean OPENAI_MODEL\?", m) for m in misspelt())


def test_retiring_models_and_open_phone_are_noted() -> None:
    text = "\n".join(notes(load(OPENAI_API_KEY="sk-x")))
    assert "OPENAI_MODEL: gpt-4o-mini is switched off on 2027-01-14" in text
    assert "TWILIO_AUTH_TOKEN: not set" in text
    assert not any("OPENAI_MODEL" in n for n in notes(load(**KEY, OPENAI_MODEL="gpt-6-luna")))


def test_env_example_is_up_to_date() -> None:
    assert (ROOT / ".env.example").read_text() == env_example()
    for name in known_variables():
        assert re.search(rf"^{name}=", env_example(), re.M)


def run_check(monkeypatch: pytest.MonkeyPatch) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "runner.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_explains_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("WORKERS", "3")
    done = run_check(monkeypatch)
    assert done.returncode == 0, done.stderr
    for text in (
        "speech to text",
        "openai whisper-1",
        "OPENAI_API_KEY is set",
        "OPERATOR_TOKEN",
        "3 workers",
    ):
        assert text in done.stdout
    assert "very-secret" not in done.stdout


def test_check_exits_1_on_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_PROVIDERS", "elevenlabs")
    done = run_check(monkeypatch)
    assert done.returncode == 1
    assert "TTS_PROVIDERS: names elevenlabs, but ELEVENLABS_API_KEY is not set" in done.stdout


@pytest.mark.parametrize("width", [80, 100, 160])
def test_names_of_variables_are_whole_in_the_report(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    assert check(console) == 0
    assert isinstance(console.file, io.StringIO)
    table = console.file.getvalue().partition("note ")[0]
    shown = set(re.findall(r"[A-Z][A-Z0-9_]+", table))
    texts = [f"{row.why} {row.missing}" for row in rows(Settings.load())]
    named = [name for name in known_variables() if name in " ".join(texts)]
    assert "RUNPOD_A100_ENDPOINT" in named
    assert set(named) <= shown
    assert max(map(len, table.splitlines())) <= width


def test_a_mode_that_does_not_exist_is_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        load(LLM_MODE="wrong")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("LLM_MODE: found 'wrong': ")
    assert "'embedded' or ''" in line
