"""The console's history, exports, erasure, recordings, figures and set-up, over HTTP."""

import asyncio
import csv
import errno
import io
import json
import os
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import HTTPException

from bot.call import Call
from bot.store import queries, queries_index
from bot.web.console import pages, stereo
from bot.web.console.desk import Reports
from bot.web.console.messages import Breaker
from bot.web.console.modes import ModeDesk
from bot.web.console.recording import Recordings
from bot.web.console.refusals import refuse
from tests.web.console_lab import PASSWORD, Lab, console

NUMBER = "+15550001111"
NASTY = "=cmd|' /C calc'!A0"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_index, "SETTLE", timedelta(0))


def held(lab: Lab, *said: str, **fields: Any) -> Call:
    """A call that is over."""
    recorder = lab.desk.recorder
    call = Call("phone", **{"caller": NUMBER, **fields})
    call.on_state = recorder.call_state
    recorder.call_started(call, {"llm": "openai gpt"})
    call.connected()
    for number, text in enumerate(said, 1):
        recorder.turn_started(call.id, number)
        recorder.utterance(call.id, speaker="caller", text=text, turn=number)
        recorder.turn_stages(call.id, number, {"llm": 0.4, "voice_to_voice": 0.9})
    call.ended("caller hung up")
    return call


async def test_search_and_a_calls_page(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        call = held(lab, "Two rooms, please.", "<script>alert(1)</script>")
        held(lab, "Nothing of interest.", mode="embedded")
        await lab.settled()
        found = await lab.get("calls", q="rooms")
        assert [one["id"] for one in found["calls"]] == [call.id]
        assert not found["more"]
        assert found["calls"][0]["excerpt"] == "Two rooms, please."
        counted = await lab.get("count", q="rooms")
        assert counted == {"total": 1, "modes": ["cascade", "embedded"]}
        assert (await lab.get("count", mode="embedded", outcome="ended"))["total"] == 1
        assert (await lab.get("count", after="2999-01-01T00:00:00+00:00"))["total"] == 0
        page = await lab.get(f"calls/{call.id}")
        assert [line["text"] for line in page["lines"]] == [
            "Two rooms, please.",
            "<script>alert(1)</script>",
        ]
        assert [turn["stages"]["voice_to_voice"] for turn in page["turns"]] == [0.9, 0.9]
        assert page["missing"]
        assert page["tasks"] == []
        for path, status in (
            ("calls?after=yesterday", 422),
            ("calls?after=2026-01-01T00:00:00", 422),
            ("calls/unknown", 404),
            ("calls/unknown/recording", 404),
            ("calls/..%2f..%2fetc/recording", 404),
        ):
            answer = await lab.client.get(f"/console/api/{path}")
            assert answer.status_code == status, path


async def test_exports_are_whole_and_harmless(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        held(lab, "hello", caller=NASTY)
        held(lab, "hello")
        await lab.settled()
        answer = await lab.client.get("/console/api/calls.csv")
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["caller"] for row in rows] == [NUMBER, f"'{NASTY}"]
        exported = await lab.get("calls.json", q="hello")
        assert [one["caller"] for one in exported] == [NUMBER, NASTY]
        assert await lab.get("calls.json", q="nobody said this") == []
        one = await lab.client.get(f"/console/api/calls/{exported[0]['id']}/export")
        assert json.loads(one.text)["lines"][0]["text"] == "hello"


async def test_a_callers_data_is_deleted_with_the_recordings(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        call, other = held(lab, "secret"), held(lab, "other", caller="+15550002222")
        for each in (call, other):
            lab.desk.recordings.path(each.id).parent.mkdir(exist_ok=True)
            lab.desk.recordings.path(each.id).write_bytes(b"RIFF")
        live = Call("phone", caller=NUMBER)
        lab.desk.recorder.call_started(live, {})
        await lab.settled()
        busy = await lab.post("erase", caller=NUMBER)
        assert (busy.status_code, busy.json()["code"]) == (409, "no")
        live.on_state = lab.desk.recorder.call_state
        live.ended("caller hung up")
        await lab.settled()
        done = await lab.post("erase", caller=NUMBER)
        assert done.status_code == 200, done.text
        assert "2 calls" in done.json()["message"]
        assert "1 recordings" in done.json()["message"]
        assert [one["id"] for one in (await lab.get("calls"))["calls"]] == [other.id]
        assert not lab.desk.recordings.has(call.id)
        assert lab.desk.recordings.has(other.id)
        assert (await lab.post("erase", caller=NUMBER)).status_code == 404


def recordings(folder: Path, troubles: list[tuple[str, str]]) -> Recordings:
    return Recordings(folder / "recordings", 7, lambda *trouble: troubles.append(trouble))


async def test_a_recording_has_both_sides_at_their_times(tmp_path: Path) -> None:
    troubles: list[tuple[str, str]] = []
    kept = recordings(tmp_path, troubles)
    file = stereo.StereoFile(kept.path("abc"), "abc", 8000)
    zero = 1_000_000.0
    tone = (np.sin(np.arange(160) / 5) * 9000).astype("<i2").tobytes()
    for tick in range(250):  # five seconds of the caller, with jitter
        file.add(0, tone, 8000, zero + tick * 0.02 + (tick % 3) * 0.01)
        if 100 <= tick < 150 and tick % 5 == 0:  # the bot speaks from 2 s to 3 s, at 16 kHz
            file.add(1, tone * 10, 16000, zero + tick * 0.02)
    file.finish()
    with wave.open(str(kept.path("abc"))) as read:
        assert (read.getnchannels(), read.getframerate()) == (2, 8000)
        sound = np.frombuffer(read.readframes(read.getnframes()), "<i2").reshape(-1, 2)
    assert abs(len(sound) - 40_000) < 400
    assert kept.began_at("abc") == zero
    loud = np.abs(sound.astype(int)) > 1000
    assert loud[:, 0].mean() > 0.8
    spoken = np.flatnonzero(loud[:, 1])
    assert abs(spoken[0] - 16_000) < 400
    assert abs(spoken[-1] - 24_000) < 800
    assert oct(kept.path("abc").stat().st_mode & 0o777) == "0o600"
    assert troubles == []


async def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[tuple[str, str]] = []
    kept = recordings(tmp_path, troubles)

    def full(self: stereo.StereoFile, samples: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    recording = kept.begin("abc", 8000)
    recording.hear("caller", bytes(320), 8000)
    monkeypatch.setattr(stereo.StereoFile, "_flush", full)
    recording.finish()
    recording.hear("bot", bytes(320), 8000)
    await kept.close()
    await asyncio.sleep(0)
    assert troubles == [("abc", "No space left on device")]
    assert list((tmp_path / "recordings").glob("*")) == []


async def test_recordings_are_deleted_on_time(tmp_path: Path) -> None:
    kept = recordings(tmp_path, [])
    for name, days in (("old", 8), ("new", 6)):
        path = kept.path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"RIFF")
        long_ago = time.time() - days * 86_400
        os.utime(path, (long_ago, long_ago))
    (tmp_path / "recordings" / "left.part").write_bytes(b"")
    os.utime(tmp_path / "recordings" / "left.part", (1, 1))
    assert kept.delete_old(time.time()) == 2
    assert [path.name for path in (tmp_path / "recordings").iterdir()] == ["new.wav"]
    with pytest.raises(ValueError, match="not a call's id"):
        kept.path("../secret")


async def test_figures_and_money(tmp_path: Path) -> None:
    breaker = Breaker(name="llm openai", state="open", detail="3 failures")
    reports = Reports(breakers=lambda: [breaker], prices=lambda: {"cascade": 0.6})
    async with console(tmp_path, reports=reports) as lab:
        await lab.sign_in()
        began = datetime.now(UTC) - timedelta(minutes=5)
        call = held(lab, "one", "two", created_at=began)
        lab.desk.recorder.event(call.id, "llm error", "429")
        lab.desk.recorder.event(None, "provider", "llm openai: open, three failures")
        lab.desk.recorder.event(None, "provider", "llm openai: closed, it answers again")
        await lab.settled()
        async with lab.desk.store.writing() as connection:
            await connection.exec_driver_sql(
                "UPDATE calls SET answered_at = datetime(ended_at, '-60 seconds')"
            )
        health = await lab.get("health", hours="1")
        assert health["calls"] == 1
        assert health["stages"]["voice_to_voice"]["p95"] == 900
        assert sum(one["calls"] for one in health["slices"]) == 1
        assert health["errors"] == [
            {"stage": "llm", "provider": "openai gpt", "kind": "llm error", "count": 1}
        ]
        assert health["breakers"] == [breaker.model_dump()]
        assert [one["text"].partition(",")[0] for one in health["history"]] == [
            "llm openai: closed",
            "llm openai: open",
        ]
        money = await lab.get("money")
        assert [day["mode"] for day in money["days"]] == ["cascade"]
        assert money["minutes"] == pytest.approx(1, abs=0.05)
        assert money["dollars"] == pytest.approx(0.6, abs=0.05)
        assert money["modes"] == [
            {"mode": "cascade", "calls": 1, "price": 0.6}
            | {"minutes": money["minutes"], "dollars": money["dollars"]}
        ]
        missing = " ".join(money["missing"])
        assert all(what in missing for what in ("not recorded", "by provider", "Margin"))
        assert (await lab.client.get("/console/api/health?hours=5")).status_code == 422


async def test_set_up_masks_secrets_tests_and_calls(tmp_path: Path) -> None:
    async def probe(stage: str) -> tuple[bool, str]:
        return stage == "llm", f"{stage} was asked"

    parts = {"voice": "tts", "language model": "llm", "console": ""}
    rows = [
        pages.SettingRow(part=p, uses="x", why="y", missing="", test=t) for p, t in parts.items()
    ]
    reports = Reports(rows=lambda: rows, notes=lambda: ["a note"], probe=probe)
    key, twilio = "sk-very-secret-key-of-ours-9876", "twilio-auth-token-0123456789"
    settings = {
        **{"OPENAI_API_KEY": key, "TWILIO_AUTH_TOKEN": twilio, "TWILIO_ACCOUNT_SID": "AC1"},
        **{"TWILIO_PHONE_NUMBER": NUMBER, "PUBLIC_URL": "https://bot.example"},
    }
    async with console(tmp_path, reports=reports, **settings) as lab:
        await lab.sign_in()
        answer = await lab.client.get("/console/api/setup")
        for secret in (key, twilio, PASSWORD):
            assert secret not in answer.text
        page = answer.json()
        assert page["rows"] == [row.model_dump() for row in rows]
        assert page["secrets"]["OPENAI_API_KEY"] == "••••9876"
        assert page["secrets"]["TWILIO_AUTH_TOKEN"] == "••••"
        assert page["callable"]
        for stage, ok in (("llm", True), ("tts", False)):
            tested = (await lab.post("setup/test", part=stage)).json()
            assert (tested["ok"], tested["message"]) == (ok, f"{stage} was asked")
        assert (await lab.post("setup/test", part="store")).json()["ok"]
        for unknown in ("lunch", "console", "x" * 65):
            assert (await lab.post("setup/test", part=unknown)).status_code == 422
        assert (await lab.post("setup/call", to=NUMBER)).status_code == 409
        called: list[str] = []

        async def place(to: str) -> Call:
            called.append(to)
            if len(called) > 1:
                raise HTTPException(503, "all 4 lines are busy")
            return Call("phone")

        lab.desk.can_call(place)
        lab.desk.twilio = object()  # type: ignore[assignment]
        assert (await lab.post("setup/call", to=NUMBER)).json() == {
            "message": f"{NUMBER} is ringing."
        }
        busy = await lab.post("setup/call", to=NUMBER)
        assert (busy.status_code, busy.json()["message"]) == (409, "all 4 lines are busy")
        assert (await lab.post("setup/call", to="007")).status_code == 422


def _mode(name: str, lacks: str) -> pages.ModeRow:
    figures = {"calls": 9, "errors": 1, "hang_ups": 0, "minutes": 3.0, "live": 1}
    waits = {"wait_ms": 800.0, "wait_ms_p95": -1.0, "dollars_per_minute": 0.05}
    return pages.ModeRow(name=name, title=name, lacks=lacks, down="", share=0.0, **figures, **waits)


RULE = pages.ModeRule(id="1f0c9a3e", when="3 calls are live, or more", use="embedded", on=True)


class FakeModes(ModeDesk):
    """Remembers its orders."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, str]] = []

    async def page(self) -> pages.ModePage:
        return pages.ModePage(
            **{"mode": "cascade", "chosen": True, "pending": "", "rules": [RULE]},
            rows=[_mode("cascade", ""), _mode("openai_realtime", "needs OPENAI_API_KEY")],
            own={NUMBER: "cascade"},
            changes=[
                pages.ModeChange(at="", who="me", what="mode", before="none", after="cascade")
            ],
            reasons=[pages.ModeReason(mode="cascade", reason="rule: 3 calls are live", calls=4)],
            unavailable=str(len(self.orders)) if self.orders else "",
        )

    async def switch(self, order: pages.SwitchMode, who: str) -> None:
        if order.mode == "nonsense":
            raise refuse("no", "nonsense: there is no such mode")
        self.orders.append((order, who))

    async def roll_out(self, order: pages.SetRollout, who: str) -> None:
        self.orders.append((order, who))

    async def set_own(self, order: pages.SetOwnMode, who: str) -> None:
        self.orders.append((order, who))

    async def set_rule(self, order: pages.SetRule, who: str) -> None:
        self.orders.append((order, who))


async def test_modes_are_ordered_by_operators_only(tmp_path: Path) -> None:
    modes = FakeModes()
    async with console(tmp_path, modes=modes) as lab:
        assert (await lab.post("modes/switch", mode="embedded", when="now")).status_code == 401
        await lab.sign_in()
        done = await lab.post("modes/switch", mode="embedded", when="grace", seconds=60)
        assert done.json()["unavailable"] == "1"
        await lab.post("modes/rollout", shares={"embedded": 10})
        await lab.post("modes/own", number=NUMBER, mode="embedded")
        await lab.post("modes/rule", rule=RULE.id, on=False)
        orders = [order for order, _ in modes.orders]
        assert orders == [
            pages.SwitchMode(mode="embedded", when="grace", seconds=60),
            pages.SetRollout(shares={"embedded": 10}),
            pages.SetOwnMode(number=NUMBER, mode="embedded"),
            pages.SetRule(rule=RULE.id, on=False),
        ]
        assert {who for _, who in modes.orders} == {"console (127.0.0.1)"}
        wrong = await lab.post("modes/switch", mode="nonsense", when="now")
        assert (wrong.status_code, wrong.json()["message"]) == (
            409,
            "nonsense: there is no such mode",
        )
        for body in ({"mode": "embedded", "when": "never"}, {"mode": "x" * 300, "when": "now"}):
            assert (await lab.post("modes/switch", **body)).status_code == 422
        assert (await lab.post("modes/rollout", shares={"embedded": 101})).status_code == 422
        assert (await lab.post("modes/rule", rule=RULE.id, on="maybe")).status_code == 422
    async with console(tmp_path) as lab:
        await lab.sign_in()
        assert (await lab.get("modes"))["unavailable"]
        assert (await lab.post("modes/switch", mode="embedded", when="now")).status_code == 409


async def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        async with lab.desk.store.writing() as connection:
            await connection.exec_driver_sql("DROP TABLE call_index")
        answer = await lab.client.get("/console/api/calls")
        assert (answer.status_code, answer.json()["code"]) == (503, "away")
        assert "cannot read the database" in answer.json()["message"]
        assert await queries.calls(lab.desk.store) == []
