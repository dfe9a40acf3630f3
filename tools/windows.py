"""The windows on the caller's page."""

from pipecat.services.llm_service import FunctionCallParams

from tools.declare import Family
from tools.running import acting
from tools.toolbox import page_of
from tools.ui import App, Arrangement, WindowArrange, WindowOpen

FAMILY = Family(
    name="windows",
    words=r"windows?\b|apps?\b|minimi|maximi|full ?screen|bigger|smaller|snap|(?:left"
    r"|right) (?:half|side)|other side|(?:to|on) the (?:left|right)|restore"
    r"|open (?:up )?(?:my |the |a )?(?:notes app|youtube|calculator|canvas|terminal|mail"
    r"|drive|files|soundtrack)|terminal|my (?:e ?)?mails?\b(?! (?:address|is|was))"
    r"|drive\b|fenster|offne|mach .{0,20} auf|ventana|abre|fenetre|ouvre",
    hints=r"open (?:the |my |up )|close (?:the|that|it|this|my)|bring up|whole screen|schliess"
    r"|cierra|ferme",
    screen=True,
    cannot="open or move windows",
)

_DONE = {
    **{"minimize": "minimized", "maximize": "maximized", "restore": "restored"},
    **{"snap_left": "on the left", "snap_right": "on the right"},
    **{"reset": "back in its place", "close": "closed"},
}


async def bot_open_app(params: FunctionCallParams, app: App) -> str:
    """Open an app on the caller's screen, or bring its window to the front.

    Args:
        app: Which app.
    """
    acting()
    said = await page_of(params).do(WindowOpen(app=app))
    return said or f"The {app} window is open."


async def bot_arrange_window(
    params: FunctionCallParams, action: Arrangement, window: str = ""
) -> str:
    """Move, resize or close a window on the caller's screen.

    Args:
        action: What to do with it; snap_left and snap_right give it that half of the screen, reset
            puts it back where it was at first.
        window: The app or the title of the window; leave it out for the one in front.
    """
    acting()
    said = await page_of(params).do(WindowArrange(window=window[:300], action=action))
    return said or f"The {window or 'front'} window is {_DONE[action]}."
