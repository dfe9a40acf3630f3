"""The real program as a newcomer starts it: no key, embedded models, a phone call, a stop."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.phonecall.line import Party
from bot.settings import ROOT
from bot.store import notes
from bot.store.store import Store
from tests.test_settings_served import free_port

pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]


async def run(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


QUESTION = ("--say", "What is two plus two?")
NOTE = ("--say", "Please take a note: buy milk tomorrow.")
"""As the README says it. A small model may have to be asked twice."""


async def test_three_phone_calls_at_once_a_note_and_a_clean_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    log = (tmp_path / "log").open("w")
    server = await asyncio.create_subprocess_exec(
        sys.executable, "runner.py", cwd=ROOT, stdout=log, stderr=log
    )
    try:
        await ready(f"http://127.0.0.1:{port}", server, tmp_path / "log")
        family = psutil.Process(server.pid).children(recursive=True)
        assert family, "the embedded models run in processes of their own"
        url = ("--url", f"http://127.0.0.1:{port}")
        *calls, note = await asyncio.gather(
            *(run("-m", "bot.phonecall", *url, *said) for said in (QUESTION, QUESTION, NOTE))
        )
        for code, output in (*calls, note):
            assert code == 0, output
            assert re.search(r"bot .*Tandem|bot .*tandem", output), output
            assert "1 of 1 turns answered" in output
        for _, output in calls:
            assert re.search(r"\b(4|four)\b", output), output
        if not await noted(tmp_path):
            again, output = await run("-m", "bot.phonecall", *url, *NOTE)
            assert await noted(tmp_path), f"{note[1]}\n{again}\n{output}"
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 40) == 0
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive
        assert not [line for line in (tmp_path / "log").read_text().splitlines() if "ERROR" in line]
    finally:
        if server.returncode is None:
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
        log.close()


async def noted(data: Path) -> bool:
    """Whether a note of the caller is in the store, with all that was said in it."""
    store = await Store.open(f"sqlite:///{data}/tandem.db")
    try:
        found = await notes.find(store, Party().caller)
    finally:
        await store.close()
    words = " ".join(f"{note.title} {note.text}" for note in found).lower()
    return "milk" in words and "tomorrow" in words


def text(log: Path) -> str:
    return log.read_text()


async def ready(url: str, server: asyncio.subprocess.Process, log: Path) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(500):
        while True:
            assert server.returncode is None, text(log)
            try:
                if (await http.get(f"{url}/ready")).status == 200:
                    return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.5)


async def test_call_without_a_server_is_one_clear_line() -> None:
    code, output = await run("-m", "bot.phonecall", "--url", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "is the server running" in output.lower() or "make run" in output
    assert "Traceback" not in output
