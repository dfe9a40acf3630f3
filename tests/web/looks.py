"""How a page looks: pictures of it, outside git, and what axe has against it."""

import asyncio
import os
from pathlib import Path

from playwright.async_api import Page


def picture(part: str, name: str) -> Path:
    """Where a picture goes: `$SCREENSHOTS/part`, by default under /tmp/tandem-screenshots."""
    folder = Path(os.environ.get("SCREENSHOTS", "/tmp/tandem-screenshots")) / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


async def load_axe(page: Page, built_pages: Path) -> None:
    """Put axe into the page, until it is loaded anew."""
    script = built_pages / "pages/node_modules/axe-core/axe.min.js"
    await page.evaluate(await asyncio.to_thread(script.read_text, encoding="utf-8"))


async def axe_finds_nothing(page: Page, state: str) -> None:
    """Assert that axe objects to nothing, of any impact. `state` names what is looked at."""
    found = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    problems = [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
    ]
    assert problems == [], state
    assert len(found["passes"]) > 10
