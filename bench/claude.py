"""Claude behind OpenClaw: the tests' Anthropic stand-in with fixed delays.

    python -m bench.claude

prints its address. Jobs go on, step by step, from `POST /begin` until `POST /finish`; `GET /tally`
tells how far they are.
"""

import argparse
import json
from collections import Counter
from typing import Any

from aiohttp import web

from bench.handoff_minds import job, step, talk
from bench.standin import ANSWER
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.script import Ask
from tests.fakes.server import main

FIRST_TOKEN_SECONDS, TOKEN_SECONDS = 1.5, 1 / 40
"""As issue 4 has them: what a large model takes that is asked over the internet."""
_JOB = "You work in the background"
"""How Tandem begins a delegated job (`bot.openclaw.prompts`)."""
_RESULT = "I have compared them. The second one is the best."


class Claude(AnthropicApi):
    """Anthropic with fixed delays.

    Attributes:
        steps: For each job under way, how many steps it has taken.
        finished: Jobs whose result was given, since the last `begin`.
        inferences: How often a tool for the caller, or what to say of its result, was asked for.
    """

    def __init__(self) -> None:
        super().__init__(key=None, first_token=FIRST_TOKEN_SECONDS, token=TOKEN_SECONDS)
        self.steps: Counter[str] = Counter()
        self.finished: set[str] = set()
        self.inferences = 0
        self._working = False
        self.brain = self.answer
        self._app.router.add_get("/tally", self._tally)
        self._app.router.add_post("/begin", self._begin)
        self._app.router.add_post("/finish", self._finish)

    def answer(self, ask: Ask) -> Any:
        """What Claude answers: a step of a job or its result, a turn of the caller's, or words."""
        if _JOB in ask.user and (name := job(ask.user)):
            return self._work(name)
        said = talk(ask)
        self.inferences += said is not None
        return said or ANSWER

    def begin(self) -> None:
        """Let jobs take as long as it pleases."""
        self._working = True
        self.steps.clear()
        self.finished.clear()

    def finish(self) -> None:
        """Let every job end with its next step."""
        self._working = False

    def _work(self, name: str) -> Any:
        if not self._working:
            self.finished.add(name)
            return _RESULT
        self.steps[name] += 1
        return step(self.steps[name])

    async def _tally(self, _: web.Request) -> web.Response:
        told = {"steps": self.steps, "finished": sorted(self.finished)}
        return web.json_response(told | {"inferences": self.inferences}, dumps=json.dumps)

    async def _begin(self, _: web.Request) -> web.Response:
        self.begin()
        return web.Response()

    async def _finish(self, _: web.Request) -> web.Response:
        self.finish()
        return web.Response()


def _make(_: argparse.Namespace) -> Claude:
    return Claude()


if __name__ == "__main__":
    main(_make, argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]))
