"""What an answer is worth: right tool, right arguments, needless, missed, invalid. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.bakeoff.answers import Answer
from bot.bakeoff.cases import Expected, Request
from bot.bakeoff.checks import fits
from bot.bakeoff.offered import signatures
from tools.schema import Misfit

DELEGATES = frozenset({"bot_openclaw_task", "bot_think_deeply"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer's marks.

    `tool`: exactly the calls that were expected, by name, and no others; where none is expected,
    none. `arguments`: that, and every argument says what the caller meant. `needless`: calls that
    nobody asked for beside, or instead of nothing. `missed`: the job was to be handed on and was
    not. `invalid`: an unknown tool, arguments that are no JSON or do not fit the tool, an empty
    answer, or none at all. `why` says in a few words what is wrong, '' if nothing is.
    """

    tool: bool
    arguments: bool
    needless: int
    missed: bool
    invalid: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    arguments: dict[str, Any]
    wrong: str


def judge(request: Request, answer: Answer) -> Verdict:
    """The marks of an answer: against whichever accepted set of calls it fits best."""
    calls = [_read(name, written) for name, written in answer.calls]
    marks = [_against(wanted, calls, request) for wanted in request.accepted]
    tool, arguments, needless = max(marks, key=lambda mark: (mark[0], mark[1], -mark[2]))
    names = {call.name for call in calls}
    missed = any(one.tool in DELEGATES for one in request.expected) and not names & DELEGATES
    wrong = answer.trouble or next((call.wrong for call in calls if call.wrong), "")
    if not wrong and not calls and not answer.words.strip():
        wrong = "empty answer"
    why = wrong or ("" if arguments else "wrong arguments" if tool else _difference(request, calls))
    return Verdict(tool, arguments and not wrong, needless, missed, bool(wrong), why)


def _read(name: str, written: str) -> _Call:
    signature = signatures().get(name)
    if signature is None:
        return _Call(name, {}, f"there is no tool {name}")
    try:
        given = json.loads(written or "{}")
        return _Call(name, signature.check(given), "")
    except ValueError:
        return _Call(name, {}, f"{name}: arguments are no JSON")
    except Misfit as error:
        return _Call(name, given if isinstance(given, dict) else {}, str(error))


def _against(
    wanted: Sequence[Expected], calls: Sequence[_Call], request: Request
) -> tuple[bool, bool, int]:
    """(the right tools, with the right arguments, needless calls)."""
    left, missing, fitting = list(calls), 0, True
    for one in wanted:
        same = [call for call in left if call.name == one.tool]
        if not same:
            missing += 1
            continue
        best = next((call for call in same if _fits(one, call)), same[0])
        fitting = fitting and _fits(one, best)
        left.remove(best)
    extra = [call for call in left if call.name not in request.may]
    tool = not missing and not extra
    return tool, tool and fitting, max(0, len(extra) - missing)


def _fits(one: Expected, call: _Call) -> bool:
    return all(fits(call.arguments.get(name), check) for name, check in one.checks.items())


def _difference(request: Request, calls: Sequence[_Call]) -> str:
    wanted = " + ".join(one.tool for one in request.expected) or "no tool"
    called = " + ".join(call.name for call in calls) or "words"
    return f"wanted {wanted}, got {called}"
