"""The operator's routes about modes, and the command line that uses them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest

from bot.call import Call
from bot.errors import ProviderUnavailable
from bot.failover.breaker import State
from bot.failover.breakers import Breakers
from bot.modes.house import ModeHouse
from bot.settings import ROOT
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Switchboard
from bot.web.admin import admin_router
from tests.fakes.faults import Fault, Kind
from tests.fakes.openai_api import OpenAIApi
from tests.fixtures.house import cloud
from tests.test_settings_served import free_port
from tests.web.small_server import served

TOKEN = "operators-own"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


class Admin:
    """The routes, served; `house` is what is behind them."""

    def __init__(self, url: str, house: ModeHouse, recorder: Recorder, breakers: Breakers) -> None:
        self.url, self.house, self.recorder, self.breakers = url, house, recorder, breakers
        self.lines: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        async with (
            aiohttp.ClientSession(headers=ADMIN) as http,
            http.request(method, self.url + path, json=body) as answer,
        ):
            return answer.status, await answer.json()


@asynccontextmanager
async def admin(api: OpenAIApi, folder: Path, **overrides: Any) -> AsyncIterator[Admin]:
    settings = cloud(api, folder, OPERATOR_TOKEN=TOKEN, **overrides)
    store = await Store.open(settings.database_url)
    recorder = Recorder(store)
    recorder.start()
    breakers = Breakers()
    async with httpx2.AsyncClient() as http:
        house = ModeHouse.build(
            settings,
            store,
            http,
            Switchboard(10),
            recorder.event,
            lambda: None,
            lambda _: None,
            breakers.health,
        )
        await house.start()
        try:
            async with served(admin_router(settings, house)) as url:
                yield Admin(url, house, recorder, breakers)
        finally:
            await house.close()
            await recorder.close()
            await store.close()


async def test_only_the_operator_may_look_or_change(openai_api: OpenAIApi, tmp_path: Path) -> None:
    async with admin(openai_api, tmp_path) as here, aiohttp.ClientSession() as http:
        for method, path in (
            ("GET", "/admin-status"),
            ("POST", "/admin/mode"),
            ("PUT", "/admin/rollout"),
        ):
            assert (await http.request(method, here.url + path, json={})).status == 401
            wrong = {"Authorization": "Bearer somebody"}
            answer = await http.request(method, here.url + path, json={}, headers=wrong)
            assert answer.status == 403


async def test_status_has_what_is_set_and_how_each_mode_does(
    openai_api: OpenAIApi, tmp_path: Path
) -> None:
    async with admin(openai_api, tmp_path) as here:
        call = Call("phone", caller="+15550001111")
        here.house.pin(call)
        here.recorder.call_started(call, {})
        done = Call("phone")
        here.house.pin(done)
        here.recorder.call_started(done, {})
        done.connected()
        here.recorder.call_state(done)
        here.recorder.turn_stages(done.id, 1, {"voice_to_voice": 0.64})
        done.ended("caller hung up")
        here.recorder.call_state(done)
        await here.recorder.flush()
        status, said = await here.ask("GET", "/admin-status?fresh=true")
        assert status == 200
        assert said["llm_mode"] == "cascade"
        assert said["rollout"] == {}
        assert (said["set"]["mode"], said["set"]["version"]) == (None, 0)
        assert said["live_calls"]["by_mode"] == {"cascade": 1}
        figures = said["modes"]["cascade"]["figures"]
        assert (figures["calls"], figures["errors"], figures["hang_ups"]) == (1, 0, 1)
        assert figures["wait_ms"] == 640
        assert said["modes"]["openai_realtime"]["missing"] == ""
        assert "needs WHISPER_ENDPOINT" in said["modes"]["runpod_streaming"]["missing"]
        providers = {(row["stage"], row["provider"]): row["state"] for row in said["providers"]}
        assert providers["llm", "openai gpt-4o-mini"] == "well"
        assert "sk-test" not in json.dumps(said)
        assert TOKEN not in json.dumps(said)
        status, said = await here.ask("GET", "/admin-status?hours=lots")
        assert (status, "hours" in said["detail"]) == (422, True)


async def test_status_has_how_calls_fare_with_each_endpoint(
    openai_api: OpenAIApi, tmp_path: Path
) -> None:
    async with OpenAIApi() as one, OpenAIApi() as other:
        for pod in (one, other):
            pod.models = {"qwen-small"}
        values = {
            "RUNPOD_A100_ENDPOINT": f"{one.url},{other.url}",
            "RUNPOD_API_KEY": "sk-test",
            "RUNPOD_LLM_MODEL": "qwen-small",
            "WHISPER_ENDPOINT": one.url,
            "WHISPER_API_KEY": "sk-test",
            "ELEVENLABS_API_KEY": "el",
            "ELEVENLABS_VOICE_ID": "voice",
            "ELEVENLABS_BASE_URL": "http://127.0.0.1:1",
        }
        async with admin(openai_api, tmp_path, **values) as here:
            plan = here.house.modes.setup.modes["runpod_streaming"].plan
            assert plan
            well, ill = (here.breakers.of(endpoint) for endpoint in plan.llm[:2])
            well.answered(0.31)
            ill.failed(ProviderUnavailable("runpod: 503"))
            ill.agree(State.OPEN, "runpod: 503")
            here.house.pin(call := Call("phone"))
            _, said = await here.ask("GET", "/admin-status")
            rows = {row["host"]: row for row in said["providers"] if "runpod" in row["provider"]}
            first, second = (rows[pod.url.split("/")[2]] for pod in (one, other))
            assert (first["breaker"], first["usual_ms"], first["last_error"]) == ("closed", 310, "")
            assert first["counts"] == {"answered": 1, "failed": 0, "slow": 0}
            assert first["modes"] == ["runpod_streaming"]
            assert (second["state"], second["breaker"]) == ("failed", "open")
            assert (second["last_error"], second["counts"]["failed"]) == ("runpod: 503", 1)
            assert second["fault"] == "calls leave it alone: runpod: 503"
            assert said["modes"]["runpod_streaming"]["down"] == ""  # the other one is well
            assert call.mode == "cascade"
            assert "sk-test" not in json.dumps(said)
            await here.breakers.close()


async def test_a_switch_over_http(openai_api: OpenAIApi, tmp_path: Path) -> None:
    async with admin(openai_api, tmp_path) as here:
        order = {"mode": "cascade", "who": "anna", "version": 0}
        status, said = await here.ask("POST", "/admin/mode", order)
        assert status == 200
        assert (said["set"]["mode"], said["set"]["who"], said["set"]["version"]) == (
            "cascade",
            "anna",
            1,
        )
        assert said["changes"][0]["after"]["mode"] == "cascade"
        status, said = await here.ask("POST", "/admin/mode", order | {"who": "bert"})
        assert status == 409
        assert said["detail"].startswith("anna was faster: the mode is cascade now (version 1)")
        later = {"mode": "", "when": "grace", "grace_seconds": 3000}
        status, said = await here.ask("POST", "/admin/mode", later)
        assert (status, said["set"]["pending"]["when"]) == (200, "grace")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"mode": "quantum"}, "quantum: there is no such mode"),
        ({"mode": "runpod_streaming"}, "runpod_streaming: needs WHISPER_ENDPOINT"),
        ({"mode": "embedded", "force": True}, "embedded: needs the embedded models"),
        ({}, "mode: Field required"),
        ({"mode": "cascade", "when": "soon"}, "when: "),
        ({"mode": "cascade", "when": "grace"}, "grace_seconds goes with"),
        ({"mode": "cascade", "number": "+15550001111", "when": "idle"}, "is set now"),
        ({"mode": "cascade", "hurry": 1}, "hurry: "),
    ],
)
async def test_orders_that_are_refused(
    body: dict[str, Any], line: str, openai_api: OpenAIApi, tmp_path: Path
) -> None:
    async with admin(openai_api, tmp_path) as here:
        status, said = await here.ask("POST", "/admin/mode", body)
        assert status == 422
        assert line in said["detail"]
        assert "\n" not in said["detail"]
        assert here.house.modes.settled.mode_setting.version == 0


async def test_a_sick_mode_is_refused_unless_forced(openai_api: OpenAIApi, tmp_path: Path) -> None:
    async with admin(openai_api, tmp_path) as here:
        openai_api.fail(Fault(Kind.STATUS, status=500), "models")
        status, said = await here.ask("POST", "/admin/mode", {"mode": "cascade"})
        assert (status, "health check failed" in said["detail"]) == (422, True)
        status, said = await here.ask("POST", "/admin/mode", {"mode": "cascade", "force": True})
        assert (status, said["set"]["forced"]) == (200, True)


async def test_a_rollout_and_a_numbers_own_mode(openai_api: OpenAIApi, tmp_path: Path) -> None:
    async with admin(openai_api, tmp_path, OPENAI_REALTIME_URL="ws://127.0.0.1:1/v1") as here:
        status, said = await here.ask("PUT", "/admin/rollout?who=anna", {"cascade": 10})
        assert (status, said["rollout"]) == (200, {"cascade": 10})
        status, said = await here.ask("PUT", "/admin/rollout?version=0", {"cascade": 20})
        assert (status, "anna was faster" in said["detail"]) == (409, True)
        status, said = await here.ask("PUT", "/admin/rollout", {"cascade": "much"})
        assert (status, "cascade: " in said["detail"]) == (422, True)
        order = {"mode": "openai_realtime", "number": "+15550001111"}
        status, said = await here.ask("POST", "/admin/mode", order)
        assert (status, "cannot be reached" in said["detail"]) == (422, True)
        status, said = await here.ask("POST", "/admin/mode", order | {"force": True})
        assert said["numbers"] == {"+15550001111": "openai_realtime"}
        call = Call("phone", caller="+15550001111")
        pinned = here.house.pin(call)
        assert (call.mode, call.mode_reason) == ("openai_realtime", "caller's own setting")
        assert pinned.fallback
        assert (pinned.fallback.name, pinned.plan.llm[0].provider) == ("cascade", "openai")


async def test_another_process_on_the_database_sees_a_switch_within_seconds(
    openai_api: OpenAIApi, tmp_path: Path
) -> None:
    lists = {"OPENAI_REALTIME_URL": openai_api.url.replace("http", "ws") + "/realtime"}
    async with (
        admin(openai_api, tmp_path, **lists) as one,
        admin(openai_api, tmp_path, **lists) as other,
    ):
        status, _ = await one.ask("POST", "/admin/mode", {"mode": "openai_realtime"})
        assert status == 200
        async with asyncio.timeout(10):
            while other.house.modes.mode != "openai_realtime":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        _, said = await other.ask("GET", "/admin-status")
        assert said["set"]["version"] == 1


# -- the command line


async def command(folder: Path, api: OpenAIApi, *words: str, port: int = 0) -> tuple[int, str]:
    values = {
        "PORT": str(port or free_port()),
        "DATA_DIR": str(folder),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": api.url,
        "OPERATOR_TOKEN": TOKEN,
        "COLUMNS": "200",
        **dict.fromkeys(("STT_PROVIDERS", "LLM_PROVIDERS", "TTS_PROVIDERS"), "openai"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.admin", *words),
        cwd=ROOT,
        env=values,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_command_line_talks_to_the_running_server(
    openai_api: OpenAIApi, tmp_path: Path
) -> None:
    async with admin(openai_api, tmp_path) as here:
        port = int(here.url.rpartition(":")[2])

        async def run(*words: str) -> tuple[int, str]:
            return await command(tmp_path / "other", openai_api, *words, port=port)

        code, text = await run("--who", "anna", "mode", "set", "cascade")
        assert code == 0, text
        assert "mode of new calls: cascade  (set by anna" in text
        assert here.house.modes.settled.mode == "cascade"
        code, text = await run("mode", "set", "quantum")
        assert code == 1
        assert text.startswith("quantum: there is no such mode")
        assert "Traceback" not in text
        code, text = await run("rollout", "set", "cascade=5")
        assert (code, "rollout: cascade 5 %" in text) == (0, True), text


async def test_without_a_server_the_command_line_uses_the_database(
    openai_api: OpenAIApi, tmp_path: Path
) -> None:
    code, text = await command(tmp_path, openai_api, "mode", "set", "cascade", "--when-idle")
    assert code == 0, text
    assert "the database is used" in text
    assert "mode of new calls: cascade" in text
    async with admin(openai_api, tmp_path) as here:
        assert here.house.modes.settled.mode == "cascade"
    code, text = await command(tmp_path, openai_api, "mode", "set", "none")
    assert (code, "nobody has set one" in text) == (0, True), text
    code, text = await command(tmp_path, openai_api, "--url", "http://127.0.0.1:1", "mode")
    assert (code, "no server answers at http://127.0.0.1:1" in text) == (1, True)
