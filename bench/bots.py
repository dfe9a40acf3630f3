"""The processes under test and the providers they talk to."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.scaffold import scaffold
from bench.standin import GREETING
from bot.errors import TandemError
from bot.settings import ROOT, known_variables
from tests.openclaw.real_gateway import RealGateway, install

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0


class BenchError(TandemError):
    """A part of the bench does not run; the text says which, and shows its last words."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that runs. `webhook` is asked when a call rings; `data` holds its database, if any."""

    name: str
    server: str
    webhook: str
    process: psutil.Process
    data: Path
    workers: int = 1


@contextlib.contextmanager
def standin(clips: Path, folder: Path) -> Iterator[str]:
    """The providers' stand-in; yields its origin."""
    command = [sys.executable, "-m", "bench.standin", "--clips", str(clips)]
    with _process(command, {}, ROOT, folder / "standin.log") as process:
        yield _said(process, folder / "standin.log")


@contextlib.contextmanager
def claude(folder: Path) -> Iterator[str]:
    """Claude's stand-in; yields its origin."""
    log = folder / "claude.log"
    with _process([sys.executable, "-m", "bench.claude"], {}, ROOT, log) as process:
        yield _said(process, log)


@contextlib.contextmanager
def gateway(model: str) -> Iterator[RealGateway]:
    """The real OpenClaw gateway, its Claude at `model`; installed if it never was."""
    try:
        running = RealGateway(model, install())
    except (AssertionError, OSError) as error:
        raise BenchError(f"OpenClaw's gateway is not installed: {error}") from None
    try:
        running.start()
        yield running
    except AssertionError as error:
        raise BenchError(f"OpenClaw's gateway does not start: {error}") from None
    finally:
        running.remove()


@contextlib.contextmanager
def tandem(origin: str, folder: Path, workers: int = 1, **more: str) -> Iterator[Bot]:
    """Tandem's own server, by its own program; `more` are settings."""
    port = _free_port()
    data = folder / "data"
    environment = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(data),
        "MAX_CALLS": "200",
        "BOT_GREETING": GREETING,
        "STT_PROVIDERS": "openai",
        "LLM_PROVIDERS": "openai",
        "TTS_PROVIDERS": "openai",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{origin}/v1",
        "DRAIN_SECONDS": "0",
        **more,
    }
    if workers > 1:
        environment["WORKERS"] = str(workers)
    command = [sys.executable, "runner.py"]
    with _process(command, environment, ROOT, folder / "tandem.log") as process:
        server = f"http://127.0.0.1:{port}"
        _wait(process, f"{server}/ready", folder / "tandem.log", workers)
        yield Bot("tandem", server, "/phone/incoming", process, data, workers)


@contextlib.contextmanager
def stock24(origin: str, folder: Path) -> Iterator[Bot]:
    """The scaffolded bot, by Pipecat's own runner."""
    port = _free_port()
    bot = scaffold(folder)
    environment = {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{origin}/v1",
        "OPENAI_VOICE_ID": "alloy",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_API_KEY": "SK" + "0" * 32,  # with a token instead, it would ask Twilio who calls
        "TWILIO_API_SECRET": "none",
        "PYTHON_DOTENV_DISABLED": "1",  # it would look for a .env above the libraries' folder
    }
    command = [sys.executable, "-m", "bench.stock_process", origin, "bot.py", "-t", "twilio"]
    command += ["-x", f"127.0.0.1:{port}", "--host", "127.0.0.1", "--port", str(port)]
    with _process(command, environment, bot.parent, folder / "stock24.log") as process:
        server = f"http://127.0.0.1:{port}"
        _wait(process, f"{server}/status", folder / "stock24.log")
        yield Bot("stock24", server, "/", process, folder)


@contextlib.contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[psutil.Process]:
    """A child process, stopped at the end with everything that it started."""
    kept = {name: value for name, value in os.environ.items() if name not in known_variables()}
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=kept | {"PYTHONPATH": str(ROOT)} | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = psutil.Process(child.pid)
    try:
        yield process
    finally:
        family = process.children(recursive=True) if child.poll() is None else []
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for orphan in psutil.wait_procs(family, timeout=5)[1]:
            orphan.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _said(process: psutil.Process, log: Path) -> str:
    """The first line that a process prints: its address."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and _alive(process):
        line, complete, _ = log.read_text(errors="replace").partition("\n")
        if complete and line.startswith("http"):
            return line.strip()
        time.sleep(0.1)
    raise BenchError(f"the stand-in does not start: {_tail(log)}")


def _wait(process: psutil.Process, url: str, log: Path, workers: int = 1) -> None:
    """Wait until the server answers, and has all its workers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and _alive(process):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            told = json.loads(answer.read()) if workers > 1 else {}
            if answer.status == 200 and told.get("workers", 1) == workers:
                return
        time.sleep(0.2)
    raise BenchError(f"{url} never answered: {_tail(log)}")


def _alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
