"""A call's page and the set-up in a real Chromium: recording, tasks, exports, erasure, tests."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Download, Page, expect

from bot.call import Call
from bot.openclaw.archive import KeptTask
from bot.store import queries_index, tool_events
from bot.web.console import stereo
from bot.web.console.desk import Reports
from bot.web.console.pages import SettingRow
from tests.web.console_lab import Lab, console
from tests.web.console_page import go, page_at, served, sign_in
from tests.web.looks import picture
from tests.web.test_console_history import NUMBER, held

pytestmark = pytest.mark.browser
SAID = ((1.0, "caller", "Is it open?"), (3.0, "bot", "Yes, until six."), (6.0, "caller", "Thanks."))
NASTY = '<img src=x onerror="document.title = 1">'
AUDIO = "() => document.querySelector('audio').{}"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_index, "SETTLE", timedelta(0))


def recorded(lab: Lab) -> Call:
    """A call of eight seconds with its recording: a tone from each line's beginning on."""
    recorder, zero = lab.desk.recorder, datetime.now(UTC) - timedelta(minutes=3)
    call = Call("phone", caller=NUMBER, created_at=zero)
    call.on_state = recorder.call_state
    recorder.call_started(call, {"llm": "openai gpt"})
    call.connected()
    for number, (at, speaker, text) in enumerate(SAID):
        recorder.utterance(
            call.id,
            speaker=speaker,  # type: ignore[arg-type]
            text=text,
            turn=number,
            at=zero + timedelta(seconds=at),
        )
    recorder.turn_stages(call.id, 1, {"llm": 0.4, "voice_to_voice": 0.9})
    told = tool_events.written("opening_hours done after 0.12 s", {"day": NASTY}, f"Nine\n{NASTY}")
    recorder.event(call.id, "tool", told)
    call.ended("caller hung up")
    file = stereo.StereoFile(lab.desk.recordings.path(call.id), call.id, 8000)
    tone = (np.sin(np.arange(8000) / 5) * 9000).astype("<i2").tobytes()
    file.add(0, bytes(16), 8000, zero.timestamp())
    for at, speaker, _ in SAID:
        file.add(int(speaker == "bot"), tone, 8000, zero.timestamp() + at)
    file.add(0, tone, 8000, zero.timestamp() + 7)
    file.finish()
    return call


async def text_of(saved: Download) -> str:
    """What was downloaded."""
    path = await saved.path()
    return await asyncio.to_thread(path.read_text)


async def sounding(page: Page) -> list[str]:
    """The lines that are marked as sounding."""
    return await page.locator("[data-sounding=true] p").all_inner_texts()


async def test_the_transcript_goes_with_the_recording(tmp_path: Path) -> None:
    async with console(tmp_path, reports=Reports(prices=lambda: {"cascade": 0.6})) as lab:
        call = recorded(lab)
        await lab.settled()
        async with served(lab) as origin, page_at(origin) as page:
            await sign_in(page)
            await go(page, f"calls/{call.id}")
            said = page.get_by_role("region", name="What was said")
            assert await sounding(page) == []
            await said.get_by_role("button", name="Play from 0:03").click()
            await expect(page.locator("[data-sounding=true] p")).to_have_text("Yes, until six.")
            assert not await page.evaluate(AUDIO.format("paused"))
            assert 3.0 <= await page.evaluate(AUDIO.format("currentTime")) < 6
            assert 7.5 < await page.evaluate(AUDIO.format("duration")) < 8.5
            await page.evaluate(AUDIO.format("pause()"))
            for at, line in ((6.2, "Thanks."), (1.4, "Is it open?"), (5.9, "Yes, until six.")):
                await page.evaluate(AUDIO.format(f"currentTime = {at}"))
                await expect(page.locator("[data-sounding=true] p")).to_have_text(line)
            await expect(said.locator("[aria-current=true]")).to_have_count(1)
            tools = page.get_by_role("region", name="Tools")
            await tools.get_by_text("opening_hours done after 0.12 s").click()
            await expect(tools.locator("pre")).to_have_text(
                [json.dumps({"day": NASTY}), f"Nine\n{NASTY}"]
            )
            cost = page.get_by_role("region", name="Cost")
            await expect(cost).to_contain_text("at an estimated $0.600 a minute")
            await expect(cost).to_contain_text("not recorded yet")
            await page.screenshot(path=picture("console", "recording-light"), full_page=True)
            async with page.expect_download() as saved:
                await page.get_by_role("link", name="JSON").click()
            export = json.loads(await text_of(await saved.value))
            assert [line["text"] for line in export["lines"] if line["speaker"]] == [
                text for _, _, text in SAID
            ]


async def test_a_callers_data_is_deleted_from_a_calls_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = KeptTask(
        "1", 1.7e9, "Find a ferry <b>", "completed", "One at six.\n\nAt pier 2.", "kept"
    )
    async with console(tmp_path) as lab:
        call, other = held(lab, "secret"), held(lab, "other", caller="+15550002222")
        await lab.settled()

        async def tasks(call_id: str, *_: datetime) -> list[KeptTask]:
            return [task] if call_id == call.id else []

        monkeypatch.setattr(lab.desk.tasks, "of_call", tasks)
        async with served(lab) as origin, page_at(origin) as page:
            await sign_in(page)
            await go(page, "calls")
            async with page.expect_download() as saved:
                await page.get_by_role("link", name="CSV").click()
            assert (await text_of(await saved.value)).count("\n") == 3
            await go(page, f"calls/{call.id}")
            shown = page.get_by_role("region", name="Tasks")
            await expect(shown).to_contain_text("Find a ferry <b>")
            await expect(shown).to_contain_text("At pier 2.")
            await expect(shown).to_contain_text("kept for the next call")
            await page.screenshot(path=picture("console", "tasks-light"), full_page=True)
            await page.get_by_role("button", name="Delete this caller’s data").click()
            await page.get_by_role("button", name="Keep it").click()
            await page.get_by_role("button", name="Delete this caller’s data").click()
            await page.get_by_role("button", name="Yes, delete all of it").click()
            await expect(page.get_by_text("Deleted: 1 calls")).to_be_visible()
            rows = page.get_by_role("list", name="Calls").get_by_role("listitem")
            await expect(rows).to_have_count(1)  # the page goes back to the list by itself
            await expect(rows).to_contain_text("+15550002222")
        assert [one["id"] for one in await lab_calls(lab)] == [other.id]


async def lab_calls(lab: Lab) -> list[dict[str, str]]:
    await lab.sign_in()
    found: list[dict[str, str]] = (await lab.get("calls"))["calls"]
    return found


async def test_set_up_tests_each_part_and_calls_a_phone(tmp_path: Path) -> None:
    async def probe(part: str) -> tuple[bool, str]:
        return part == "llm", f"{part} was <asked>"

    parts = {"voice": "tts", "language model": "llm", "console": "", "store": "store"}
    rows = [SettingRow(part=p, uses="x", why="y", missing="", test=t) for p, t in parts.items()]
    settings = {"TWILIO_PHONE_NUMBER": "+15550000000", "PUBLIC_URL": "https://bot.example"}
    called: list[str] = []

    async def place(to: str) -> Call:
        called.append(to)
        return Call("phone")

    reports = Reports(rows=lambda: rows, probe=probe)
    async with console(tmp_path, reports=reports, **settings) as lab:
        lab.desk.can_call(place)
        lab.desk.twilio = object()  # type: ignore[assignment]
        async with served(lab) as origin, page_at(origin) as page:
            await sign_in(page)
            await go(page, "setup")
            await expect(page.get_by_role("button", name="Test")).to_have_count(3)
            for part, ok, said in (
                ("language model", "true", "llm was <asked>"),
                ("voice", "false", "tts was <asked>"),
                ("store", "true", "sqlite answers; it has 0 calls"),
            ):
                card = page.get_by_role("listitem").filter(
                    has=page.get_by_role("heading", name=part)
                )
                await card.get_by_role("button", name=f"Test {part}").click()
                await expect(card.get_by_role("status")).to_contain_text(said)
                await expect(card.get_by_role("status")).to_have_attribute("data-ok", ok)
            phone = page.get_by_role("region", name="Call my phone")
            await phone.get_by_label("Your number").fill("0301234")
            await phone.get_by_role("button", name="Call").click()
            assert called == []  # no number in E.164: the browser says so
            await phone.get_by_label("Your number").fill(NUMBER)
            await phone.get_by_role("button", name="Call").click()
            await expect(phone.get_by_role("status")).to_have_text(f"{NUMBER} is ringing.")
            assert called == [NUMBER]
            await page.screenshot(path=picture("console", "tested-light"), full_page=True)
