"""A figure on the caller's page that keeps them company."""

from pipecat.services.llm_service import FunctionCallParams

from tools.declare import Family
from tools.running import acting
from tools.toolbox import page_of
from tools.ui import SpriteDismiss, SpriteSummon

FAMILY = Family(
    name="sprites",
    words=r"sprite|summon|creature|companion|keep me company|dismiss|banish|beschwor|duende"
    r"|invoca|invoque|(?:dragon|figure|character) (?:away|on (?:the|my) screen)",
    hints=r"figure|character|dragon|go away|send (?:\w+ ){0,3}away|figur|personnage",
    screen=True,
    cannot="summon a figure on the screen",
)


async def bot_summon_sprite(params: FunctionCallParams, prompt: str) -> str:
    """Let a small figure appear on the caller's screen: "summon a dragon".

    Args:
        prompt: What it looks like, in a few words.
    """
    acting()
    said = await page_of(params).do(SpriteSummon(prompt=prompt[:300]))
    return said or "It is there."


async def bot_dismiss_sprite(params: FunctionCallParams) -> str:
    """Let the figure on the caller's screen go away."""
    acting()
    return await page_of(params).do(SpriteDismiss()) or "It is gone."
