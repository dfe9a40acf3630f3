"""Human speech that packages ship: fetched when the bench first needs it, kept beside the clips.

Nothing of it is in this repository. The scenes cut from it (`bench.human`) name their places by
hand, in seconds, so an archive is used only if it is the very one that those places were found in.

| recordings | package | licence | who speaks |
|---|---|---|---|
| `queen` | Debian `flight-of-the-amazon-queen` 1.0.0-9 | freeware of its own: may be given away and modified, not sold alone | actors in an adventure game of 1995: some thirty parts, lines spoken as in a conversation |
| `allison` | Debian `asterisk-core-sounds-en-wav` 1.6.1-1 | CC BY-SA 3.0 | Allison Smith, the voice of Asterisk's prompts |
| `sphinx` | Debian `pocketsphinx-testdata` 0.8 | BSD | readers of LibriVox (public domain) and one who reads cards |
| `pyannote` | PyPI `pyannote.audio` 4.0.7 | MIT | two people on the telephone |
"""  # noqa: E501 - a table

import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
import soxr

from bot.errors import TandemError

_SECONDS = 300
"""How long a download may take."""
_ENTRY = struct.Struct(">12sBII")
"""A line of the game's table: name, disk, where it begins, its length."""

Sound = npt.NDArray[np.float32]


class RecordingsMissing(TandemError):
    """Recordings cannot be had, or are not those that were cut; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """An archive of recordings: its package, its SHA-256, and where in it they lie."""

    kind: Literal["deb", "wheel"]
    package: str
    version: str
    sha256: str
    root: str


SOURCES = {
    "queen": Source(
        "deb",
        "flight-of-the-amazon-queen",
        "1.0.0-9",
        "40c08fd258d6fe95c46c1eaf5e9137f84ba330657995a281bd887c94a560a0f1",
        "usr/share/scummvm/flight-of-the-amazon-queen/queen.1c",
    ),
    "allison": Source(
        "deb",
        "asterisk-core-sounds-en-wav",
        "1.6.1-1",
        "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
        "usr/share/asterisk/sounds/en_US_f_Allison",
    ),
    "sphinx": Source(
        "deb",
        "pocketsphinx-testdata",
        "0.8+5prealpha+1-15",
        "eaeb7a01d54f20b799d1a81ef110ec544b2cb47ea006614078220737a33019f0",
        "usr/share/pocketsphinx/test/data",
    ),
    "pyannote": Source(
        "wheel",
        "pyannote.audio",
        "4.0.7",
        "852ea15c4d85bc34773e618267603ffca6a521669a74d33742692cc67fc700d6",
        "pyannote/audio/sample",
    ),
}


def fetch(name: str, folder: Path, say: Callable[[str], None]) -> Path:
    """Where the recordings `name` lie; they are downloaded if they never were.

    Args:
        name: One of `SOURCES`.
        folder: Where recordings are kept.
        say: Told about a download.

    Raises:
        RecordingsMissing: the package cannot be had, or is another one than was cut.
    """
    source, place = SOURCES[name], folder / name
    if not place.exists():
        say(f"fetching human speech: {source.package} {source.version} (once)")
        part = folder / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            archive = _download(source, part)
            _unpack(source, archive, part / "tree")
            (part / "tree" / source.root).replace(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return place


def sound(root: Path, entry: str, hz: int) -> Sound:
    """One recording, mono, in -1..1, at `hz`.

    Args:
        root: What `fetch` returned.
        entry: The recording's name: a file below `root`, or an entry of the game's one file.
        hz: Sample rate wanted.

    Raises:
        RecordingsMissing: there is no such recording.
    """
    data = _game_entry(root, entry) if root.is_file() else _file(root / entry)
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        rate = stream.rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        pieces = [
            out.to_ndarray()[0]
            for frame in (*container.decode(stream), None)
            for out in resampler.resample(frame)
        ]
    whole: Sound = soxr.resample(np.concatenate(pieces), rate, hz).astype(np.float32)
    return whole


def _download(source: Source, folder: Path) -> Path:
    if source.kind == "deb":
        command = ["apt-get", "download", f"{source.package}={source.version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary", ":all:", f"{source.package}=={source.version}"]
    done = _run(source, command, folder)
    if done.returncode and source.kind == "deb" and os.geteuid() == 0:
        _run(source, ["apt-get", "update", "-qq"], folder)  # a fresh machine knows no packages
        done = _run(source, command, folder)
    found = [path for path in folder.iterdir() if path.suffix in (".deb", ".whl")]
    if done.returncode or len(found) != 1:
        raise RecordingsMissing(f"{source.package}: {_last_line(done.stderr)}")
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != source.sha256:
        raise RecordingsMissing(f"{source.package}: another archive than the one that was cut")
    return found[0]


def _run(source: Source, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecordingsMissing(f"{source.package}: {error}") from error


def _unpack(source: Source, archive: Path, tree: Path) -> None:
    if source.kind == "wheel":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(tree)
        return
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise RecordingsMissing(f"{source.package}: there is no dpkg-deb to unpack it with")
    subprocess.run([tool, "-x", str(archive), str(tree)], check=True, timeout=_SECONDS)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.startswith(("E:", "ERROR"))]
    return lines[-1] if lines else "cannot be downloaded"


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordingsMissing(f"no recording {path.name}") from error


@cache
def _game_table(path: Path) -> dict[str, tuple[int, int]]:
    """Where each entry of the game's file begins, and its length."""
    data = path.read_bytes()
    count = struct.unpack_from(">H", data, 13)[0] if data[:4] == b"QTBL" else 0
    table = {}
    for number in range(count):
        name, _, start, size = _ENTRY.unpack_from(data, 15 + number * _ENTRY.size)
        table[name.partition(b"\0")[0].decode("ascii")] = (start, size)
    return table


def _game_entry(path: Path, entry: str) -> bytes:
    try:
        start, size = _game_table(path)[f"{entry}.SB"]
    except KeyError as error:
        raise RecordingsMissing(f"no recording {entry}") from error
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)
