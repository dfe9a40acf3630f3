"""The rules that every tool runs under, in one place.

A tool never raises into the pipeline and never answers nothing; it has a time limit; its arguments
are checked; the same request in the same turn acts once; a tool of an interrupted generation does
not act, and one that has begun to act is not torn off by an interruption.

A tool that changes anything says so first:

    acting()                                  # raises if the caller has spoken meanwhile
    await notes.create(…, key=once_key())     # the same key for the same request
"""

import asyncio
import hashlib
import json
import time
from contextvars import ContextVar
from typing import Any

from loguru import logger
from pipecat.frames.frames import FunctionCallResultProperties
from pipecat.services.llm_service import FunctionCallParams

from bot.errors import ProviderError, StoreError, TandemError
from tools.declare import Terms
from tools.memory import Invocation
from tools.page import NotShown
from tools.schema import Misfit, Signature
from tools.toolbox import Toolbox, ToolEnd, ToolFailed, toolbox

FILLER_SECONDS = 0.7
"""A pause that long after a question is felt as one; then something short is said."""

_OVERTAKEN = "Not done: the caller has said something new. Answer that."
_LATE = "Not done: it took too long and was stopped. Say so, and offer to try it again later."
_UNSURE = (
    "It took too long, and it is not certain whether it was done. Say so, and check before you "
    "try it again."
)
_BROKEN = "Not done: something went wrong on our side. Say so in one sentence; do not try again."
_NO_STORE = "Not done: the notebook cannot be reached just now. Say so, and offer to try later."
_NO_SERVICE = "Not done: the service does not answer just now. Say so, and offer to try later."
_TWICE = (
    "Not done: {name} was called wrongly again. Do not call it again now; say in one sentence that "
    "you could not do it, and ask the caller to put it differently."
)

_run: ContextVar[tuple[Toolbox, Invocation]] = ContextVar("tandem_tool_run")


class Said(str):
    """A tool's answer that the caller has heard already: the model is not asked to say more."""


class Overtaken(TandemError):
    """The caller has spoken since the model called this tool."""


def acting() -> None:
    """Say that the tool is about to change something: from here on it is not interrupted.

    Said again, it does nothing.

    Raises:
        Overtaken: the generation that called was interrupted; nothing may be changed.
    """
    box, run = _run.get()
    if not run.acted and not box.still_wanted(run.call_id):
        raise Overtaken("the caller has spoken")
    run.acted = True


def once_key() -> str:
    """The key of this request's write: this call, this turn, this tool, these arguments."""
    box, run = _run.get()
    return hashlib.sha256(f"{box.call.id}\n{run.turn}\n{run.key}".encode()).hexdigest()


def confirmed(what: str, said: bool) -> bool:
    """Whether the caller was asked about `what` in an earlier turn, and the model says they agreed.

    If not, the question is noted as asked now: the tool answers with it.

    Raises:
        ToolFailed: they were asked, and have said no, whatever the model says.
    """
    box, run = _run.get()
    if said and box.memory.was_asked(what, run.turn):
        box.memory.answered(what)
        if box.refused():
            raise ToolFailed("Not done. Tell the caller: All right, it stays as it is.")
        return True
    box.memory.ask(what, run.turn)
    return False


async def run_tool(signature: Signature, terms: Terms, params: FunctionCallParams) -> None:
    """Run a tool as a model asked for it, and hand its answer back. Raises nothing."""
    box, began = toolbox(params), time.monotonic()
    outcome, answer = "interrupted", ""
    run: Invocation | None = None
    try:
        outcome, answer, run = await _answer(signature, terms, params, box)
        properties = FunctionCallResultProperties(run_llm=False)
        await params.result_callback(
            answer, properties=properties if isinstance(answer, Said) else None
        )
        if run:
            run.delivered = True
    finally:
        seconds = time.monotonic() - began
        logger.info(f"tool {signature.name} {outcome} after {seconds:.2f} s")
        box.on_done(ToolEnd(signature.name, outcome, seconds, params.arguments, answer))


async def _answer(
    signature: Signature, terms: Terms, params: FunctionCallParams, box: Toolbox
) -> tuple[str, str, Invocation | None]:
    """(outcome in one word, answer for the model, the run behind it)."""
    turn = box.turn()
    try:
        arguments = signature.check(params.arguments)
    except Misfit as error:
        if box.memory.misfit(signature.name, turn) > 1:
            return "misfit", _TWICE.format(name=signature.name), None
        return "misfit", f"Not done: {error}", None
    key = f"{signature.name} {json.dumps(arguments, sort_keys=True, default=str)}"
    if earlier := box.memory.earlier(key, turn):
        if earlier.task is not None:
            await asyncio.wait([earlier.task])
        return "repeated", earlier.answer or _OVERTAKEN, earlier
    run = Invocation(key, turn, params.tool_call_id)
    if not box.still_wanted(run.call_id):
        return "overtaken", _OVERTAKEN, None
    box.memory.began(run)
    return *await _wait(_start(signature, terms, params, box, run, arguments), box, run), run


def _start(
    signature: Signature,
    terms: Terms,
    params: FunctionCallParams,
    box: Toolbox,
    run: Invocation,
    arguments: dict[str, Any],
) -> "asyncio.Task[str]":
    """Run the tool in a task of its own, which an interruption does not reach by itself."""

    async def work() -> str:
        _run.set((box, run))
        filler = asyncio.create_task(_fill(box, signature.name))
        try:
            outcome, run.answer = await _attempt(signature, terms, params, run, arguments)
        finally:
            filler.cancel()
        return outcome

    run.task = asyncio.create_task(work(), name=f"tool {signature.name}")
    return run.task


async def _wait(task: "asyncio.Task[str]", box: Toolbox, run: Invocation) -> tuple[str, str]:
    try:
        outcome = await asyncio.shield(task)
    except asyncio.CancelledError:
        if run.acted:
            box.memory.detach(task)
        else:
            task.cancel()
        raise
    return outcome, run.answer


async def _fill(box: Toolbox, name: str) -> None:
    await asyncio.sleep(FILLER_SECONDS)
    try:
        await box.filler(name)
    except Exception:
        logger.exception(f"tool {name}: its filler could not be said")


async def _attempt(
    signature: Signature,
    terms: Terms,
    params: FunctionCallParams,
    run: Invocation,
    arguments: dict[str, Any],
) -> tuple[str, str]:
    """(outcome in one word, answer for the model)."""
    try:
        async with asyncio.timeout(terms.seconds):
            answer = await signature.function(params, **arguments)
        return "done", answer if isinstance(answer, Said) else str(answer or "").strip() or "Done."
    except ToolFailed as error:
        run.acted = False
        return "failed", str(error)
    except NotShown as error:
        run.acted = False
        return "failed", f"Not done: {error}. Tell the caller."
    except Overtaken:
        return "overtaken", _OVERTAKEN
    except StoreError as error:
        run.acted = False  # the key makes another try safe
        logger.warning(f"tool {signature.name}: {error}")
        return "failed", _NO_STORE
    except ProviderError as error:
        logger.warning(f"tool {signature.name}: {error}")
        return "failed", _NO_SERVICE
    except TimeoutError:
        return "late", _UNSURE if run.acted else _LATE
    except Exception as error:
        # Without the traceback's values, and without the text: either may quote the caller.
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
        logger.error(f"tool {signature.name} broke: {type(error).__name__} in {where}")
        return "broken", _BROKEN
