"""What an operator does to live calls and modes, in a real Chromium."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from playwright.async_api import Page, expect

from bot.call import Call
from bot.modes.config import Rule
from bot.modes.house import ModeHouse
from bot.telephony.twilio import TwilioRest
from bot.web.console.modes import HouseDesk
from bot.web.console.stream import Watch
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.phoneline import PhoneLine
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi
from tests.fakes.twilio_wire import RestRequest
from tests.fixtures.house import cloud
from tests.web.console_lab import Lab, console
from tests.web.console_page import go, page_at, seeming, served, sign_in, until
from tests.web.looks import picture

pytestmark = pytest.mark.browser
CALLER, CONTACT = "+15550001111", "+15550009999"
HEARD = """() => {
  globalThis.heard = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when) {
    const peak = Math.max(...this.buffer.getChannelData(0).map(Math.abs));
    heard.push({ rate: this.buffer.sampleRate, seconds: this.buffer.duration, peak, when });
    start.call(this, when);
  };
}"""


@asynccontextmanager
async def with_twilio(folder: Path, api: TwilioApi) -> AsyncIterator[Lab]:
    settings = {
        **{"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN},
        **{"PUBLIC_URL": "https://bot.example", "CONTACTS": f"sales={CONTACT}"},
    }
    async with console(folder, **settings) as lab:
        lab.desk.twilio = TwilioRest(api.origin, ACCOUNT_SID, ACCOUNT_SID, AUTH_TOKEN)
        yield lab
        await lab.desk.twilio.aclose()


async def opened(page: Page, who: str) -> Any:
    """Open a live call's panel."""
    await page.get_by_role("list", name="Live calls").get_by_text(who).click()
    return page.get_by_role("region", name=f"Call with {who}")


async def test_a_caller_is_transferred(tmp_path: Path, twilio_api: TwilioApi) -> None:
    line = PhoneLine()
    async with (
        with_twilio(tmp_path, twilio_api) as lab,
        served(lab) as origin,
        page_at(origin) as page,
    ):
        await sign_in(page)
        async with seeming(lab, CALLER) as live:
            live.call.provider_call_id = line.call_sid
            panel = await opened(page, CALLER)
            await panel.get_by_role("button", name="Transfer").click()
            to = panel.get_by_label("Contact, or number like +15551234567")
            await expect(panel.locator("datalist option")).to_have_attribute("value", "sales")
            await to.fill("nobody")
            await panel.get_by_role("button", name="Connect").click()
            await expect(panel.get_by_role("status")).to_contain_text("neither a contact nor")
            await to.fill("sales")
            await panel.get_by_role("button", name="Connect").click()
            await expect(panel.get_by_role("status")).to_contain_text("Twilio: 404")
            assert str(live.call.state) == "connected"  # Twilio knew no such call: it goes on
            twilio_api.incoming(line, CALLER)
            await panel.get_by_role("button", name="Connect").click()
            await expect(panel.get_by_role("status")).to_contain_text(
                "The caller is being connected to sales."
            )
            assert CONTACT in twilio_api.of(RestRequest)[-1].fields["Twiml"]
            assert str(live.call.state) == "transferred"
            log = panel.get_by_role("log")
            await expect(log).to_contain_text("handed to sales, by console (127.0.0.1)")
            await page.screenshot(path=picture("console", "transferred-light"))


async def all_heard(page: Page, count: int) -> list[dict[str, float]]:
    """The pieces of sound that the page has played, once there are so many."""
    heard: list[dict[str, float]] = []
    async with asyncio.timeout(10):
        while len(heard) < count:
            heard = await page.evaluate("() => heard")
    assert len(heard) == count
    return heard


async def test_listening_in_plays_both_sides(tmp_path: Path) -> None:
    tone = (np.sin(np.arange(800) / 5) * 16_000).astype("<i2")
    async with console(tmp_path) as lab, served(lab) as origin, page_at(origin) as page:
        await sign_in(page)
        await page.evaluate(HEARD)
        async with seeming(lab, CALLER) as live, seeming(lab, "+15550002222") as other:
            sound = lab.desk.live.calls[live.call.id].sound
            panel = await opened(page, CALLER)
            await panel.get_by_role("button", name="Listen in").click()
            await until(lambda: sound._listeners, "listener")
            await other.sound("bot", tone.tobytes(), 16_000)
            for _ in range(2):
                await live.sound("caller", tone.tobytes(), 8_000)
                await live.sound("bot", (tone // 2).tobytes(), 16_000)
            heard = await all_heard(page, 4)
            sides = {one["rate"]: one for one in heard}
            assert sides.keys() == {8_000, 16_000}
            assert sides[8_000]["seconds"] == pytest.approx(0.1)
            assert sides[8_000]["peak"] == pytest.approx(16_000 / 32_768, abs=0.01)
            assert sides[16_000]["peak"] == pytest.approx(8_000 / 32_768, abs=0.01)
            caller = [one["when"] for one in heard if one["rate"] == 8_000]
            assert caller[1] - caller[0] == pytest.approx(0.1)  # one piece behind the other
            await expect(panel.get_by_role("log")).to_contain_text("listens in")
            await panel.get_by_role("button", name="Stop listening").click()
            await until(lambda: not sound._listeners, "end of the listening")
            await panel.get_by_role("button", name="Listen in").click()
            await until(lambda: sound._listeners, "listener")
        await expect(panel.get_by_text("This call is over.")).to_be_visible()
        await expect(page.get_by_text("Nobody is on the line.")).to_be_visible()


@asynccontextmanager
async def with_modes(folder: Path, api: OpenAIApi, lab: Lab) -> AsyncIterator[ModeHouse]:
    """The real modes behind the console's page."""
    settings = cloud(api, folder)
    async with httpx2.AsyncClient() as http:
        house = ModeHouse.build(
            *(settings, lab.desk.store, http, lab.desk.switchboard, lab.desk.recorder.event),
            *(lambda: None, lambda _: None),
        )
        await house.start()
        lab.desk.modes = HouseDesk(house, lab.desk.store)
        yield house
        await house.close()


async def test_a_switch_and_a_rollout_leave_live_calls_as_they_are(
    tmp_path: Path, openai_api: OpenAIApi
) -> None:
    async with (
        console(tmp_path) as lab,
        with_modes(tmp_path, openai_api, lab) as house,
        served(lab) as origin,
        page_at(origin) as page,
        seeming(lab, CALLER, pin=house.pin) as before,
    ):
        await sign_in(page)
        await go(page, "mode")
        switch = page.get_by_role("region", name="Switch")
        await switch.get_by_label("openai_realtime").check()
        await switch.get_by_label("Even if its health check fails").check()
        await switch.get_by_role("button", name="Switch to openai_realtime").click()
        await expect(page.get_by_role("status").first).to_contain_text("live keep their mode")
        rollout = page.get_by_role("region", name="Rollout")
        slider = rollout.get_by_role("slider", name="cascade")
        await slider.fill("100")
        await rollout.get_by_role("button", name="Set the rollout").click()
        changes = page.get_by_role("region", name="Changes").get_by_role("row")
        await expect(changes).to_have_count(3)
        await expect(changes.nth(1)).to_contain_text("console (127.0.0.1)")
        await expect(changes.nth(1)).to_contain_text("rollout")
        await expect(changes.nth(1)).to_contain_text("cascade 100")
        await expect(changes.nth(2)).to_contain_text("openai_realtime")
        assert (before.call.mode, before.call.mode_reason) == ("cascade", "default_mode")
        async with seeming(lab, "+15550002222", pin=house.pin):
            await slider.fill("0")
            await rollout.get_by_role("button", name="Set the rollout").click()
            await expect(changes).to_have_count(4)
            async with seeming(lab, "+15550003333", pin=house.pin):
                await lab.desk.recorder.flush()
                await go(page, "now")
                rows = page.get_by_role("list", name="Live calls").get_by_role("listitem")
                await expect(rows).to_have_count(3)
                shown = [await row.inner_text() for row in await rows.all()]
                modes = {"openai_realtime" if "realtime" in row else "cascade" for row in shown}
                assert modes == {"cascade", "openai_realtime"}
                assert "openai_realtime" in shown[0]  # the newest: the switch holds again
                await go(page, "mode")
                reasons = page.get_by_role("region", name="Why calls got their mode")
                for why in ("default_mode", "rollout 100 %", "operator's setting"):
                    await expect(reasons.get_by_role("rowheader", name=why)).to_be_visible()
                await page.screenshot(path=picture("console", "modes-light"), full_page=True)


async def test_a_rule_is_switched_by_keys_and_others_see_it(
    tmp_path: Path, openai_api: OpenAIApi
) -> None:
    rule = Rule.model_validate({"use": "openai_realtime", "between": ["00:00", "23:59:59.999"]})
    async with console(tmp_path) as lab, with_modes(tmp_path, openai_api, lab) as house:
        setup = house.modes.setup
        config = setup.config.model_copy(update={"rules": (rule,)})
        house.modes.renew(replace(setup, config=config))
        lab.desk.reports = replace(lab.desk.reports, modes=lambda: house.modes.mark)
        async with served(lab) as origin, page_at(origin) as page:
            await sign_in(page)
            await go(page, "mode")
            rules = page.get_by_role("region", name="Automatic rules")
            switch = rules.get_by_role("switch", name="openai_realtime between 00:00 and 23:59")
            await expect(switch).to_be_checked()
            await switch.focus()
            await page.keyboard.press("Space")
            await expect(switch).not_to_be_checked()
            changes = page.get_by_role("region", name="Changes").get_by_role("row")
            await expect(changes.nth(1)).to_contain_text("rules that are off")
            await expect(changes.nth(1)).to_contain_text("console (127.0.0.1)")
            call = Call("phone", caller=CALLER)
            house.pin(call)
            assert call.mode_reason == "default_mode"
            await house.operators.set_rule(rule.id, True, "anna")  # in another window
            await expect(switch).to_be_checked()
            await expect(changes.nth(1)).to_contain_text("anna")
            mark = house.modes.mark
            lab.desk.reports = replace(lab.desk.reports, modes=lambda: mark)
            house.modes.renew(setup)  # it is taken out of the file, and the page knows nothing yet
            await switch.press("Space")
            await expect(page.get_by_text("there is no such rule")).to_be_visible()
            await expect(switch).to_be_checked()


async def test_hundreds_of_live_calls_are_one_list(tmp_path: Path) -> None:
    async with console(tmp_path) as lab, served(lab) as origin, page_at(origin) as page:
        async with AsyncExitStack() as calls:
            every = [
                await calls.enter_async_context(seeming(lab, f"+1555{number:07d}"))
                for number in range(300)
            ]
            await sign_in(page)
            rows = page.get_by_role("list", name="Live calls").get_by_role("listitem")
            await expect(rows).to_have_count(300)
            watch = Watch(lab.desk)
            assert len(watch.news().calls) == 300  # type: ignore[union-attr]
            await every[150].hear(lab, "Is anybody there?", 1)
            news = watch.news()
            assert news
            assert [call.caller for call in news.calls] == ["+15550000150"]  # and no other
            await expect(page.get_by_text("Is anybody there?")).to_be_visible()
        await expect(page.get_by_text("Nobody is on the line.")).to_be_visible()
