"""Where each millisecond of a turn goes, as Tandem's own store tells it."""

import sqlite3
from pathlib import Path

from bench.figures import WHOLE, percentile

ORDER = ("vad", "stt", "llm", "clause", "tts", "turn", "sent")
"""The stages as they add to the caller's wait; what is not named here stands behind them."""


def stage_medians(database: Path) -> dict[str, float]:
    """Median milliseconds of each stage over all turns in a database.

    In the order of a turn; the sum comes last.
    """
    if not database.exists():
        return {}
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT stage, seconds FROM turn_stages ORDER BY call_id, turn, rowid"
        ).fetchall()
    finally:
        connection.close()
    values: dict[str, list[float]] = {}
    for stage, seconds in rows:
        values.setdefault(stage, []).append(seconds * 1000)
    known = [stage for stage in ORDER if stage in values]
    others = [stage for stage in values if stage not in (*ORDER, WHOLE)]
    whole = [WHOLE] if WHOLE in values else []
    return {stage: percentile(values[stage], 50) for stage in (*known, *others, *whole)}
