"""Videos on the caller's page, found through YouTube's Data API."""

import re
from typing import Literal

from pipecat.services.llm_service import FunctionCallParams

from bot.errors import ProviderRefused
from bot.store.once import folded
from tools.declare import Facts, Family
from tools.running import acting
from tools.sources import youtube
from tools.sources.youtube import Video
from tools.toolbox import Toolbox, ToolFailed, page_of, toolbox
from tools.ui import YoutubeControl, YoutubePlay


def _configured(facts: Facts) -> bool:
    return bool(facts.settings.YOUTUBE_API_KEY.get_secret_value())


FAMILY = Family(
    name="youtube",
    words=r"youtube|you tube|videos?\b|song|movie|clip\b|trailer|watch (?:a|an|the|some|that"
    r"|something)|play (?!the (?:soundtrack|music|background)|background|a (?:game"
    r"|role))|spiel (?!keine)|lied\b|film|zeig mir ein|pon (?:la|el|una?)\b|cancion|joue"
    r"|chanson|regarde",
    hints=r"watch|music|next one|pause|resume|skip|put on|musik|schau",
    windows=frozenset({"youtube"}),
    screen=True,
    needs=_configured,
    cannot="play videos",
)


async def bot_search_youtube(params: FunctionCallParams, query: str) -> str:
    """Look for videos on YouTube and say what there is, without playing anything.

    Args:
        query: What to look for.
    """
    found = await _search(toolbox(params), query)
    titles = "; ".join(f"{n}. {v.title}, by {v.channel}" for n, v in enumerate(found, 1))
    return f"Found: {titles}. Say the first two or three, and ask which one to play."


async def bot_play_youtube(params: FunctionCallParams, query: str) -> str:
    """Play a video on the caller's screen: "play some jazz", "play the second one".

    Args:
        query: What to play, in words; or the number of a video from the last search, like 2.
    """
    box, page = toolbox(params), page_of(params)
    found: list[Video] = box.memory.results.get("youtube", [])
    place = _place(query, len(found))
    if place is None:
        found, place = await _search(box, query), 0
    video = found[place]
    acting()
    box.memory.results["youtube at"] = place
    await page.do(_play(video))
    return f"Now playing: {video.title}, by {video.channel}."


async def bot_control_youtube(
    params: FunctionCallParams, action: Literal["pause", "resume", "next", "close"]
) -> str:
    """Pause the video, go on with it, play the next one of the last search, or close it.

    Args:
        action: pause, resume, next or close.
    """
    box, page = toolbox(params), page_of(params)
    if action != "next":
        acting()
        await page.do(YoutubeControl(action=action))
        said = {"pause": "paused", "resume": "playing again", "close": "closed"}
        return f"The video is {said[action]}."
    found: list[Video] = box.memory.results.get("youtube", [])
    place = box.memory.results.get("youtube at", -1) + 1
    if place >= len(found):
        raise ToolFailed("Not done: there is no next video. Ask what to play.")
    acting()
    box.memory.results["youtube at"] = place
    await page.do(_play(found[place]))
    return f"Now playing: {found[place].title}, by {found[place].channel}."


async def _search(box: Toolbox, query: str) -> list[Video]:
    """The videos that fit, kept for 'the second one'.

    Raises:
        ToolFailed: there is none, or the day's searches are used up.
    """
    settings = box.settings
    key = settings.YOUTUBE_API_KEY.get_secret_value()
    try:
        found = await youtube.search(box.http, settings.YOUTUBE_API_URL, key, query)
    except ProviderRefused as error:
        if "quotaExceeded" in str(error):
            raise ToolFailed(
                "Not done: YouTube takes no more searches today. Say so; do not try again."
            ) from None
        raise
    if not found:
        raise ToolFailed(f"Not done: YouTube has nothing for {query}. Ask for other words.")
    box.memory.results["youtube"] = found
    box.memory.results["youtube at"] = -1
    return found


def _play(video: Video) -> YoutubePlay:
    return YoutubePlay(video_id=video.id, title=video.title[:300], channel=video.channel[:300])


_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "1st": 1, "2nd": 2}


def _place(query: str, count: int) -> int | None:
    """Which of the last results is meant, from 0; None if a new search is."""
    words = folded(query)
    found = re.fullmatch(r"(?:the |number |video )*(\w+)(?: one| video)?", words)
    if found is None:
        return None
    number = _ORDINALS.get(found[1]) or (int(found[1]) if re.fullmatch(r"\d", found[1]) else 0)
    return number - 1 if 1 <= number <= count else None
