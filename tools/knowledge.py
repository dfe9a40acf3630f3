"""Facts: Wikipedia, the time and the weather anywhere, and the business's own documents."""

import asyncio
from datetime import datetime
from pathlib import Path

from pipecat.services.llm_service import FunctionCallParams

from bot.errors import StoreError
from bot.store import passages
from bot.store.store import Store
from tools import clock
from tools.declare import Facts, Family, tool
from tools.sources import open_meteo, wikipedia
from tools.sources.open_meteo import Day, Place
from tools.toolbox import Toolbox, ToolFailed, toolbox

FAMILY = Family(
    name="knowledge",
    words=r"wiki|who (?:is|was|were|invented|wrote|discovered)|capital of|history of|what time"
    r"|the time\b|time is it|current time|date\b|(?:what|which) day|weather|forecast"
    r"|rain|snow|sunny|temperature|degrees|umbrella|storm|freezing|wind(?:y|s)?\b"
    r"|(?:cold|warm|hot) (?:in|outside|out|there)\b|(?:are|is|do|when) (?:you|it"
    r"|they) (?:\w+ )?(?:open|close)|opening|hours\b|policy|refund|deliver"
    r"|do you (?:guys )?(?:have|offer|sell|charge)|you charge|wetter|regn|regen|schnei"
    r"|temperatur|wie spat|uhr\b|wer (?:ist|war)|was ist|offnungs|preis|kostet|tiempo"
    r"|clima|llueve|llover|hora\b|quien|que es|precio|horario|meteo|temps|pleu|heure"
    r"|qui (?:est|etait)|qu est ce|prix|horaires",
    hints=r"what (?:is|are|was|were|s) (?:a|an|the)\b|tell me (?:\w+ )?about|look up|today"
    r"|tomorrow|price|cost|cold|warm|clock|open on|time\b",
    cannot="look up facts, the time or the weather",
)

_SPOKEN_FACT = 600
"""Characters of an article that the model gets: half a minute to read, more than it needs."""
_READABLE_SUFFIXES = (".md", ".txt")
_LARGEST_DOCUMENT = 1_000_000


async def bot_search_wikipedia(params: FunctionCallParams, query: str) -> str:
    """Look up a person, a place, a thing or an event in Wikipedia. Not for news or opinions.

    Args:
        query: The name of what to look up, in a few words.
    """
    box = toolbox(params)
    base = box.settings.WIKIPEDIA_URL or f"https://{box.language}.wikipedia.org"
    contact = box.settings.PUBLIC_URL
    article = await wikipedia.look_up(box.http, base, query, contact)
    if article is None or not article.extract:
        raise ToolFailed(f"Wikipedia has nothing about {query}. Say so; ask for another word.")
    text = article.extract[:_SPOKEN_FACT]
    others = f" There are also: {', '.join(article.others)}." if article.others else ""
    return f"Wikipedia on {article.title}: {text}{others}"


async def bot_get_time(params: FunctionCallParams, place: str = "") -> str:
    """Say what time and which day it is, here or somewhere else.

    Args:
        place: A city or a country; leave it out for here.
    """
    box = toolbox(params)
    if not place:
        here = datetime.now(clock.zone(box.settings.BOT_TIMEZONE))
        return f"It is {clock.spoken(here)} here."
    known = await asyncio.to_thread(clock.zone_of_city, place)
    if known is None:
        found = await _find(box, place)
        known = found.name, clock.zone(found.zone)
    name, there = known
    return f"In {name} it is {clock.spoken(datetime.now(there))}."


async def bot_get_weather(params: FunctionCallParams, place: str) -> str:
    """Say how the weather is in a place, now and on the coming days.

    Args:
        place: A city, with its country if there are several, like Paris or Paris, Texas.
    """
    box = toolbox(params)
    where = await _find(box, place)
    key = box.settings.OPEN_METEO_API_KEY.get_secret_value()
    weather = await open_meteo.weather_at(box.http, box.settings.OPEN_METEO_URL, where, key)
    name = f"{where.name}, {where.country}" if where.country else where.name
    now = f"{weather.words}, {weather.temperature:.0f} degrees, wind {weather.wind:.0f} km/h"
    labels = ("today", "tomorrow")
    days = [
        _day(labels[i] if i < len(labels) else _weekday(day.date), day)
        for i, day in enumerate(weather.days[:4])
    ]
    return f"{name}: now {now}. " + " ".join(days)


def _configured(facts: Facts) -> bool:
    return bool(facts.settings.KNOWLEDGE_DIR)


@tool(needs=_configured)
async def bot_search_knowledge(params: FunctionCallParams, query: str) -> str:
    """Look something up in this business's own documents: prices, opening hours, services, rules.

    Args:
        query: What the caller wants to know, in a few words.
    """
    found = await passages.search(toolbox(params).store, query)
    if not found:
        raise ToolFailed(
            f"Our documents say nothing about {query}. Say so; offer to take a message. "
            "Do not make anything up."
        )
    texts = [f"{one.heading}: {one.text}" if one.heading else one.text for one in found]
    return "Our documents say: " + " | ".join(texts)


async def load_documents(store: Store, folder: Path) -> int:
    """Make the texts in `folder` (`.md` and `.txt`, subfolders too) what the bot can look up.

    To be called at start; what has not changed is left alone. Returns how many have changed.

    Raises:
        StoreError: the database cannot be written, or the folder cannot be read.
    """
    try:
        documents = await asyncio.to_thread(_read_all, folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(f"KNOWLEDGE_DIR {folder}: {reason}") from None
    return await passages.replace(store, documents)


def _read_all(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise NotADirectoryError(20, "is not a folder", str(folder))
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _READABLE_SUFFIXES)
    return {
        str(file.relative_to(folder)): file.read_text("utf-8", "replace")
        for file in files
        if file.is_file() and file.stat().st_size <= _LARGEST_DOCUMENT
    }


async def _find(box: Toolbox, name: str) -> Place:
    key = box.settings.OPEN_METEO_API_KEY.get_secret_value()
    base = box.settings.OPEN_METEO_GEOCODING_URL
    found = await open_meteo.find_place(box.http, base, name, box.language, key)
    if found is None:
        raise ToolFailed(f"There is no place called {name}. Ask the caller which one they mean.")
    return found


def _day(label: str, day: Day) -> str:
    rain = "" if day.rain is None else f", {day.rain} percent chance of rain"
    return f"{label[0].upper()}{label[1:]}: {day.words}, {day.low:.0f} to {day.high:.0f}{rain}."


def _weekday(date: str) -> str:
    try:
        return f"{datetime.fromisoformat(date):%A}"
    except ValueError:
        return date
