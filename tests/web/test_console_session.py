"""Who may use the console."""

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings
from bot.web.console.attempts import Attempts
from bot.web.console.session import COOKIE
from tests.web.console_lab import HOME, PASSWORD, console

ASKED = ("calls", "count", "calls.csv", "calls/x", "health", "money", "setup", "modes", "live")
ASKED += ("live/x",)
ORDERS = ("live/x/hang-up", "live/x/whisper", "live/x/transfer", "erase", "setup/test")


async def test_a_right_password_opens_it_until_signing_out(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        assert (await lab.get("session"))["state"] == "signed_out"
        answer = await lab.sign_in()
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/console", "Max-Age="):
            assert part in cookie
        assert "Secure" not in cookie
        assert PASSWORD not in cookie
        assert (await lab.get("session"))["state"] == "signed_in"
        assert (await lab.get("calls"))["calls"] == []
        headers = {"origin": HOME, "x-csrf-token": lab.csrf}
        assert (await lab.client.delete("/console/api/session", headers=headers)).is_success
        assert (await lab.get("session"))["state"] == "signed_out"


async def test_the_token_opens_it_too_and_https_makes_the_cookie_secure(tmp_path: Path) -> None:
    async with console(tmp_path, OPERATOR_PASSWORD="", OPERATOR_TOKEN="a-token-for-tests") as lab:
        lab.client.headers["x-forwarded-proto"] = "https"
        answer = await lab.sign_in("a-token-for-tests")
        assert "Secure" in answer.headers["set-cookie"]
        lab.client.cookies.clear()
        bearer = {"authorization": "Bearer a-token-for-tests"}
        assert (await lab.client.get("/console/api/calls", headers=bearer)).status_code == 200
        done = await lab.client.post(
            "/console/api/erase", json={"caller": "+15550001111"}, headers=bearer
        )
        assert (done.status_code, done.json()["code"]) == (404, "gone")
        wrong = {"authorization": "Bearer another"}
        assert (await lab.client.get("/console/api/calls", headers=wrong)).status_code == 401


@pytest.mark.parametrize("path", ASKED)
async def test_nothing_is_told_to_strangers(tmp_path: Path, path: str) -> None:
    async with console(tmp_path, peer="192.0.2.7") as lab:
        answer = await lab.client.get(f"/console/api/{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ORDERS)
async def test_orders_need_the_csrf_token_and_our_own_page(tmp_path: Path, path: str) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        bare = await lab.client.post(f"/console/api/{path}", json={}, headers={"origin": HOME})
        assert (bare.status_code, bare.json()["code"]) == (403, "csrf")
        for origin in ("https://evil.example", "null", "http://127.0.0.1:9"):
            headers = {"origin": origin, "x-csrf-token": lab.csrf}
            foreign = await lab.client.post(f"/console/api/{path}", json={}, headers=headers)
            assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign")
        own = await lab.post(path)
        assert own.json()["code"] in ("invalid", "gone")


async def test_a_cookie_that_was_changed_or_is_too_old_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        good = lab.client.cookies[COOKIE]
        expires, nonce, signature = good.split(".")
        later = str(int(expires) + 1)
        for forged in (
            f"{later}.{nonce}.{signature}",
            f"{expires}.x{nonce}.{signature}",
            f"{expires}.{nonce}.{signature[:-1]}",
            f"{expires}.{nonce}.",
            "..",
            "9" * 400,
        ):
            lab.client.cookies.clear()
            headers = {"cookie": f"{COOKIE}={forged}"}
            answer = await lab.client.get("/console/api/calls", headers=headers)
            assert answer.status_code == 401, forged
        headers = {"cookie": f"{COOKIE}={good}"}
        assert (await lab.client.get("/console/api/calls", headers=headers)).is_success
        monkeypatch.setattr(lab.desk.door, "_clock", lambda: int(expires) + 1.0)
        assert (await lab.client.get("/console/api/calls", headers=headers)).status_code == 401


async def test_another_password_ends_all_sessions(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        await lab.sign_in()
        good = lab.client.cookies[COOKIE]
    headers = {"cookie": f"{COOKIE}={good}"}
    async with console(tmp_path) as lab:  # the same one: another process, or a restart
        assert (await lab.client.get("/console/api/calls", headers=headers)).is_success
    async with console(tmp_path, OPERATOR_PASSWORD="another password") as lab:
        assert (await lab.client.get("/console/api/calls", headers=headers)).status_code == 401


async def test_wrong_passwords_are_limited(tmp_path: Path) -> None:
    async with console(tmp_path) as lab:
        for _ in range(Attempts.MOST):
            answer = await lab.sign_in("wrong password")
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong")
        answer = await lab.sign_in()
        assert (answer.status_code, answer.json()["code"]) == (429, "wait")
        assert 0 < int(answer.headers["retry-after"]) <= Attempts.SECONDS
        assert "set-cookie" not in answer.headers
        now = lab.desk.door._clock()
        lab.desk.door._attempts._clock = lambda: now + Attempts.SECONDS + 1
        assert (await lab.sign_in()).is_success
        await lab.desk.recorder.flush()
    async with console(tmp_path) as lab:  # what another process has counted counts
        for _ in range(2 * Attempts.MOST):
            lab.desk.recorder.event(None, "sign-in refused", "127.0.0.1")
        await lab.desk.recorder.flush()
        assert (await lab.sign_in()).status_code == 429


async def test_without_a_password_it_is_open_on_this_machine_only(tmp_path: Path) -> None:
    open_house = {"OPERATOR_PASSWORD": ""}
    async with console(tmp_path, **open_house) as lab:
        session = await lab.get("session")
        assert session["state"] == "open"
        assert "OPERATOR_PASSWORD" in session["message"]
        assert (await lab.get("calls"))["calls"] == []
        lab.csrf = session["csrf"]
        assert (await lab.post("erase", caller="x")).json()["code"] == "gone"
        bare = await lab.client.post(
            "/console/api/erase", json={"caller": "x"}, headers={"origin": HOME}
        )
        assert bare.json()["code"] == "csrf"
        proxied = await lab.client.get("/console/api/calls", headers={"x-forwarded-for": "1.2.3.4"})
        assert proxied.json()["code"] == "closed"
        rebound = await lab.client.get("/console/api/calls", headers={"host": "evil.example"})
        assert rebound.json()["code"] == "closed"
    async with console(tmp_path, peer="192.0.2.7", **open_house) as lab:
        assert (await lab.get("session"))["state"] == "closed"
        assert (await lab.client.get("/console/api/calls")).json()["code"] == "closed"
        assert (await lab.sign_in("")).status_code == 422
        assert (await lab.sign_in("anything")).json()["code"] == "closed"


def test_a_password_is_long_enough() -> None:
    with pytest.raises(SettingsError, match="OPERATOR_PASSWORD: found 5 characters"):
        Settings.load(None, OPERATOR_PASSWORD="short")


async def test_the_page_is_there_for_everybody_and_carries_the_headers(tmp_path: Path) -> None:
    async with console(tmp_path, peer="192.0.2.7") as lab:
        page = await lab.client.get("/console")
        assert page.status_code == 200
        assert "Tandem console" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
