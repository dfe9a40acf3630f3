"""The console in a real Chromium. Pictures of every page go to `$SCREENSHOTS/console`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pipecat.frames.frames import LLMMessagesAppendFrame
from playwright.async_api import Page, expect
from sqlalchemy import insert

from bot.store import queries_index
from bot.store.console_tables import CallIndexRow
from bot.store.once import folded
from bot.store.store import Store
from bot.store.tables import CallRow, UtteranceRow
from bot.web.console.attempts import Attempts
from bot.web.console.desk import Reports
from bot.web.console.messages import Breaker
from bot.web.console.pages import SettingRow
from tests.web.console_lab import Lab, console
from tests.web.console_page import PLACES, go, page_at, seeming, served, sign_in, until
from tests.web.looks import axe_finds_nothing, load_axe, picture
from tests.web.test_console_history import FakeModes, held

pytestmark = pytest.mark.browser
NASTY = '<img src=x onerror="document.title = 1">'


async def test_signing_in_and_out_and_too_many_wrong_passwords(tmp_path: Path) -> None:
    async with console(tmp_path) as lab, served(lab) as origin, page_at(origin) as page:
        await sign_in(page, "wrong password")
        await expect(page.get_by_role("alert")).to_have_text("That is not the operator's password.")
        await sign_in(page)
        await expect(page.get_by_role("heading", name="Now")).to_be_visible()
        assert await page.evaluate("() => document.cookie") == ""
        await page.reload()
        await expect(page.get_by_text("Nobody is on the line.")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        for _ in range(Attempts.MOST):
            await expect(page.get_by_label("Operator’s password")).to_have_value("")
            await sign_in(page, "wrong password")
            await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
        await sign_in(page)
        await expect(page.get_by_role("alert")).to_contain_text("Too many attempts")
        await page.screenshot(path=picture("console", "sign-in-light"))


async def test_a_live_call_is_seen_whispered_to_and_hung_up(tmp_path: Path) -> None:
    async with console(tmp_path) as lab, served(lab) as origin, page_at(origin) as page:
        await sign_in(page)
        await expect(page.get_by_text("Nobody is on the line.")).to_be_visible()
        async with seeming(lab, NASTY, "room") as live, seeming(lab, "+15550001111"):
            row = page.get_by_role("list", name="Live calls").get_by_role("listitem")
            await expect(row).to_have_count(2)
            await live.hear(lab, "<b>Is it open?</b>", 1)
            await expect(page.get_by_text("<b>Is it open?</b>")).to_be_visible()
            await page.get_by_text(NASTY).click()
            panel = page.get_by_role("region", name=f"Call with {NASTY}")
            await live.answer(lab, "Yes, until six.", 1)
            log = panel.get_by_role("log")
            await expect(log).to_contain_text("Yes, until six.")
            await expect(log).to_contain_text("<b>Is it open?</b>")
            await expect(panel.get_by_text("800 ms")).to_be_visible()
            assert await page.title() == "Tandem console"
            await panel.get_by_role("button", name="Whisper").click()
            await panel.get_by_label("What the bot should do").fill("Offer a discount.")
            await panel.get_by_role("button", name="Tell the bot").click()
            await expect(log).to_contain_text("Offer a discount.")
            (frame,) = live.input_end.pushed
            assert isinstance(frame, LLMMessagesAppendFrame)
            assert "Offer a discount." in str(frame.messages)
            await panel.get_by_role("button", name="Hang up").click()
            await panel.get_by_role("button", name="Yes, hang up").click()
            await until(live.over.is_set, "hang-up")
            await expect(panel).to_contain_text("Saying goodbye")
            assert live.call.end_reason == "operator hung up"
        await expect(page.get_by_text("Nobody is on the line.")).to_be_visible()
        await expect(panel.get_by_role("link", name="Open it in the history")).to_be_visible()


async def test_history_is_searched_over_ten_thousand_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_index, "SETTLE", timedelta(0))
    async with console(tmp_path) as lab:
        await fill(lab.desk.store, 10_000)
        async with served(lab) as origin, page_at(origin) as page:
            await sign_in(page)
            await go(page, "calls")
            rows = page.get_by_role("list", name="Calls").get_by_role("listitem")
            await expect(rows).to_have_count(50)
            await expect(page.get_by_text("10,000 calls")).to_be_visible()
            await page.get_by_role("button", name="More").click()
            await expect(rows).to_have_count(100)
            await page.get_by_role("searchbox").fill("xyloph 4242")
            await expect(rows).to_have_count(1)
            await expect(rows.first).to_contain_text("A xylophone, number 4242")
            await rows.first.click()
            await expect(page.get_by_text("A xylophone, number 4242")).to_be_visible()
            await page.get_by_role("link", name="Back to all calls").click()
            await expect(page.get_by_role("searchbox")).to_have_value("xyloph 4242")
            await page.get_by_role("searchbox").fill("nobody said this")
            await expect(page.get_by_text("No call fits.")).to_be_visible()


@pytest.mark.parametrize(
    ("dark", "size"), [(False, (1280, 820)), (True, (1280, 820)), (True, (320, 640))]
)
@pytest.mark.timeout(240)
async def test_every_page_fits_and_axe_finds_nothing(
    dark: bool, size: tuple[int, int], tmp_path: Path, built_pages: Path
) -> None:
    name = f"{'dark' if dark else 'light'}-{size[0]}"
    async with (
        full_house(tmp_path) as lab,
        served(lab) as origin,
        page_at(origin, dark=dark, size=size) as page,
    ):
        await load_axe(page, built_pages)
        await check(page, f"sign-in-{name}")
        await sign_in(page)
        await page.get_by_role("heading", name="Now").wait_for()
        for place in PLACES:
            await go(page, place)
            await check(page, f"{place}-{name}")
        async with seeming(lab, "+15550001111") as live:
            await live.hear(lab, "Hello? " + "Donaudampfschifffahrtsgesellschaft" * 4, 1)
            await live.answer(lab, "Good morning.", 1)
            await go(page, "now")
            await page.get_by_text("+15550001111").click()
            await expect(page.get_by_role("log")).to_contain_text("Good morning.")
            await check(page, f"live-{name}")
        await go(page, "calls")
        await page.get_by_text("caller hung up").first.click()
        await expect(page.get_by_text("Where the time went")).to_be_visible()
        await check(page, f"call-{name}")


async def check(page: Page, name: str) -> None:
    """A picture; nothing wider than the window; nothing that axe objects to."""
    await page.screenshot(path=picture("console", name))
    width = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, f"{name} is {width} pixels too wide"
    await axe_finds_nothing(page, name)


@asynccontextmanager
async def full_house(folder: Path) -> AsyncIterator[Lab]:
    """A console that has something to show everywhere."""
    reports = Reports(
        rows=lambda: [
            SettingRow(part="voice", uses="a voice", why="a key is set", missing="", test="tts"),
            SettingRow(part="phone", uses="nobody", why="", missing="PUBLIC_URL", test=""),
        ],
        notes=lambda: ["OPENAI_MODEL: will be switched off"],
        breakers=lambda: [Breaker(name="llm openai", state="open", detail="3 failures")],
        prices=lambda: {"cascade": 0.05},
    )
    async with console(folder, reports=reports, modes=FakeModes()) as lab:
        for number in range(3):
            began = datetime.now(UTC) - timedelta(minutes=30 * number + 5)
            call = held(lab, "What time is it?", "Thank you.", created_at=began)
            lab.desk.recorder.event(call.id, "llm error", "429")
        await lab.desk.recorder.flush()
        await asyncio.sleep(queries_index.SETTLE.total_seconds())
        await lab.settled()
        yield lab


async def fill(store: Store, count: int) -> None:
    """Calls that are over, each with one thing said; every tenth was about a xylophone."""
    now = datetime.now(UTC)
    calls, words, index = [], [], []
    for number in range(count):
        began = now - timedelta(minutes=5 * number + 10)
        about = "xylophone" if number % 10 == 2 else "harp"
        text = f"A {about}, number {number}, please"
        row = {"id": f"{number:032x}", "started_at": began, "answered_at": began}
        row |= {"ended_at": began + timedelta(minutes=2), "caller": f"+1777{number % 999:07d}"}
        calls.append(row | {"mode": "cascade", "mode_reason": "default", "state": "ended"} | REST)
        words.append(
            {"id": f"u{number}", "call_id": row["id"], "turn": 1, "at": began, "speaker": "caller"}
            | {"kind": "speech", "text": text, "unheard": "", "interrupted": False}
        )
        index.append(
            {"call_id": row["id"], "ended_at": row["ended_at"], "text": folded(text), "turns": 1}
            | {"slow_turns": 0, "errors": 0, "tools": 0, "slowest": 0.5}
            | {"stages": {}, "troubles": {}}
        )
    async with store.writing() as connection:
        await connection.execute(insert(CallRow), calls)
        await connection.execute(insert(UtteranceRow), words)
        await connection.execute(insert(CallIndexRow), index)


REST = {
    **{"server_id": "s", "channel": "phone", "direction": "inbound", "callee": "+15550000000"},
    **{"provider_call_id": "", "providers": {}, "end_reason": "caller hung up", "error": ""},
    "dropped_frames": 0,
}
