"""What pip says, in one line."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.errors import EmbeddedError
from bot.speech.embedded.pip import explain, pip_download, select, tree_bytes


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES from…", "wrong sha256"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("WARNING: Retrying … Temporary failure in name resolution", "no network"),
        ("Collecting x\nERROR: no matching distribution", "pip failed: ERROR: no matching"),
        ("Killed", "pip failed: Killed"),
        ("", "pip failed: no output"),
    ],
)
def test_every_failure_has_a_reason(output: str, line: str) -> None:
    assert line in explain(output)


def test_a_package_without_a_lock_entry_is_named() -> None:
    with pytest.raises(EmbeddedError, match="no entry for other"):
        select("one==1 \\\n    --hash=sha256:00\n", ["one", "other"])


def test_a_registry_that_cannot_be_reached_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    line = "toy==1.0 --hash=sha256:" + "0" * 64

    with pytest.raises(EmbeddedError, match="no network"):
        pip_download(Path(sys.executable), line, tmp_path, tmp_path, lambda: None)


def test_a_directory_may_vanish_while_it_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").write_bytes(b"12345")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "file").write_bytes(b"1")
    look = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "gone":
            (Path(path) / "file").unlink()
            Path(path).rmdir()
        return look(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert tree_bytes(tmp_path) == 5
