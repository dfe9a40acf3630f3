"""How the parts of the mode that new calls get are, for `/health/llm`."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from bot.failover.breaker import Health
from bot.modes.desk import Modes
from bot.modes.health import Health as Answer
from bot.providers import Endpoint


async def active_mode(modes: Modes, breakers: Callable[[], Iterable[Health]]) -> dict[str, Any]:
    """The active mode and each of its parts, as JSON.

    Each endpoint is asked for what costs nothing, at most every ten seconds whoever wants to know.
    A stage's first part comes first; the others stand by. `well` is false when a stage has no part
    that answers.

    Args:
        modes: The process's view of the modes.
        breakers: How calls have fared with each provider.
    """
    mode = modes.setup.modes[modes.mode]
    missing = modes.missing(mode)
    answers = await asyncio.gather(*(modes.checks.ask(each) for each in mode.endpoints))
    fault = missing or await modes.checks.of(mode)
    fared = {(health.stage, health.name): health for health in breakers()}
    return {
        "mode": mode.name,
        "well": not fault,
        "fault": fault,
        "parts": [
            _part("realtime" if mode.realtime else each.stage, each, answer, fared)
            for each, answer in zip(mode.endpoints, answers, strict=True)
        ],
    }


def _part(
    stage: str, endpoint: Endpoint, answer: Answer, fared: dict[tuple[str, str], Health]
) -> dict[str, Any]:
    health = fared.get((endpoint.stage, endpoint.label))
    usual = health.usual_seconds if health else None
    return {
        "stage": stage,
        "provider": endpoint.label,
        "state": "failed" if answer.fault else "well",
        "fault": answer.fault,
        "check_ms": round(answer.seconds * 1000),
        "usual_ms": None if usual is None else round(usual * 1000),
        "last_error": health.last_error if health else "",
        "breaker": str(health.state) if health else "unused",
        "counts": {
            "answered": health.answered if health else 0,
            "failed": health.failed if health else 0,
            "slow": health.slow if health else 0,
        },
    }
