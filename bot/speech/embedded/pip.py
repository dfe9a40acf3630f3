"""The package client as a child process, with progress, and the errors it can meet."""

import errno
import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bot.errors import EmbeddedError
from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.progress import ProgressEvent, Report

TICK = 1.0  # seconds between two looks at how far pip is
COMMON = ("--require-hashes", "--disable-pip-version-check", "--progress-bar", "off", "--no-input")


@contextmanager
def locked_file(path: Path, what: str, report: Report) -> Iterator[None]:
    """Holds an exclusive lock on a file, telling every 3 seconds that it waits for one.

    Raises:
        EmbeddedError: the cache cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    except OSError as error:
        raise EmbeddedError(f"{path.parent} can't be written: {error.strerror}") from error
    with handle:
        waited = 0.0
        while not _take(handle):
            if waited % 3 < 0.25:
                report(ProgressEvent("wait", f"another process prepares {what}; waiting for it"))
            time.sleep(0.25)
            waited += 0.25
        yield


def _take(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def disk_errors(cache: Path, what: str) -> Iterator[None]:
    """Turns a full or unwritable disk into one line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EmbeddedError(f"the disk is full: no room for {what} in {cache}") from error
        raise EmbeddedError(f"{what} can't be written in {cache}: {error.strerror}") from error


def select(requirements: str, packages: Iterable[str]) -> str:
    """The entries of a hash-locked requirements text that name these packages.

    Raises:
        EmbeddedError: a package has no entry.
    """
    entries: dict[str, str] = {}
    for line in requirements.replace("\\\n", " ").splitlines():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name:
            entries[name.group().lower()] = line
    missing = [package for package in packages if package not in entries]
    if missing:
        raise EmbeddedError(f"the requirements have no entry for {', '.join(missing)}")
    return "\n".join(entries[package] for package in packages) + "\n"


def pip_download(
    python: Path, lines: str, into: Path, scratch: Path, tick: Callable[[], None]
) -> None:
    """Downloads hash-locked packages as files, without what they depend on; keeps what is there.

    Raises:
        EmbeddedError: pip failed; its own last words are in the text.
    """
    wanted = scratch / "requirements.txt"
    wanted.write_text(lines, "utf-8")
    command = [str(python), "-m", "pip", "download", "--no-deps", *COMMON]
    run_pip([*command, "--dest", str(into), "--requirement", str(wanted)], tick, scratch)


def pip_install(python: Path, requirements: Path, scratch: Path, tick: Callable[[], None]) -> None:
    """Installs hash-locked packages, wheels only, into the environment of `python`.

    Raises:
        EmbeddedError: pip failed; its own last words are in the text.
    """
    command = [str(python), "-m", "pip", "install", "--only-binary", ":all:", *COMMON]
    run_pip([*command, "--requirement", str(requirements)], tick, scratch)


def run_pip(command: list[str], tick: Callable[[], None], scratch: Path) -> None:
    """Runs pip with its temporary files in `scratch`, calling `tick` about once a second.

    Raises:
        EmbeddedError: pip ended with an error.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        child = subprocess.Popen(
            tied(command, {"TMPDIR": str(scratch)}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    code = child.wait(TICK)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if code != 0:
            output.seek(0)
            raise EmbeddedError(explain(output.read()))


def explain(output: str) -> str:
    """One line that says why pip failed, out of all that it printed."""
    if "DO NOT MATCH THE HASHES" in output:
        return "a downloaded package has a wrong sha256; nothing was kept"
    if "No space left on device" in output:
        return "the disk is full: a download had no room"
    if re.search(
        r"Failed to establish a new connection|Name or service not known|"
        r"Temporary failure in name resolution|Network is unreachable|"
        r"Max retries exceeded",
        output,
    ):
        return "no network: the package registry can't be reached"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    return f"pip failed: {' '.join(errors)[:300] or 'no output'}"


def tree_bytes(root: Path) -> int:
    """Bytes of all files below a directory, which may change meanwhile."""
    total = 0
    for folder, _, names in os.walk(root):  # passes over directories that vanish; rglob raises
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue  # pip moved it meanwhile
    return total
