"""How the parts of the mode that new calls get are, for `/health/llm`."""

from typing import Any

from bot.modes.desk import Modes


async def active_mode(modes: Modes) -> dict[str, Any]:
    """The active mode and each of its parts, as JSON.

    Each endpoint is asked for what costs nothing, at most every ten seconds whoever wants to know.
    A stage's first part comes first; the others stand by. `well` is false when a stage has no part
    that answers and that calls do not leave alone.

    Args:
        modes: The process's view of the modes.
    """
    mode = modes.setup.modes[modes.mode]
    fault = modes.missing(mode) or await modes.checks.of(mode)
    return {
        "mode": mode.name,
        "well": not fault,
        "fault": fault,
        "parts": [modes.checks.part(endpoint) for endpoint in mode.endpoints],
    }
