"""Asks a model the set, in one mode after the other."""

import json
from collections.abc import Callable, Sequence

from bot.bakeoff.answers import Kept, ask, key_of, tools_of
from bot.bakeoff.cases import Request
from bot.bakeoff.offered import Mode, context
from bot.bakeoff.scoring import judge
from bot.bakeoff.summary import Judged
from bot.brain.model import Model
from bot.errors import ProviderUnavailable

GIVE_UP = 5
"""Answers that fail one after the other: then the model is not there."""


async def run(
    model: Model,
    requests: Sequence[Request],
    mode: Mode,
    kept: Kept,
    done: Callable[[Judged, bool], None],
) -> list[Judged]:
    """Ask whatever is not kept already, and judge all.

    Requests that show the same tools follow one another: a server that caches a prompt's beginning
    reads it once.

    Args:
        done: Told of each request, and whether it was asked now.

    Raises:
        ProviderDenied: key, account or model are not accepted.
        ProviderUnavailable: it does not answer at all.
    """
    judged: list[Judged] = []
    failed = 0
    for request in sorted(requests, key=lambda one: _shows(one, mode)):
        key = key_of(model.label, request, mode)
        answer = kept.get(key)
        fresh = answer is None
        if answer is None:
            answer = await ask(model, request, mode)
            kept.add(key, answer)
        failed = failed + 1 if answer.trouble else 0
        judged.append(Judged(request, answer, judge(request, answer)))
        done(judged[-1], fresh)
        if failed == GIVE_UP:
            raise ProviderUnavailable(f"given up: {answer.trouble}")
    return judged


def _shows(request: Request, mode: Mode) -> str:
    return json.dumps(tools_of(context(request, mode)))
