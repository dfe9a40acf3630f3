"""The mended scaffold, the order of the run, and the store's stage table."""

import sqlite3
from pathlib import Path

import pytest

from bench.run import ordered
from bench.scaffold import ScaffoldError, mend
from bench.stages import stage_medians

SOURCE = """
    # Text-to-Speech service
    tts = OpenAITTSService(
        api_key=os.getenv("OPENAI_API_KEY"),
    )
    params = PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000)
"""


def test_only_the_voices_rate_is_mended() -> None:
    mended = mend(SOURCE)
    assert mended.replace("        sample_rate=24000,\n", "", 1) == SOURCE
    assert mended.index("OpenAITTSService(") < mended.index(" sample_rate=24000")


@pytest.mark.parametrize("source", ["", SOURCE * 2, mend(SOURCE)])
def test_another_scaffold_is_not_guessed_at(source: str) -> None:
    with pytest.raises(ScaffoldError):
        mend(source)


def test_rivals_run_one_after_the_other_at_each_level() -> None:
    assert ordered((1, 8, 30), (1, 8)) == [
        ("stock24", 1),
        ("tandem", 1),
        ("stock24", 8),
        ("tandem", 8),
        ("tandem", 30),
    ]


def test_stages_are_medians_in_the_order_of_a_turn(tmp_path: Path) -> None:
    database = tmp_path / "tandem.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE turn_stages (call_id, turn, stage, seconds)")
    connection.executemany(
        "INSERT INTO turn_stages VALUES (?, ?, ?, ?)",
        [("a", n, s, v * n) for n in (1, 2, 3) for s, v in (("vad", 0.2), ("stt", 0.1))],
    )
    connection.commit()
    connection.close()
    found = stage_medians(database)
    assert list(found) == ["vad", "stt"]
    assert found == pytest.approx({"vad": 400, "stt": 200})
    assert stage_medians(tmp_path / "none.db") == {}


def test_stages_stand_as_they_add_to_the_wait_and_the_sum_comes_last(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "tandem.db")
    connection.execute("CREATE TABLE turn_stages (call_id, turn, stage, seconds)")
    stored = ("voice_to_voice", "sent", "turn", "new", "clause", "llm", "tts", "vad")
    connection.executemany("INSERT INTO turn_stages VALUES ('a', 1, ?, 1)", [(s,) for s in stored])
    connection.commit()
    connection.close()
    order = ["vad", "llm", "clause", "tts", "turn", "sent", "new", "voice_to_voice"]
    assert list(stage_medians(tmp_path / "tandem.db")) == order
