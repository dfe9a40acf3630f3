"""The room's desktop in a real Chromium: every command of the tools, and the same by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)

from bot.messages import Caption, Notice, TaskNews, Trouble
from bot.store import notes
from tests.fixtures.chromium import Room, open_room
from tests.fixtures.stub_bot import StubServer, stub_server
from tests.web.looks import axe_finds_nothing, load_axe, picture
from tools import ui
from tools.page import NotShown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@asynccontextmanager
async def desktop(**given: Any) -> AsyncIterator[tuple[StubServer, Room]]:
    """A call in the room."""
    async with stub_server() as stub, open_room(stub.url, **given) as room:
        await room.call()
        yield stub, room


def window(room: Room, title: str) -> Any:
    return room.page.get_by_role("dialog", name=title)


async def box(room: Room, title: str) -> dict[str, float]:
    """Where a window stands, by the desk's own measure."""
    found = await window(room, title).bounding_box()
    desk = await room.page.locator(".desk").bounding_box()
    assert found
    assert desk
    return {
        "left": found["x"] - desk["x"],
        "top": found["y"] - desk["y"],
        "right": desk["x"] + desk["width"] - found["x"] - found["width"],
        "width": found["width"] / desk["width"],
        "height": found["height"] / desk["height"],
    }


async def refused(stub: StubServer, command: ui.Command) -> str:
    """What the model is told of a command that cannot be done."""
    with pytest.raises(NotShown) as told:
        await stub.page.do(command)
    return str(told.value)


async def test_every_command_is_done_and_answered_with_what_happened() -> None:
    async with desktop() as (stub, room):
        sent: set[str] = set()

        async def do(command: ui.Command) -> str:
            sent.add(command.command)
            return await stub.page.do(command)

        await _windows(stub, room, do)
        await _canvas(room, do)
        await _music_and_figure(stub, room, do)
        await _pages_from_elsewhere(stub, room, do)
        await _notes_and_desktops(stub, room, do)
        assert sent == set(ui.COMMANDS)
        assert await room.page.title() == "Tandem test room"
        assert set(room.strange_requests) == {
            "https://www.youtube-nocookie.com/embed/abcdefghijk",
            "https://example.com/page",
        }
        room.strange_requests.clear()


async def _windows(stub: StubServer, room: Room, do: Any) -> None:
    for app in ("notes", "calculator", "terminal", "drive"):
        assert await do(ui.WindowOpen(app=app)) == ""
    assert stub.page.windows == ("drive", "terminal", "calculator", "notes")
    assert "there is no mail app" in await refused(stub, ui.WindowOpen(app="mail"))
    missing = await refused(stub, ui.WindowArrange(window="mail", action="maximize"))
    assert missing.startswith("there is no window called mail; open are: Notes, Calculator")
    for action, there in (
        ("snap_left", lambda at: at["left"] < 12 and 0.4 < at["width"] < 0.5),
        ("snap_right", lambda at: at["right"] < 12 and 0.4 < at["width"] < 0.5),
        ("maximize", lambda at: at["width"] > 0.95 and at["height"] > 0.95),
        ("restore", lambda at: at["width"] < 0.95 and at["left"] > 12),
    ):
        await do(ui.WindowArrange(window="notes", action=action))
        assert there(await box(room, "Notes")), action
    assert stub.page.windows[0] == "notes"
    await do(ui.WindowArrange(window="", action="minimize"))
    await window(room, "Notes").wait_for(state="hidden")
    assert stub.page.windows[-1] == "notes"
    await do(ui.WindowArrange(window="NOTES window", action="reset"))
    assert (await box(room, "Notes"))["left"] < 40
    await do(ui.WindowArrange(window="calc", action="close"))
    assert "calculator" not in stub.page.windows
    await do(ui.ViewsClose(which="drive"))
    assert "no Files window" in await refused(stub, ui.ViewsClose(which="drive"))
    await do(ui.ViewsClose(which="all"))
    assert stub.page.windows == ()
    assert "no window is open" in await refused(stub, ui.WindowArrange(window="", action="close"))


async def _canvas(room: Room, do: Any) -> None:
    text = f"# Tea\nIt is **hot**.\n- green\n- {EVIL}"
    await do(ui.CanvasText(kind="article", title=EVIL, text=text))
    shown = window(room, "Canvas")
    assert await shown.get_by_role("listitem").all_inner_texts() == ["green", EVIL]
    assert await shown.locator("strong").inner_text() == "hot"
    assert await shown.locator("img, script").count() == 0
    await do(ui.CanvasText(kind="article", title="Tea", text="# Tea\n> Steep it.\n> *Twice.*"))
    assert await shown.get_by_role("heading", name="Tea").count() == 1
    assert await shown.get_by_role("blockquote").inner_text() == "Steep it.\nTwice."
    await do(ui.CanvasTable(title="Rows", head=["a", EVIL], rows=[["1", "2"], ["3", "4"]]))
    assert await shown.get_by_role("columnheader").all_inner_texts() == ["a", EVIL]
    assert await shown.get_by_role("cell").all_inner_texts() == ["1", "2", "3", "4"]
    await do(ui.CanvasChart(title="Bars", labels=["up", "down"], values=[4, -2]))
    bars = [await bar.get_attribute("width") for bar in await shown.locator("rect").all()]
    assert [round(float(str(width).rstrip("%"))) for width in bars] == [67, 33]
    said = await do(ui.CanvasImage(title="A cat", url="https://example.com/cat.png"))
    assert "clicks" in said
    assert "example.com" in await shown.inner_text()
    assert room.strange_requests == []
    assert await do(ui.CanvasClear()) == ""
    assert await shown.locator(".blank").inner_text() == "Nothing is on the canvas."
    assert "empty already" in await do(ui.CanvasClear())


async def _music_and_figure(stub: StubServer, room: Room, do: Any) -> None:
    assert "Still water" in await do(ui.SoundtrackControl(action="play"))
    assert "Morning light" in await do(ui.SoundtrackControl(action="next"))
    music = window(room, "Soundtrack")
    assert "Morning light" in await music.locator("[aria-current]").inner_text()
    assert await do(ui.SoundtrackVolume(level=30, step=0)) == "The music's volume is 30 percent."
    assert "45 percent" in await do(ui.SoundtrackVolume(level=-1, step=15))
    assert await do(ui.SoundtrackControl(action="stop")) == ""
    assert "off already" in await do(ui.SoundtrackControl(action="stop"))
    assert "drawn as a dragon" in await do(ui.SpriteSummon(prompt="a green dragon"))
    figure = room.page.get_by_role("button", name="a green dragon. Send it away")
    first = await figure.inner_html()
    assert "#4c9f58" in first
    assert "no drawing here" in await do(ui.SpriteSummon(prompt=f"a unicorn {EVIL}"))
    await do(ui.SpriteSummon(prompt="a green dragon"))
    assert await figure.inner_html() == first
    await do(ui.SpriteDismiss())
    assert await figure.count() == 0
    assert "no figure" in await refused(stub, ui.SpriteDismiss())


async def _pages_from_elsewhere(stub: StubServer, room: Room, do: Any) -> None:
    elsewhere: list[str] = []

    async def answer(route: Any) -> None:
        elsewhere.append(route.request.url)
        script = "onmessage = (event) => { document.title = event.data }"
        await route.fulfill(body=f"<script>{script}</script>", content_type="text/html")

    await room.page.context.route("https://**/*", answer)
    assert "no video is open" in await refused(stub, ui.YoutubeControl(action="pause"))
    await do(ui.YoutubePlay(video_id="abcdefghijk", title="Piano Bar", channel="Ivory"))
    frame = window(room, "Piano Bar").locator("iframe")
    await frame.wait_for()
    assert await frame.get_attribute("referrerpolicy") == "strict-origin-when-cross-origin"
    video = await _frame(room, "youtube-nocookie")
    await do(ui.YoutubeControl(action="pause"))
    await room.wait_until(lambda: _titled(video, "pauseVideo"), "command in the player")
    await do(ui.YoutubeControl(action="resume"))
    await room.wait_until(lambda: _titled(video, "playVideo"), "second command in the player")
    await do(ui.YoutubeControl(action="close"))
    assert "youtube" not in stub.page.windows
    said = await do(ui.BrowserOpen(url="http://example.com/page"))
    assert said.startswith("example.com is open")
    page = window(room, "example.com").locator("iframe")
    assert await page.get_attribute("sandbox") == "allow-scripts allow-forms allow-popups"
    await _frame(room, "example.com")
    room.strange_requests[:] = [url.partition("?")[0] for url in room.strange_requests]


async def _titled(frame: Any, words: str) -> bool:
    return words in await frame.title()


async def _frame(room: Room, host: str) -> Any:
    """The frame of a page from elsewhere, loaded."""

    async def there() -> bool:
        return any(host in frame.url for frame in room.page.frames)

    await room.wait_until(there, f"frame of {host}")
    found = next(frame for frame in room.page.frames if host in frame.url)
    await found.wait_for_load_state()
    return found


async def _notes_and_desktops(stub: StubServer, room: Room, do: Any) -> None:
    await do(ui.NoteShow(id="n1", title=EVIL, text=EVIL))
    editor = window(room, "Notes").get_by_role("textbox", name="Text of the note")
    assert await editor.input_value() == EVIL
    await do(ui.NoteClose(id="n1"))
    assert await editor.count() == 0
    assert "not on the screen" in await refused(stub, ui.NoteClose(id="n1"))
    await do(ui.NoteClose(id=""))
    assert "notes" not in stub.page.windows
    async with room.page.expect_download() as saved:
        await do(ui.FileSave(name="List/1.md", mime="text/markdown", text="# List\n"))
    assert (await saved.value).suggested_filename == "List 1.md"
    for mode, open_now in (
        ("work", {"notes", "canvas"}),
        ("quiet", set()),
        ("create", {"canvas", "notes"}),
        ("home", {"canvas", "notes"}),
    ):
        assert mode in await do(ui.DesktopSwitch(mode=mode))
        shown = await room.page.locator("[role=dialog][data-window]:visible").all()
        seen = {await one.get_attribute("data-window") for one in shown}
        assert open_now <= seen, mode
        assert mode != "quiet" or not seen
        assert await room.page.get_by_role("radio", name=mode.title()).is_checked()


async def test_one_moment_stands_there_until_the_answer_comes() -> None:
    async with desktop() as (stub, room):
        tried = room.page.locator(".hints")
        await tried.get_by_text("shopping list").first.wait_for()
        assert "dragon" not in await tried.inner_text(), "the model has no tool for it"

        async def says(text: str, status: str) -> None:
            await stub.screen._push(BotStartedSpeakingFrame())
            await room.wait_until(lambda: _stands(room, "Speaking"), "status Speaking")
            stub.screen.show(
                Notice(text=text)
                if text.startswith("One moment")
                else Caption(speaker="bot", turn=7, text=text, final=True)
            )
            await stub.screen._push(BotStoppedSpeakingFrame())
            await room.wait_until(lambda: _stands(room, status), f"status {status}")

        await room.wait_until(lambda: _stands(room, "Listening"), "end of the greeting")
        stub.screen.show(Caption(speaker="caller", turn=7, text="How long?", final=True))
        await says("One moment, please.", "Thinking")
        aside = room.page.get_by_text("One moment, please.")
        await aside.wait_for()
        await says("Two hours.", "Listening")
        assert await aside.count() == 0


async def _stands(room: Room, status: str) -> bool:
    return await room.status() == status


async def test_a_small_screen_has_room_for_a_window_and_the_conversation() -> None:
    async with desktop(size=(390, 780)) as (stub, room):
        page, talk = room.page, room.page.get_by_role("region", name="Conversation")
        whole = await talk.bounding_box()
        await stub.page.do(ui.NoteShow(id="1", title="Shopping", text="milk"))
        note, below = await window(room, "Notes").bounding_box(), await talk.bounding_box()
        assert whole
        assert note
        assert below
        assert note["y"] + note["height"] <= below["y"]
        assert note["height"] > 250
        assert below["height"] > 180
        assert below["y"] + below["height"] == whole["y"] + whole["height"]
        await page.get_by_role("textbox", name="Type to Tandem").fill("both are here")
        await page.keyboard.press("Enter")
        await page.get_by_text("both are here").wait_for()
        await stub.page.do(ui.WindowArrange(window="notes", action="maximize"))
        alone = await window(room, "Notes").bounding_box()
        assert alone
        assert alone["height"] > 0.95 * whole["height"]
        assert not await talk.is_visible()
        await window(room, "Notes").get_by_role("button", name="Restore").click()
        assert await talk.is_visible()
        answer = page.locator("[data-caption=bot]").last
        await room.wait_until(lambda: _within(answer, talk), "last words in sight")
        await page.screenshot(path=picture("room", "small screen"))
        await window(room, "Notes").get_by_role("button", name="All notes").click()
        await page.get_by_role("textbox", name="Title of a new note").wait_for()
        assert not await page.get_by_label("Text of the note Shopping").is_visible()


async def _within(inner: Any, outer: Any) -> bool:
    one, other = await inner.bounding_box(), await outer.bounding_box()
    return bool(
        one
        and other
        and other["y"] <= one["y"]
        and one["y"] + one["height"] <= other["y"] + other["height"]
    )


async def test_windows_by_pointer_and_keyboard() -> None:
    async with desktop() as (stub, room):
        page = room.page
        await page.get_by_role("navigation").get_by_role("button", name="Canvas").click()
        await page.get_by_role("navigation").get_by_role("button", name="Notes").click()
        await room.wait_until(lambda: _open(stub, "notes", "canvas"), "news of the windows")
        before = await box(room, "Notes")
        bar = window(room, "Notes").locator(".bar h2")
        await _drag(room, bar, 60, 40)
        moved = await box(room, "Notes")
        assert (moved["left"] - before["left"], moved["top"] - before["top"]) == (60, 40)
        await window(room, "Notes").get_by_role("button", name="Move Notes").focus()
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("Shift+ArrowDown")
        after = await box(room, "Notes")
        assert after["left"] == moved["left"] - 24
        assert after["height"] > moved["height"]
        await _drag(room, window(room, "Notes").locator(".corner"), 50, 0)
        assert (await box(room, "Notes"))["width"] > after["width"]
        desk = await page.locator(".desk").bounding_box()
        grip = await bar.bounding_box()
        assert desk
        assert grip
        await _drag(room, bar, desk["x"] - grip["x"] - grip["width"] / 2 + 2, 0)
        assert (await box(room, "Notes"))["left"] < 12
        await window(room, "Canvas").get_by_role("button", name="Maximize").click()
        await room.wait_until(lambda: _open(stub, "canvas", "notes"), "news of the front window")
        await window(room, "Canvas").get_by_role("button", name="Minimize").click()
        assert not await window(room, "Canvas").is_visible()
        await window(room, "Notes").get_by_role("button", name="Close").focus()
        await page.keyboard.press("Escape")
        await room.wait_until(lambda: _open(stub, "canvas"), "news of the closed window")
        focused = await page.evaluate("() => document.activeElement.dataset.app")
        assert focused == "notes", "the keyboard goes on where the window was opened"


async def _open(stub: StubServer, *apps: str) -> bool:
    return stub.page.windows == apps


async def _drag(room: Room, handle: Any, dx: float, dy: float) -> None:
    at = await handle.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    await room.page.mouse.move(x, y)
    await room.page.mouse.down()
    await room.page.mouse.move(x + dx / 2, y + dy / 2)
    await room.page.mouse.move(x + dx, y + dy)
    await room.page.mouse.up()


async def test_notes_by_hand_and_by_voice_are_the_same_and_each_browsers_own() -> None:
    async with desktop() as (stub, room):
        page, store, owner = room.page, stub.store, stub.calls[0].caller
        assert store
        assert owner.startswith("browser:")
        await page.get_by_role("navigation").get_by_role("button", name="Notes").click()
        shown = window(room, "Notes")
        await shown.get_by_role("textbox", name="Title of a new note").fill(EVIL[:60])
        await page.keyboard.press("Enter")
        editor = shown.get_by_role("textbox", name="Text of the note")
        await editor.fill("milk")
        await room.wait_until(lambda: _kept(store, owner, "milk"), "note in the store")
        (note,) = await notes.find(store, owner)
        # The caller is typing while the bot changes the note by voice: both stay.
        await editor.press_sequentially(" and bread")
        spoken = await notes.change(store, owner, note.id, lambda text: text + "\neggs", key="v")
        await stub.page.do(ui.NoteShow(id=note.id, title=note.title, text=spoken.text))
        assert await editor.input_value() == "milk and bread\neggs"
        await room.wait_until(
            lambda: _kept(store, owner, "milk and bread\neggs"), "both changes in the store"
        )
        # Changed behind the page's back: what was typed goes on top of it.
        await notes.change(store, owner, note.id, lambda text: text + "\ntea", key="w")
        await editor.press("ControlOrMeta+Home")
        await editor.press_sequentially("1 ")
        both = "1 milk and bread\neggs\ntea"
        await room.wait_until(lambda: _kept(store, owner, both), "the merged note")
        async with page.expect_download() as saved:
            await shown.get_by_role("button", name="Text", exact=True).click()
        assert (await saved.value).suggested_filename.endswith(".txt")
        async with open_room(stub.url) as other:
            await other.page.get_by_role("navigation").get_by_role("button", name="Notes").click()
            await other.page.get_by_text("No notes yet.").wait_for()
            await other.call()
            assert stub.calls[1].caller != owner
        await shown.get_by_role("button", name="Delete").click()
        await shown.get_by_role("button", name="Really delete?").click()
        await shown.get_by_text("No notes yet.").wait_for()
        assert await notes.find(store, owner) == []
        assert await page.title() == "Tandem test room"


async def _kept(store: Any, owner: str, text: str) -> bool:
    return [note.text for note in await notes.find(store, owner)] == [text]


async def test_calculator_jobs_tools_and_troubles_are_shown() -> None:
    async with desktop() as (stub, room):
        page, screen = room.page, stub.screen
        await page.get_by_role("navigation").get_by_role("button", name="Calculator").click()
        await page.get_by_role("textbox", name="Calculation").fill("12.5% of 80")
        await page.keyboard.press("Enter")
        result = page.get_by_test_id("result")
        await room.wait_until(lambda: _reads(result, "10"), "result")
        for key in ("clear", "2", "divided by", "0", "equals"):
            await page.get_by_role("button", name=key, exact=True).click()
        await room.wait_until(lambda: _reads(result, "divided by zero"), "error")

        def news(kind: Any, text: str, task: str = "1") -> None:
            screen.show(TaskNews(task=task, title=f"Flights {EVIL}", kind=kind, text=text))

        news("started", "")
        news("progress", "Comparing airlines")
        card = page.get_by_role("list", name="Jobs in the background").get_by_role("listitem")
        await card.get_by_text("Comparing airlines").wait_for()
        await card.get_by_role("textbox").fill("only in the morning")
        await page.keyboard.press("Enter")
        said = f"About the job “Flights {EVIL}”: only in the morning"
        await room.wait_until(lambda: _said(room, said), "the change, said by the caller")
        news("steered", "only in the morning")
        news("finished", "completed")
        news("result", f"Nine {EVIL}")
        await card.get_by_text("Result").click()
        await card.get_by_text(f"Nine {EVIL}").wait_for()
        await card.get_by_role("button", name="Put").click()
        assert await card.count() == 0

        await page.get_by_role("button", name="Behind the scenes").click()
        details = window(room, "Behind the scenes")
        push = screen._push
        given = {"title": EVIL}
        await push(FunctionCallInProgressFrame("bot_create_note", "1", given))
        await details.get_by_text("bot_create_note").wait_for()
        await push(FunctionCallResultFrame("bot_create_note", "1", given, f"Saved {EVIL}"))
        await details.get_by_text(f"Saved {EVIL}").wait_for()
        assert "onerror" in await details.locator("pre").inner_text()
        screen.show(Trouble(kind="llm error", detail="HTTP 503"))
        await details.get_by_text("The model failed: there was no answer to speak.").wait_for()
        await details.get_by_text("HTTP 503").wait_for()
        assert await page.title() == "Tandem test room"


async def _reads(field: Any, text: str) -> bool:
    return text in await field.inner_text()


async def _said(room: Room, words: str) -> bool:
    return words in await room.said("caller")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.timeout(240)
async def test_axe_finds_nothing(dark: bool, built_pages: Path) -> None:
    async def check(room: Room, state: str) -> None:
        await room.page.screenshot(path=picture("room", f"{state}-{'dark' if dark else 'light'}"))
        await axe_finds_nothing(room.page, state)

    async with stub_server() as stub, open_room(stub.url, dark=dark) as room:
        await load_axe(room.page, built_pages)
        await check(room, "idle")
        await room.call()
        page = stub.page
        for turn, text in enumerate(("typed", "typed again"), 1):
            await room.page.get_by_role("textbox", name="Type to Tandem").fill(text)
            await room.page.keyboard.press("Enter")
            await room.wait_until(lambda text=text: _said(room, text), f"turn {turn}")
        news = TaskNews(task="1", title="Flights", kind="progress", text="Looking")
        stub.screen.show(news)
        stub.screen.show(news.model_copy(update={"task": "2", "kind": "result", "text": "Found"}))
        stub.screen.show(Trouble(kind="llm error", detail="HTTP 503"))
        await page.do(ui.NoteShow(id="1", title="Shopping", text="milk"))
        await room.page.get_by_role("button", name="Behind the scenes").click()
        await page.do(ui.SpriteSummon(prompt="a cat"))
        await check(room, "notes and details")
        await page.do(ui.ViewsClose(which="all"))
        for app in ("calculator", "soundtrack", "youtube"):
            await page.do(ui.WindowOpen(app=app))  # type: ignore[arg-type]
        await check(room, "small windows")
        await page.do(ui.ViewsClose(which="all"))
        for app in ("drive", "terminal", "browser"):
            await page.do(ui.WindowOpen(app=app))  # type: ignore[arg-type]
        await page.do(ui.CanvasTable(title="T", head=["a", "b"], rows=[["1", "2"]]))
        await check(room, "large windows")
        await page.do(ui.ViewsClose(which="all"))
        await page.do(ui.CanvasChart(title="C", labels=["a"], values=[1]))
        await page.do(ui.DesktopSwitch(mode="create"))
        await room.page.locator("summary").first.click()
        await room.page.get_by_role("button", name="Settings").click()
        await check(room, "a tidy desk and settings")
        await room.page.keyboard.press("Escape")
        await room.hang_up()
        await room.wait_for_phase("over")
        await check(room, "over")
        stub.breaks = True
        await room.click_call()
        await room.page.get_by_role("alert").wait_for()
        await check(room, "trouble")
