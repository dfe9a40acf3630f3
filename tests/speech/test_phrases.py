"""Sentences are rendered once per voice and text, and a bad disk costs nothing but a rendering."""

from pathlib import Path

from bot.errors import ProviderUnavailable
from bot.speech.phrases import Phrases


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


class Voice:
    """Counts what it renders; refuses what it is told to."""

    def __init__(self, *refused: str) -> None:
        self.asked: list[str] = []
        self.refused = set(refused)

    async def __call__(self, text: str) -> bytes:
        self.asked.append(text)
        if text in self.refused:
            raise ProviderUnavailable("the voice is away")
        return text.encode("utf-16-le")


async def test_renders_once_per_voice_and_text(tmp_path: Path) -> None:
    voice = Voice()
    await Phrases(tmp_path, "a").prepare(["Hello", "Bye"], voice)
    again = Phrases(tmp_path, "a")
    assert again.get("Hello") is None
    await again.prepare(["Hello", "Bye"], voice)
    assert again.get("Hello") == "Hello".encode("utf-16-le")
    assert voice.asked == ["Hello", "Bye"]
    await Phrases(tmp_path, "another").prepare(["Hello"], voice)
    assert voice.asked == ["Hello", "Bye", "Hello"]


async def test_provider_that_is_away_leaves_the_others(tmp_path: Path) -> None:
    phrases, voice = Phrases(tmp_path, "a"), Voice("Hello")
    await phrases.prepare(["Hello", "Bye"], voice)
    assert phrases.get("Hello") is None
    assert phrases.get("Bye")
    voice.refused.clear()
    await phrases.prepare(["Hello", "Bye"], voice)
    assert phrases.get("Hello")
    assert voice.asked == ["Hello", "Bye", "Hello"]


async def test_disk_that_takes_nothing_is_no_obstacle(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    phrases = Phrases(blocked / "phrases", "a")
    await phrases.prepare(["Hello"], Voice())
    assert phrases.get("Hello")


async def test_damaged_file_is_rendered_anew(tmp_path: Path) -> None:
    await Phrases(tmp_path, "a").prepare(["Hello"], Voice())
    file = only_file(tmp_path)
    file.write_bytes(b"odd")
    voice, phrases = Voice(), Phrases(tmp_path, "a")
    await phrases.prepare(["Hello"], voice)
    assert voice.asked == ["Hello"]
    assert phrases.get("Hello") == "Hello".encode("utf-16-le")
    assert file.read_bytes() == phrases.get("Hello")
