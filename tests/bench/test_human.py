"""The places in recordings, the game's archive, and archives that are not the right ones."""

import struct
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from bench import human, recordings
from bench.recordings import SOURCES, RecordingsMissing, fetch, sound


def test_every_piece_lies_in_a_known_recording() -> None:
    scenes = [*human.complete(), *human.pauses("tuning"), *human.pauses("held-back")]
    scenes += human.interjections()
    for scene in scenes:
        assert len(scene.takes) == len(scene.parts)
        assert len(scene.gaps) == len(scene.parts) - 1
        for take in scene.takes:
            assert take.source in SOURCES
            assert 0 <= take.start < take.end


def test_only_the_tests_own_pauses_have_the_gap() -> None:
    numbers = next(s for s in human.pauses("tuning") if "allison" in s.name and "Four" in s.text)
    assert sorted(set(numbers.gaps))[1:] == [max(numbers.gaps)]
    assert numbers.gaps.count(max(numbers.gaps)) == 1


def test_a_file_is_read_at_the_rate_wanted(tmp_path: Path) -> None:
    tone = (np.sin(np.arange(16000) * 0.05) * 16000).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    found = sound(tmp_path, "a.wav", 8000)
    assert len(found) == 8000
    assert np.abs(found).max() == pytest.approx(16000 / 32768, rel=0.05)
    with pytest.raises(RecordingsMissing, match=r"b\.wav"):
        sound(tmp_path, "b.wav", 8000)


def test_an_entry_of_the_games_file_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "one.wav"
    with wave.open(str(inner), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.full(800, 1000, "<i2").tobytes())
    data = inner.read_bytes()
    head = b"QTBL" + b"CEM10\0" + bytes(3) + struct.pack(">H", 1)
    start = len(head) + 21
    line = struct.pack(">12sBII", b"0100A7P1.SB", 1, start, len(data))
    (tmp_path / "game").write_bytes(head + line + data)
    assert len(sound(tmp_path / "game", "0100A7P1", 8000)) == 800
    with pytest.raises(RecordingsMissing, match="0200A7P1"):
        sound(tmp_path / "game", "0200A7P1", 8000)


def test_another_archive_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(command: list[str], cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        (cwd / "other.whl").write_bytes(b"something else")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(recordings.subprocess, "run", download)
    with pytest.raises(RecordingsMissing, match="another archive"):
        fetch("pyannote", tmp_path, print)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_cannot_be_had_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 100, "", "E: Unable to locate package\n")

    monkeypatch.setattr(recordings.subprocess, "run", refuse)
    with pytest.raises(RecordingsMissing, match="flight-of-the-amazon-queen: E: Unable to locate"):
        fetch("queen", tmp_path, print)
