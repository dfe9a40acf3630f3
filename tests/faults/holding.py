"""Holds the calls of many cells at once, in virtual time, and says what came of each."""

import asyncio
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from loguru import logger

from bot.store import queries
from bot.store.records import Record
from bot.store.store import Store
from tests.faults.caller import Caller, speaks_early
from tests.faults.clock import OWNER, Tasks, on_virtual_time
from tests.faults.house import GREETING, PUBLIC, House, one_process
from tests.faults.line import Phone
from tests.faults.matrix import Cell, Part
from tests.faults.talk import Mind, agent, first_of
from tests.faults.trouble import Trouble
from tests.faults.verdict import Heard, Outcome, allowed

AT_ONCE = 24
"""Calls held at once: more save no time, and take memory."""
READY_SECONDS = 30.0
LONGEST_CALL = 75.0
_QUIET = ("bot", "pipecat", "pipelines", "tools")


def hold(
    cells: Iterable[Cell], told: Callable[[Outcome], None] = lambda _: None
) -> dict[Cell, Outcome]:
    """Hold a call for each cell. Runs an event loop of its own.

    Args:
        cells: The cells.
        told: Given each outcome as soon as it is known.
    """
    for name in _QUIET:
        logger.disable(name)
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        asyncio.run(_blank(folder / "blank"))
        return asyncio.run(_hold_all(list(cells), folder, told))
    finally:
        shutil.rmtree(folder)
        for name in _QUIET:
            logger.enable(name)


async def _blank(folder: Path) -> None:
    store = await Store.open(f"sqlite:///{folder}/tandem.db")
    await store.close()


async def _hold_all(
    cells: list[Cell], folder: Path, told: Callable[[Outcome], None]
) -> dict[Cell, Outcome]:
    places = asyncio.Semaphore(AT_ONCE)
    with on_virtual_time() as (clock, tasks), one_process(clock):

        async def one(number: int, cell: Cell) -> Outcome:
            async with places:
                OWNER.set(cell)
                outcome = await _hold(cell, folder / str(number), folder / "blank", tasks)
                told(outcome)
                return outcome

        held = [asyncio.create_task(one(number, cell)) for number, cell in enumerate(cells)]
        return dict(zip(cells, await asyncio.gather(*held), strict=True))


async def _hold(cell: Cell, folder: Path, blank: Path, tasks: Tasks) -> Outcome:
    outcome = Outcome(cell)
    try:
        await _call(outcome, folder, blank)
    except Exception:
        outcome.problems.append(traceback.format_exc())
    for _ in range(5):
        await asyncio.sleep(0.1)
    left = [task for task in tasks.of(cell) if task is not asyncio.current_task()]
    if left:
        names = sorted({task.get_name() + str(task.get_coro()) for task in left})
        outcome.problems.append(f"{len(left)} tasks are left: {'; '.join(names)}")
    return outcome


async def _call(outcome: Outcome, folder: Path, blank: Path) -> None:
    cell = outcome.cell
    house = House(cell, Mind(cell))
    house.openclaw.brain = agent
    trouble = Trouble(house)
    async with house.listening():
        trouble.ahead()
        async with house.open(folder, blank):
            outcome.story = await _ready(house)
            house.process.recorder.followers.append(_tools(trouble))
            trouble.rings()
            phone = Phone(house.app, house.twilio, PUBLIC)
            caller = Caller(
                phone,
                trouble,
                house.process.sentences,
                first_of(cell),
                early=speaks_early(cell.part, cell.phase),
            )
            talking = asyncio.create_task(caller.talk())
            await phone.call(LONGEST_CALL)
            _, pending = await asyncio.wait({talking}, timeout=1.0)
            if pending:  # Twilio's voice was all there was to hear
                talking.cancel()
                await asyncio.wait({talking})
            elif error := talking.exception():
                raise error
            if not trouble.struck:
                outcome.problems.append("the fault met nobody")
            await trouble.heal()
            await _judge(outcome, house, caller, phone)


async def _ready(house: House) -> str:
    """Wait as long as a load balancer would; a call that comes earlier is asked to hold. Says why,
    if it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            await house.process.wait_ready()
    reason = house.process.ready()
    return f"  not ready: {reason}\n" if reason else ""


def _tools(trouble: Trouble) -> Callable[[Record], None]:
    def follow(record: Record) -> None:
        if any(row.get("kind") == "tool" for row in record.rows):
            trouble.tool_done()

    return follow


async def _judge(outcome: Outcome, house: House, caller: Caller, phone: Phone) -> None:
    cell, process = house.cell, house.process
    heard = Heard(
        cell,
        caller,
        phone.line.utterances(),
        phone.spoken,
        process.sentences,
        [*process.sentences.all(), *(process.deep.sentences if process.deep else ())],
        GREETING,
        hung_up=phone.hung_up,
        elsewhere=_elsewhere(house),
    )
    outcome.what = heard.what()
    outcome.seconds = max((seconds for _, seconds in heard.waits()), default=None)
    outcome.story += "\n".join(
        [f"  {s.start:6.2f} {s.end:6.2f} {s.text}" for s in heard.sounds]
        + [f"  {t.end:6.2f} caller: {t.question.words}" for t in caller.turns]
        + [f"  Twilio: {text}" for text in phone.spoken]
    )
    if outcome.what.partition(",")[0] not in allowed(cell):
        outcome.problems.append(f"{outcome.what}, where it has to be one of {set(allowed(cell))}")
    outcome.problems += heard.wrong()
    outcome.problems += house.bill.wrong(house.standins)
    await process.recorder.flush()
    for call in house.calls:
        kept = await queries.utterances(process.store, call.id)
        outcome.problems += heard.transcript(kept)
        events = await queries.events(process.store, call.id)
        outcome.story += "".join(f"\n  {event.kind}: {event.detail}" for event in events)
        if not call.over:
            outcome.problems.append(f"the call is left in {call.state}")


def _elsewhere(house: House) -> bool:
    """Whether a provider that stood by was asked for the part that failed."""
    part = house.cell.part
    if part is Part.REALTIME:
        return bool(house.groq.requests)
    if house.realtime.sessions:
        return True
    if part.stage in house.stages and not part.alone:
        served = {"stt": "transcriptions", "llm": "messages", "tts": "speech"}[part.stage]
        return any(r.endpoint == served for r in house.stages[part.stage][2].requests)
    return False
