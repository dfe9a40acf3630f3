"""`--check --probe` on servers of every habit."""

import io
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from bot import probe_report
from bot.clients import Clients
from bot.probe import Findings, ProbeFailed, probe
from bot.probe_report import _probe, report
from bot.providers import Endpoint
from bot.settings import Settings
from tests.fakes import faults
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.script import Ask, CallTool, Together

WRITTEN = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


def weather(city: str) -> CallTool:
    return CallTool("get_weather", {"city": city})


def able(ask: Ask) -> Any:
    """Does everything that a good model does."""
    if "pelican" in ask.system:
        return "Pelican."
    if not ask.tools:
        return "It is blue."
    return Together((weather("Paris"), weather("Rome"))) if "Rome" in ask.user else weather("Paris")


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    await made.aclose()


@pytest.fixture
async def api() -> AsyncIterator[OpenAIApi]:
    async with OpenAIApi() as made:
        made.brain = able
        yield made


async def ask(api: OpenAIApi | AnthropicApi, clients: Clients, **change: Any) -> Findings:
    provider = "openai" if isinstance(api, OpenAIApi) else "anthropic"
    url = change.pop("url", getattr(api, "url", api.origin))
    key = SecretStr(change.pop("key", api.key or ""))
    return await probe(Endpoint("llm", provider, url, key, "qwen", "test"), clients)


async def test_a_server_that_can_do_it_all(api: OpenAIApi, clients: Clients) -> None:
    found = await ask(api, clients)
    assert (found.streams, found.tools, found.at_once) == ("yes", "natively", True)
    assert found.developer == "obeyed"
    assert 0 < found.first <= found.whole
    assert found.prompt > 0
    assert found.completion > 0
    assert len(api.requests) == 3


async def test_calls_written_as_text(api: OpenAIApi, clients: Clients) -> None:
    api.brain = lambda ask: WRITTEN if ask.tools else "It is blue."
    found = await ask(api, clients)
    assert (found.tools, found.at_once, found.developer) == ("written as text", False, "ignored")
    api.brain = lambda ask: WRITTEN * (2 if "Rome" in ask.user else 1) if ask.tools else "Blue."
    assert (await ask(api, clients)).at_once


async def test_no_tools_at_all(api: OpenAIApi, clients: Clients) -> None:
    api.brain = lambda _: "It is sunny in Paris."
    found = await ask(api, clients)
    assert (found.tools, found.at_once) == ("not at all", False)
    assert found.said == "It is sunny in Paris."
    shown = text_of(found)
    assert "not asked" in shown
    assert "can be used for calls; it can talk, but not do anything." in shown
    assert len(api.requests) == 2, "who calls no tool is not asked for two"


async def test_a_tool_that_does_not_exist(api: OpenAIApi, clients: Clients) -> None:
    api.brain = lambda ask: CallTool("look_outside", {}) if ask.tools else "Blue."
    assert (await ask(api, clients)).tools == "a wrong one: look_outside"


async def test_tools_refused(api: OpenAIApi, clients: Clients) -> None:
    """vLLM without --enable-auto-tool-choice."""
    api.lacks = {"tools"}
    found = await ask(api, clients)
    assert found.tools.startswith("refused: ")
    assert "--enable-auto-tool-choice" in found.tools
    assert found.said == "It is blue."
    shown = text_of(found)
    assert "start the server with its tool-call options" in shown.replace("\n", " ")


async def test_no_developer_role(api: OpenAIApi, clients: Clients) -> None:
    api.lacks = {"developer"}
    found = await ask(api, clients)
    assert (found.developer, found.tools) == ("refused", "natively")


async def test_no_streaming(api: OpenAIApi, clients: Clients) -> None:
    api.lacks = {"stream"}
    found = await ask(api, clients)
    assert (found.streams, found.tools, found.at_once) == ("no", "natively", True)
    assert "It cannot be used for calls." in text_of(found)


async def test_empty_answers(api: OpenAIApi, clients: Clients) -> None:
    api.brain = lambda _: ""
    with pytest.raises(ProbeFailed, match="gives empty answers"):
        await ask(api, clients)


async def test_claude(clients: Clients) -> None:
    async with AnthropicApi() as api:
        api.replies.append([weather("Paris"), weather("Rome")])
        found = await ask(api, clients)
        assert (found.tools, found.at_once, found.developer) == ("natively", True, "not asked")
        assert found.prompt > 0
        with pytest.raises(ProbeFailed, match=r"401.*check ANTHROPIC_API_KEY"):
            await ask(api, clients, key="sk-wrong")


async def test_the_server_is_not_there(api: OpenAIApi, clients: Clients) -> None:
    await api.refuse(cut=True)
    with pytest.raises(ProbeFailed) as told:
        await ask(api, clients)
    assert str(told.value) == f"OPENAI_BASE_URL: {api.url} cannot be reached"


async def test_a_wrong_key(api: OpenAIApi, clients: Clients) -> None:
    with pytest.raises(ProbeFailed) as told:
        await ask(api, clients, key="sk-wrong")
    assert str(told.value) == f"OPENAI_API_KEY: is not accepted; {api.url} answers 401"
    with pytest.raises(ProbeFailed, match="OPENAI_API_KEY: is not set"):
        await ask(api, clients, key="")


async def test_an_unknown_model(api: OpenAIApi, clients: Clients) -> None:
    api.models = {"llama", "mistral"}
    with pytest.raises(ProbeFailed, match=r"has no qwen; it has llama, mistral$") as told:
        await ask(api, clients)
    assert str(told.value).startswith("OPENAI_MODEL")
    api.models = {f"model-{number:02}" for number in range(15)}
    with pytest.raises(ProbeFailed, match=r"model-11 and 3 more$"):
        await ask(api, clients)


async def test_a_path_that_is_forgotten(api: OpenAIApi, clients: Clients) -> None:
    with pytest.raises(ProbeFailed, match="answers 404; is its /v1 missing"):
        await ask(api, clients, url=api.origin)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (faults.UNAVAILABLE, "503"),
        (faults.RATE_LIMITED, "429"),
        (faults.NO_CREDIT, "insufficient_quota"),
        (faults.STREAM_ERROR, "server_error"),
        (faults.RESET, "cannot be reached"),
    ],
    ids=str,
)
async def test_a_server_in_trouble_is_one_line(
    api: OpenAIApi, clients: Clients, fault: faults.Fault, line: str
) -> None:
    api.fail(fault, "chat")
    with pytest.raises(ProbeFailed) as told:
        await ask(api, clients)
    assert line in str(told.value)
    assert "\n" not in str(told.value)
    assert "sk-test" not in str(told.value)


def text_of(found: Findings) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(report(found))
    return console.file.getvalue()  # type: ignore[attr-defined]


async def test_the_configured_endpoint_is_asked(api: OpenAIApi) -> None:
    settings = Settings.load(None, OPENAI_BASE_URL=api.url, OPENAI_API_KEY=api.key)
    found = await _probe(settings, Console(file=io.StringIO()))
    assert found.address == api.url
    assert found.label == f"openai {settings.OPENAI_MODEL}"
    shown = text_of(found)
    sure = "It can be used for calls."
    for part in ("natively", "obeyed", "first token", "whole answer", "two calls at once", sure):
        assert part in shown


async def test_in_runpods_mode_its_pod_is_asked(api: OpenAIApi) -> None:
    values = {
        "LLM_MODE": "runpod_streaming",
        "RUNPOD_A100_ENDPOINT": api.url,
        "RUNPOD_API_KEY": api.key,
        "RUNPOD_LLM_MODEL": "qwen",
        "WHISPER_ENDPOINT": "http://127.0.0.1:9/v1",
        "ELEVENLABS_API_KEY": "el",
        "ELEVENLABS_VOICE_ID": "voice",
    }
    found = await _probe(Settings.load(None, **values), Console(file=io.StringIO()))
    assert (found.label, found.address) == ("runpod qwen", api.url)
    wrong = Settings.load(None, **values | {"RUNPOD_API_KEY": "sk-wrong"})
    with pytest.raises(ProbeFailed, match=r"^RUNPOD_API_KEY: is not accepted"):
        await _probe(wrong, Console(file=io.StringIO()))
    api.models = {"llama"}
    with pytest.raises(ProbeFailed, match=r"^RUNPOD_LLM_MODEL: .* has no qwen; it has llama$"):
        await _probe(Settings.load(None, **values), Console(file=io.StringIO()))


def test_what_cannot_be_asked_is_a_line_and_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(None, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    monkeypatch.setattr(probe_report, "Settings", SimpleNamespace(load=lambda: settings))
    console = Console(file=io.StringIO(), width=200)
    assert probe_report.check_endpoint(console) == 1
    assert "OPENAI_BASE_URL: http://127.0.0.1:9/v1 cannot be reached" in (
        console.file.getvalue()  # type: ignore[attr-defined]
    )
