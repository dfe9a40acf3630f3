"""The windows on the caller's page."""

from pipecat.services.llm_service import FunctionCallParams

from tools.declare import Family
from tools.running import acting
from tools.toolbox import page_of
from tools.ui import App, Arrangement, WindowArrange, WindowOpen

FAMILY = Family(
    name="windows",
    words=r"window|open (?:the |my |up )|app\b|minimi|maximi|full ?screen|bigger|smaller"
    r"|snap|left half|right half|to the (?:left|right)|put it (?:left|right)|restore"
    r"|terminal|mail\b|drive\b|fenster|offne|mach .{0,20} auf|schliess|close|ventana"
    r"|abre|cierra|fenetre|ouvre|ferme",
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
