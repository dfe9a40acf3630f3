"""The callers' process: reads a plan (JSON), holds the calls, writes what they measured.

python -m bench.callers plan.json report.json
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from bench.caller import Caller, CallReport, Frames
from bench.clips import stored
from bench.confirmed import Confirmed
from bench.interrupter import Interrupter
from bench.scenes import everything


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls to hold at once.

    `scripts`: for each call the scenes' names, in order. `spread`: seconds over which the calls
    begin. `at_once`: how many are held at a time; a further one begins as one ends. `hasty`: hang
    up as soon as the last answer is heard. `interrupting`: every second clip of a script is said
    into the answer to the one before it. `confirmation`: an answer is what begins with these words.
    `first`: the number of the first caller, from which the others count on.
    """

    server: str
    path: str
    clips: str
    scripts: list[list[str]]
    spread: float
    at_once: int
    hasty: bool = False
    interrupting: bool = False
    confirmation: str = ""
    first: int = 0

    def caller(self, number: int) -> Caller:
        """The caller of the plan's call `number`, from 0 on."""
        where = (self.server, self.path, self.first + number)
        if self.confirmation:
            return Confirmed(*where, self.confirmation, hasty=self.hasty)
        return (Interrupter if self.interrupting else Caller)(*where, hasty=self.hasty)


async def hold(plan: Plan) -> list[CallReport]:
    """Hold the plan's calls."""
    clips = stored(everything(), Path(plan.clips))
    frames = {clip.scene.name: Frames.of(clip) for clip in clips}
    places = asyncio.Semaphore(plan.at_once)

    async def one(number: int, script: list[str]) -> CallReport:
        await asyncio.sleep(plan.spread * (number % plan.at_once) / plan.at_once)
        async with places:
            return await plan.caller(number).call([frames[name] for name in script])

    return await asyncio.gather(*(one(n, script) for n, script in enumerate(plan.scripts)))


def main() -> None:
    """Run the plan named on the command line."""
    source, target = map(Path, sys.argv[1:3])
    plan = Plan(**json.loads(source.read_text()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        reports = runner.run(hold(plan))
    target.write_text(json.dumps([asdict(report) for report in reports]))


if __name__ == "__main__":
    main()
