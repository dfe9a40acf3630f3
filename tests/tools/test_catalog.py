"""Which tools there are: switches, channel, services; and what the prompt says of the rest."""

import itertools
import json
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from bot.settings import Settings
from tests.fakes.public_apis import KEY
from tests.fakes.twilio_api import TwilioApi
from tests.tools.conftest import Play
from tests.tools.scene import Scene
from tools.catalog import ORDER, Catalogue, every_tool, for_a_slow_model
from tools.declare import Facts
from tools.links import Links

EVERYTHING = {
    **{"YOUTUBE_API_KEY": KEY, "KNOWLEDGE_DIR": "/docs", "CONTACTS": "sales=+15550003333"},
    **{"PUBLIC_URL": "https://bot.example"},
}


def facts(screen: bool = True, phone: bool = True, **settings: Any) -> Facts:
    loaded = Settings.load(None, **(EVERYTHING | settings))
    return Facts(loaded, screen=screen, live_phone=phone, sms=phone, number=phone, link=phone)


def offered(given: Facts) -> set[str]:
    return {tool.name for tool in Catalogue.for_call(given).tools}


def ours() -> set[str]:
    """Every tool but the delegated ones, whose own tests are elsewhere."""
    return {tool.name for tool in every_tool() if tool.family.name != "delegation"}


def test_every_tool_has_what_a_model_needs() -> None:
    tools = every_tool()
    assert len({tool.name for tool in tools}) == len(tools) >= 35
    for tool in tools:
        assert tool.schema.description, tool.name
        assert len(tool.schema.description) < 500, tool.name
        for name, schema in tool.schema.properties.items():
            assert schema.get("description"), f"{tool.name} {name}"
            assert schema.get("type"), f"{tool.name} {name}"
        assert 0 < tool.terms.seconds <= 20 or tool.family.name == "delegation"
        assert tool.family.name in ORDER, "add the family to ORDER and to BOT_TOOLS"


def test_all_that_is_configured_is_offered() -> None:
    assert offered(facts()) >= ours()


@pytest.mark.parametrize("family", [name for name in ORDER if name != "delegation"])
def test_a_family_is_switched_on_alone(family: str) -> None:
    names = offered(facts(BOT_TOOLS=family))
    assert names == {tool.name for tool in every_tool() if tool.family.name == family}
    assert names


def test_none_at_all() -> None:
    catalogue = Catalogue.for_call(facts(BOT_TOOLS="none"))
    assert catalogue.all() == []
    assert "keep notes" in catalogue.prompt()


def test_a_phone_has_no_screen() -> None:
    catalogue = Catalogue.for_call(facts(screen=False))
    names = {tool.name for tool in catalogue.tools}
    assert {"bot_create_note", "bot_transfer_call", "bot_get_weather"} <= names
    assert not {"bot_open_note", "bot_open_app", "bot_play_youtube", "bot_clear_canvas"} & names
    prompt = catalogue.prompt()
    for text in ("show notes on a screen", "open or move windows", "play videos"):
        assert text in prompt


@pytest.mark.parametrize(
    ("change", "gone", "said"),
    [
        ({"YOUTUBE_API_KEY": ""}, "bot_play_youtube", "play videos"),
        ({"CONTACTS": ""}, "bot_transfer_call", "hand the call to a person"),
        ({"PUBLIC_URL": ""}, "bot_transfer_call", "hand the call to a person"),
        ({"KNOWLEDGE_DIR": ""}, "bot_search_knowledge", ""),
        ({"phone": False}, "bot_send_sms", "send text messages"),
    ],
)
def test_without_its_service_a_tool_is_not_offered(
    change: dict[str, Any], gone: str, said: str
) -> None:
    full, less = Catalogue.for_call(facts()), Catalogue.for_call(facts(**change))
    assert gone in {tool.name for tool in full.tools}
    assert gone not in {tool.name for tool in less.tools}
    assert said in less.prompt()
    if said:
        assert said not in full.prompt()


def test_the_prompt_is_the_same_for_the_whole_call() -> None:
    catalogue = Catalogue.for_call(facts(screen=False))
    before = catalogue.prompt()
    catalogue.for_turn("take a note")
    assert catalogue.prompt() == before


def test_a_turn_shows_what_it_asks_for_and_keeps_what_was_shown() -> None:
    catalogue = Catalogue.for_call(facts())
    sent = []
    for words in (
        "",
        "please take a note",
        "and what's the weather",
        "and the weather in Rome",
        "play some jazz",
    ):
        shown = [schema.to_default_dict() for schema in catalogue.for_turn(words)]
        sent.append(json.dumps(shown)[1:-1])
    for before, after in itertools.pairwise(sent):
        assert after.startswith(before)  # what a server has cached of the tools stays good
    assert sent[2] == sent[3]
    assert "bot_create_note" in sent[1]
    assert "bot_get_weather" not in sent[1]
    assert "bot_play_youtube" in sent[4]
    assert len(sent[1]) < 0.5 * len(json.dumps([s.to_default_dict() for s in catalogue.all()]))


async def test_what_is_open_and_what_was_used_counts(room: Scene) -> None:
    assert room.screen
    room.screen.page.heard("ui.windows", {"windows": ["canvas"]})
    catalogue = Catalogue.for_call(facts())
    names = {schema.name for schema in catalogue.for_turn("hello", room.box)}
    assert "bot_clear_canvas" in names
    await room("bot_list_notes")
    await room("bot_calculate", expression="1+1")
    await room("bot_list_notes")
    assert room.box.memory.used == ["calculator", "notes"]


async def test_pipecat_takes_the_schemas_and_finds_the_handlers(call: Scene) -> None:
    context = LLMContext(tools=list(Catalogue.for_call(facts()).all()))
    assert context.tools
    named = {schema.name: schema for schema in context.tools.standard_tools}  # type: ignore[union-attr]
    answers: list[str] = []
    params: FunctionCallParams = call.params("bot_calculate", {"expression": "2+2"}, answers)
    handler = named["bot_calculate"].handler
    assert handler
    await handler(params)
    assert answers == ["2 plus 2 is 4."]


@pytest.mark.parametrize("twilio", [TwilioApi(), None], ids=["Twilio", "no Twilio"])
async def test_a_phone_call_is_what_was_expected_of_one(
    play: Play, twilio: TwilioApi | None
) -> None:
    """What a slow model has read at the start is what a call shows it."""
    call = play(twilio=twilio, CONTACTS="sales=+15550003333")
    Links().equip(call.box)
    assert call.box.facts == Facts.on_the_phone(call.box.settings)
    assert call.box.facts.live_phone == bool(twilio)


def test_a_slow_model_is_shown_the_same_all_the_time() -> None:
    given = facts(OPENCLAW_API_URL="http://claw:1", OPENCLAW_API_TOKEN="t")
    families = for_a_slow_model(given.settings)
    assert families == ("phone", "notes", "delegation")
    catalogue = Catalogue.for_call(given, fixed=families)
    assert catalogue.for_turn("play some jazz") == catalogue.for_turn("") == catalogue.of(*families)
    assert for_a_slow_model(facts().settings) == ("phone", "notes")
