"""Prepares what the sidecar needs: its own virtual environment and the weights.

Runs as a process of its own (`python -m bot.speech.embedded prepare`), with the bot's Python and
nothing but the standard library, so that pip never blocks the bot's loop and dies with it.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bot.errors import EmbeddedError
from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.pip import disk_errors, locked_file, pip_install, tree_bytes
from bot.speech.embedded.progress import ProgressEvent, Report
from bot.speech.embedded.weights import REQUIREMENTS, ensure_all, wanted

COMPLETE = ".tandem-complete"


def environment(cache: Path, requirements: Path = REQUIREMENTS / "embedded.txt") -> Path:
    """Directory of the sidecar's virtual environment: one for each lock file and Python."""
    seed = requirements.read_bytes() + platform.python_version().encode() + sys.base_prefix.encode()
    return cache / "engines" / hashlib.sha256(seed).hexdigest()[:16]


def ensure_environment(
    cache: Path, report: Report, requirements: Path = REQUIREMENTS / "embedded.txt"
) -> Path:
    """The Python of the sidecar's environment, installed if it is not there yet.

    Raises:
        EmbeddedError: one line for the operator.
    """
    root = environment(cache, requirements)
    python = root / "bin" / "python"
    if (root / COMPLETE).exists() and python.exists():
        return python
    with locked_file(cache / "locks" / f"{root.name}.lock", "the engines", report):
        if not (root / COMPLETE).exists():
            with disk_errors(cache, "engines"):
                _install(root, python, requirements, report)
    return python


def _install(root: Path, python: Path, requirements: Path, report: Report) -> None:
    report(ProgressEvent("install", "installing engines: making a virtual environment"))
    shutil.rmtree(root, ignore_errors=True)
    scratch = root / "scratch"
    began = time.monotonic()

    def tick() -> None:
        size, seconds = tree_bytes(root) // 10**6, time.monotonic() - began
        report(ProgressEvent("install", f"installing engines: {size} MB after {seconds:.0f} s"))

    try:
        made = subprocess.run(
            tied([sys.executable, "-m", "venv", str(root)]),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            last = (made.stderr or made.stdout).strip().splitlines()[-1:]
            raise EmbeddedError(f"no virtual environment could be made: {' '.join(last)}")
        scratch.mkdir()
        pip_install(python, requirements, scratch, tick)
        shutil.rmtree(scratch)
        (root / COMPLETE).touch()
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


def prepare(options: EmbeddedOptions, report: Report) -> Path:
    """Installs and fetches everything; returns the Python that runs the engines.

    Raises:
        EmbeddedError: one line for the operator.
    """
    cache = options.cache_dir
    python = ensure_environment(cache, report)
    ensure_all(wanted(options), cache, report, python)
    return python
