"""Where each millisecond of a turn goes, as Tandem's own store tells it."""

import sqlite3
from pathlib import Path

from bench.figures import percentile


def stage_medians(database: Path) -> dict[str, float]:
    """Median milliseconds of each stage over all turns in a database, in the order of a turn."""
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
    return {stage: percentile(found, 50) for stage, found in values.items()}
