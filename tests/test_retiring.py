"""Models that go, each named with its successor where it is configured."""

from datetime import date
from typing import Any

import pytest

from bot.retiring import RETIRING, retiring
from bot.settings import Settings
from bot.settings_report import notes

BEFORE = date(2026, 11, 22)


def lines(today: date = BEFORE, **variables: Any) -> list[str]:
    return list(retiring(Settings.load(None, **variables), today))


GOING = [
    ("OPENAI_MODEL", "gpt-4o-mini", "2027-01-14", "gpt-6-luna"),
    ("OPENAI_MODEL", "gpt-4.1-mini", "2027-01-14", "gpt-6-luna"),
    ("OPENAI_STT_MODEL", "whisper-1", "2027-02-26", "gpt-transcribe"),
    ("OPENAI_STT_MODEL", "gpt-4o-transcribe", "2027-02-26", "gpt-transcribe"),
    ("OPENAI_STT_MODEL", "gpt-4o-mini-transcribe", "2027-02-26", "gpt-transcribe"),
    ("OPENAI_TTS_MODEL", "tts-1", "2027-01-06", "another voice"),
    ("OPENAI_TTS_MODEL", "tts-1-hd", "2027-01-06", "another voice"),
    ("OPENAI_TTS_MODEL", "gpt-4o-mini-tts", "2027-01-06", "another voice"),
    ("OPENAI_REALTIME_MODEL", "gpt-realtime", "2027-01-20", "gpt-realtime-2.1"),
    ("OPENAI_REALTIME_MODEL", "gpt-realtime-mini", "2027-01-20", "gpt-realtime-2.1-mini"),
]


@pytest.mark.parametrize(("variable", "model", "day", "successor"), GOING)
def test_what_goes_is_named_with_what_comes(
    variable: str, model: str, day: str, successor: str
) -> None:
    line = f"{variable}: {model} is switched off on {day}; change to {successor} before"
    assert line in lines(OPENAI_API_KEY="sk-test", **{variable: model})


def test_the_list_is_whole() -> None:
    assert {model for _, model, _, _ in GOING} == set(RETIRING)


def test_after_its_day_a_model_is_gone() -> None:
    found = lines(date(2027, 1, 14), OPENAI_API_KEY="sk-test", OPENAI_MODEL="gpt-4o-mini")
    assert "OPENAI_MODEL: gpt-4o-mini was switched off on 2027-01-14; change to gpt-6-luna" in found


def test_the_hybrids_model_is_named_by_its_own_variable() -> None:
    found = lines(
        OPENAI_API_KEY="sk-test",
        OPENCLAW_API_URL="http://claw",
        OPENCLAW_API_TOKEN="token",
        BOT_HYBRID_PRIMARY_MODEL="gpt-4.1-mini",
    )
    assert [line for line in found if line.startswith("BOT_HYBRID_PRIMARY_MODEL: gpt-4.1-mini")]


def test_what_groq_has_dropped() -> None:
    variables = {"GROQ_API_KEY": "gsk", "LLM_PROVIDERS": "groq"}
    found = lines(**variables, GROQ_MODEL="llama-3.3-70b-versatile")
    assert found == [
        "GROQ_MODEL: llama-3.3-70b-versatile is no longer served; change to openai/gpt-oss-120b"
    ]
    assert lines(**variables) == []


def test_what_stays_is_not_named() -> None:
    stays = {
        "OPENAI_MODEL": "gpt-6-luna",
        "OPENAI_STT_MODEL": "gpt-transcribe",
        "OPENAI_TTS_MODEL": "gpt-voice",
    }
    assert lines(OPENAI_API_KEY="sk-test", **stays) == []
    assert lines() == []  # no key: nothing of OpenAI's is used
    assert lines(ANTHROPIC_API_KEY="sk-ant", ANTHROPIC_MODEL="claude-haiku-4-5") == []


def test_the_report_has_it() -> None:
    settings = Settings.load(None, OPENAI_API_KEY="sk-test", OPENAI_MODEL="gpt-4o-mini")
    assert any("OPENAI_MODEL: gpt-4o-mini" in line for line in notes(settings))
