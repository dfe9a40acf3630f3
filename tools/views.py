"""What the caller's page shows as a whole: desktops, web pages, everything closed."""

from typing import Literal
from urllib.parse import urlsplit

from pipecat.services.llm_service import FunctionCallParams

from tools.declare import Family
from tools.running import acting
from tools.toolbox import ToolFailed, page_of
from tools.ui import App, BrowserOpen, Desktop, DesktopSwitch, ViewsClose

FAMILY = Family(
    name="views",
    words=r"desktop|(?:home|work|quiet|create|creative) mode|browser|website|web ?site"
    r"|web ?page|www|url\b|dot (?:com|org|net|de|io)|\w+ (?:com|org|net)\b|close (?:all"
    r"|every)|all (?:the |my |of the )?windows|clean up|clear (?:the|my) screen"
    r"|schreibtisch|modus|webseite|schliess alles|escritorio|pagina|cierra todo|bureau"
    r"|ferme tout",
    hints=r"go to|mode\b|quiet|switch|screen|close|site",
    windows=frozenset({"browser"}),
    screen=True,
    cannot="show web pages or desktops",
)


async def bot_switch_desktop(params: FunctionCallParams, mode: Desktop) -> str:
    """Switch the caller's desktop.

    Args:
        mode: home, work, quiet or create.
    """
    acting()
    return await page_of(params).do(DesktopSwitch(mode=mode)) or f"This is the {mode} desktop."


async def bot_open_browser(params: FunctionCallParams, url: str) -> str:
    """Open a web page on the caller's screen.

    Args:
        url: Its address, like example.com.
    """
    address = _address(url)
    acting()
    said = await page_of(params).do(BrowserOpen(url=address))
    return said or f"The page {urlsplit(address).hostname} is open."


async def bot_close_views(
    params: FunctionCallParams,
    which: Literal[App, "all"] = "all",
) -> str:
    """Close windows on the caller's screen.

    Args:
        which: The app whose windows to close; all for every window.
    """
    acting()
    said = await page_of(params).do(ViewsClose(which=which))
    return said or ("Everything is closed." if which == "all" else f"The {which} is closed.")


def _address(url: str) -> str:
    """The address with its scheme.

    Raises:
        ToolFailed: it is no web address.
    """
    text = url.strip().replace(" dot ", ".").replace(" ", "")
    whole = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(whole)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or "." not in host or "@" in parts.netloc:
        raise ToolFailed(f"Not done: {url[:80]} is no web address. Ask the caller for it again.")
    return whole[:2_000]
