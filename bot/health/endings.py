"""How a call ended, as one of a few words: end reasons may name people."""

from typing import Any

_KNOWN = frozenset(
    {
        "bot hung up",
        "busy",
        "caller hung up",
        "error",
        "message taken",
        "no answer",
        "server stopping",
        "silence",
        "stream lost",
        "stream never came",
    }
)


def ending(row: dict[str, Any]) -> str:
    """`transferred`, `failed`, a well-known reason, or `other`, from a call's row."""
    if row["state"] != "ended":
        return str(row["state"])
    reason = str(row["end_reason"])
    return reason if reason in _KNOWN else "other"
