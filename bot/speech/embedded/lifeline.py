"""Ties a child process to the process that started it, so that nothing outlives the bot.

Run as a program, it binds itself to its parent and becomes the given command in place (same pid),
which works for programs that are not ours too:
`python lifeline.py PARENT_PID COMMAND [ARGUMENT …]`. Only the standard library is used.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
LOOK_SECONDS = 1.0


def bind_to_parent(parent: int) -> None:
    """Lets the kernel kill this process when the thread that started it ends (Linux only).

    Raises:
        SystemExit: the parent is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def watch_parent() -> None:
    """Starts a thread that ends this process within a second of losing its parent."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def tied(command: Sequence[str], variables: Mapping[str, str] | None = None) -> list[str]:
    """A command line that runs `command` with more variables, as a child that dies with us."""
    assignments = [f"{name}={value}" for name, value in (variables or {}).items()]
    stub = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid())]
    return ["env", *assignments, *stub, *command]


if __name__ == "__main__":
    bind_to_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
