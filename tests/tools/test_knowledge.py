"""Facts: the true wire shapes, what a caller hears when a service fails, own documents."""

from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import passages
from bot.store.store import Store
from tests.fakes import faults
from tests.fakes.public_apis import ApiRequest, PublicApis
from tests.tools.conftest import Play
from tests.tools.scene import Scene, folder_with
from tools import clock
from tools.knowledge import load_documents


async def test_wikipedia(play: Play, public_apis: PublicApis) -> None:
    public_apis.articles["Ada (programming language)"] = "Ada is a language."
    call = play(apis=public_apis)
    said = await call("bot_search_wikipedia", query="ada lovelace")
    assert said.startswith("Wikipedia on Ada Lovelace: Ada Lovelace was an English mathematician.")
    assert "There are also: Ada (programming language)" in said
    agent = public_apis.of(ApiRequest)[0].headers["user-agent"]
    assert "https://bot.example" in agent
    assert "nothing about unicorns" in await call("bot_search_wikipedia", query="unicorns")


async def test_a_title_with_a_slash_stays_one_title(play: Play, public_apis: PublicApis) -> None:
    public_apis.articles = {"AC/DC": "AC/DC are a band."}
    call = play(apis=public_apis)
    assert "are a band" in await call("bot_search_wikipedia", query="ac/dc")


async def test_weather(play: Play, public_apis: PublicApis) -> None:
    call = play(apis=public_apis, OPEN_METEO_API_KEY="om-key")
    said = await call("bot_get_weather", place="Munich")
    assert said == (
        "Munich, Germany: now light rain, 4 degrees, wind 12 km/h. "
        "Today: light rain, 0 to 5, 80 percent chance of rain. "
        "Tomorrow: overcast, 1 to 6, 20 percent chance of rain. "
        "Tuesday: clear sky, 2 to 7, 0 percent chance of rain. "
        "Wednesday: light snow, -3 to 1, 60 percent chance of rain."
    )
    assert {r.query.get("apikey") for r in public_apis.of(ApiRequest)} == {"om-key"}
    assert "no place called Atlantis" in await call("bot_get_weather", place="Atlantis")


async def test_the_country_decides_between_two_places(play: Play, public_apis: PublicApis) -> None:
    call = play(apis=public_apis)
    assert "United States" in await call("bot_get_weather", place="Paris, Texas")
    assert "France" in await call("bot_get_weather", place="Paris")
    asked = [r.query["latitude"] for r in public_apis.of(ApiRequest) if r.endpoint == "forecast"]
    assert asked == ["33.66", "48.853"]


async def test_the_time_here_and_elsewhere(
    play: Play, public_apis: PublicApis, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noon(clock.datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Noon":  # type: ignore[override]
            return cls(2026, 11, 22, 12, tzinfo=clock.UTC).astimezone(tz)  # type: ignore[arg-type]

    monkeypatch.setattr("tools.knowledge.datetime", Noon)
    call = play(apis=public_apis, BOT_TIMEZONE="Europe/Berlin")
    assert await call("bot_get_time") == "It is Sunday, 22 November 2026, 13:00 here."
    assert "21:00" in await call("bot_get_time", place="Tokyo")
    assert "07:00" in await call("bot_get_time", place="new york, USA")
    assert public_apis.requests == []  # cities with a zone of their own need no network
    assert "In Munich it is Sunday, 22 November 2026, 13:00" in await call(
        "bot_get_time", place="Munich"
    )


FAILURES = [fault for fault in faults.ALL if fault.kind is not faults.Kind.SLOW]


@pytest.mark.parametrize("fault", FAILURES, ids=str)
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("bot_search_wikipedia", {"query": "ada lovelace"}),
        ("bot_get_weather", {"place": "Munich"}),
    ],
    ids=["wikipedia", "weather"],
)
async def test_a_service_that_fails_is_a_sentence(
    play: Play,
    public_apis: PublicApis,
    monkeypatch: pytest.MonkeyPatch,
    fault: faults.Fault,
    tool: str,
    arguments: dict[str, str],
) -> None:
    monkeypatch.setattr("tools.sources.http.TIMEOUT", 0.2)
    public_apis.fail(fault)
    call = play(apis=public_apis)
    said = await call(tool, **arguments)
    assert said.startswith("Not done: the service does not answer")
    assert call.outcomes == ["failed"]
    public_apis.heal()
    assert "Not done" not in await call(tool, **arguments)


async def test_an_answer_without_end_is_not_read(
    play: Play, public_apis: PublicApis, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_apis.articles["Ada Lovelace"] = "long " * 1000
    call = play(apis=public_apis)
    assert len(await call("bot_search_wikipedia", query="ada")) < 1000
    monkeypatch.setattr("tools.sources.http.LARGEST", 1000)
    assert "does not answer" in await call("bot_search_wikipedia", query="lovelace")


async def test_own_documents(play: Play, store: Store, tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        hours="# Opening hours\n\nWe are open Monday to Friday from 9 to 18.\n\n# Prices\n\n"
        "A haircut costs 30 euros.",
        tea="Our teas come from Assam.",
    )
    assert await load_documents(store, folder) == 2
    assert await load_documents(store, folder) == 0
    call = play(KNOWLEDGE_DIR=str(folder))
    assert "9 to 18" in await call("bot_search_knowledge", query="When do you open on Monday?")
    assert "30 euros" in await call("bot_search_knowledge", query="price of a haircut")
    assert "say nothing about parking" in await call("bot_search_knowledge", query="parking")
    (folder / "tea.md").unlink()
    (folder / "hours.md").write_text("A haircut costs 35 euros.")
    assert await load_documents(store, folder) == 2
    assert "35 euros" in await call("bot_search_knowledge", query="haircut")
    assert "say nothing" in await call("bot_search_knowledge", query="Assam")
    with pytest.raises(StoreError, match="KNOWLEDGE_DIR"):
        await load_documents(store, tmp_path / "nowhere")


def test_long_documents_are_cut_where_a_sentence_ends() -> None:
    text = "# One\n" + "This is a sentence. " * 100 + "\n\n# Two\nshort\n\n" + "x" * 3000
    cut = passages.cut(text)
    assert max(len(words) for _, words in cut) <= passages.LONGEST
    assert {heading for heading, _ in cut} == {"One", "Two"}
    assert cut[0][1].endswith("sentence.")
    assert sum(words.count("x") for _, words in cut) == 3000


async def test_the_database_away_is_a_sentence(call: Scene, store: Store) -> None:
    async with store.writing() as connection:
        await connection.exec_driver_sql("DROP TABLE passages")
    assert "cannot be reached" in await call("bot_search_knowledge", query="prices")
