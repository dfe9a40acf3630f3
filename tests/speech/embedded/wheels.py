"""A package index of made-up weights on disk, and what pip needs to use nothing else."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from bot.speech.embedded.artifacts import Artifact, WeightFile


def use_only(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip takes packages from this folder and asks no registry."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


def wheel(index: Path, name: str, members: dict[str, bytes]) -> str:
    """Writes a wheel; returns its line for a hash-locked requirements file."""
    module = name.replace("-", "_")
    path = index / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{name}==1.0 \\\n    --hash=sha256:{digest}\n"


def artifact(whole: bytes) -> Artifact:
    """Weights in two packages and one small file beside them."""
    return Artifact(
        name="Toy",
        packages=("toy-part1", "toy-part2"),
        files=(
            WeightFile(
                "model.bin",
                ("toy_part1/a.bin", "toy_part2/b.bin"),
                hashlib.sha256(whole).hexdigest(),
            ),
            WeightFile("config.json", ("toy_part1/c.json",), hashlib.sha256(b"{}").hexdigest()),
        ),
        entry="model.bin",
        download_bytes=1000,
        joined_bytes=len(whole) + 2,
    )
