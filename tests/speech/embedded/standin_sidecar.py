"""A program in the sidecar's place, for the supervisor's tests: the standard library only.

`standin_sidecar.py FOLDER [fail | mute] serve-arguments…`: notes each start and each warm request
in FOLDER/diary, serves `/ready`, and starts a child of its own that must not outlive it. "fail"
tells a reason and ends; "mute" never listens.
"""

import http.server
import json
import socketserver
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.progress import ProgressEvent, emit, emit_progress

folder = Path(sys.argv[1])
mode = sys.argv[2]
port = next(int(a.split("=")[1]) for a in sys.argv if a.startswith("--port="))


def note(line: str) -> None:
    with (folder / "diary").open("a") as diary:
        diary.write(line + "\n")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        state = "loading" if (folder / "slow").exists() else "ready"
        stages = {"llm": {"state": state, "detail": ""}}
        self.answer({"ready": state == "ready", "stages": stages})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        note(f"warm {self.path} {json.loads(body)}")
        self.answer({})

    def answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    allow_reuse_port = True
    daemon_threads = True

    def server_bind(self) -> None:
        import socket

        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


child = subprocess.Popen(tied([sys.executable, "-c", "import time; time.sleep(600)"]))
note(f"start {child.pid} {' '.join(sys.argv[3:])}")
if mode == "fail":
    emit_progress(ProgressEvent("failed", "the disk is full"))
    sys.exit(1)
emit_progress(ProgressEvent("download", "downloading weights 1 of 2 MB"))
if mode == "mute":
    time.sleep(600)
with Server(("127.0.0.1", port), Answers) as server:
    emit("listening", port=port)
    server.serve_forever(poll_interval=0.05)
