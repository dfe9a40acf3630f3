"""The page's own background music."""

from typing import Annotated, Literal

from pipecat.services.llm_service import FunctionCallParams
from pydantic import Field

from tools.declare import Family
from tools.running import acting
from tools.toolbox import ToolFailed, page_of
from tools.ui import SoundtrackControl, SoundtrackVolume

FAMILY = Family(
    name="soundtrack",
    words=r"soundtrack|background|(?:the|room s|own|some|quiet|that) music|music (?:on|off|up"
    r"|down|volume|louder|quieter)|ambient|volume|louder|quieter|softer|turn (?:it "
    r"|the \w+ )?(?:up|down)\b|next track|lauter|leiser|lautstarke|volumen|mas alto"
    r"|plus fort|hintergrund|ambiance",
    hints=r"music|musik|musica|musique|next song|stop it",
    windows=frozenset({"soundtrack"}),
    screen=True,
    cannot="play background music",
)

STEP = 15
"""Percent by which 'louder' and 'quieter' change the volume: enough to be noticed."""


async def bot_control_soundtrack(
    params: FunctionCallParams, action: Literal["play", "stop", "next"]
) -> str:
    """Play or stop the room's background music, or go to its next track. Not for videos or songs.

    Args:
        action: play, stop or next.
    """
    acting()
    said = await page_of(params).do(SoundtrackControl(action=action))
    done = {"play": "plays", "stop": "has stopped", "next": "plays its next track"}
    return said or f"The background music {done[action]}."


async def bot_set_soundtrack_volume(
    params: FunctionCallParams,
    level: Annotated[int, Field(ge=0, le=100)] | None = None,
    direction: Literal["up", "down"] | None = None,
) -> str:
    """Set how loud the background music is: a level, or simply louder or quieter.

    Args:
        level: From 0 to 100.
        direction: up for louder, down for quieter, when no level is said.
    """
    if level is None and direction is None:
        raise ToolFailed("Not done: say a level from 0 to 100, or up or down.")
    acting()
    step = 0 if level is not None else STEP if direction == "up" else -STEP
    command = SoundtrackVolume(level=-1 if level is None else level, step=step)
    said = await page_of(params).do(command)
    how = f"at {level} percent" if level is not None else "louder" if step > 0 else "quieter"
    return said or f"The music is {how}."
