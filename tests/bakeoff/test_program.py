"""The program on a stand-in for an OpenAI-compatible server."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.bakeoff import __main__ as program
from bot.bakeoff.__main__ import _bakeoff, _parser
from bot.bakeoff.models import endpoint_of
from bot.errors import ProviderDenied
from bot.settings import Settings
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.script import Ask, CallTool


def brain(ask: Ask) -> Any:
    """Knows one tool, and uses it for everything that mentions a note."""
    if "note" in ask.user.lower() and "bot_list_notes" in ask.tools:
        return CallTool("bot_list_notes", {})
    return "Hello."


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    load = Settings.load
    monkeypatch.setattr(program, "Settings", SimpleNamespace(load=lambda: load(None)))
    return tmp_path


async def bakeoff(*arguments: str) -> int:
    return await _bakeoff(_parser().parse_args(arguments))


async def test_a_whole_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = data / "report.html"
    async with OpenAIApi(key=None) as api:
        api.brain = brain
        arguments = ("--model", "qwen", "--base-url", api.url, "--first", "20")
        modes = ("--tools", "choice", "all", "family", "--html", str(page), "--mistakes")
        assert await bakeoff(*arguments, "--against", f"llama@{api.url}", *modes) == 0
        asked = api.of(ChatRequest)
        assert {request.body["model"] for request in asked} == {"qwen", "llama"}
        assert not any("sk-" in str(request.headers) for request in asked)
        count = len(asked)
        assert 2 * 3 * 20 * 0.6 <= count <= 2 * 3 * 26
        assert await bakeoff(*arguments) == 0
        assert len(api.of(ChatRequest)) == count, "what was answered is not asked again"
        assert await bakeoff(*arguments, "--fresh") == 0
        assert len(api.of(ChatRequest)) > count
    text = capsys.readouterr().out
    assert "openai qwen, tools chosen per turn:" in text
    assert "unknown" in text
    assert "openai llama" in page.read_text()
    assert sorted(file.name for file in (data / "bakeoff").iterdir()) == [
        "openai-llama.jsonl",
        "openai-qwen.jsonl",
    ]


async def test_a_wrong_key_is_one_line(data: Path) -> None:
    async with OpenAIApi(key="sk-other") as api:
        with pytest.raises(ProviderDenied, match="401"):
            await bakeoff("--model", "qwen", "--base-url", api.url, "--first", "3")


def test_a_key_goes_where_it_is_set_for(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(
        None,
        OPENAI_API_KEY="sk-openai",
        GROQ_API_KEY="gsk-groq",
        ANTHROPIC_API_KEY="sk-ant",
    )

    def goes(name: str, url: str = "") -> tuple[str, str, str]:
        found = endpoint_of(name, url, settings)
        return found.provider, found.base_url, found.api_key.get_secret_value()

    openai, groq = "https://api.openai.com/v1", "https://api.groq.com/openai/v1"
    assert goes("gpt-4o-mini") == ("openai", openai, "sk-openai")
    assert goes(f"gpt-4o-mini@{openai}/", "http://gpu/v1") == ("openai", openai, "sk-openai")
    assert goes("qwen", "http://gpu/v1") == ("openai", "http://gpu/v1", "")
    assert goes(f"x@{groq}") == ("openai", groq, "gsk-groq")
    assert goes("claude-haiku-4-5") == ("anthropic", "https://api.anthropic.com", "sk-ant")
    assert goes("embedded") == ("embedded", "", "")
    assert goes("embedded", "http://127.0.0.1:1/v1") == ("embedded", "http://127.0.0.1:1/v1", "")
