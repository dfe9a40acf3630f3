"""What one call's tools remember between two calls of them; nothing of it outlives the call."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

UNREPORTED_TURNS = 2
"""For how many turns a write that was done, but whose answer a barge-in swallowed, answers a
repetition of the same request instead of being done again."""
ASK_TURNS = 3
"""For how many turns a question ('really delete it?') may be answered."""


@dataclass(slots=True)
class Invocation:
    """One run of a tool: its key is the tool's name and its arguments."""

    key: str
    turn: int
    call_id: str
    task: "asyncio.Task[str] | None" = None
    acted: bool = False
    answer: str = ""
    delivered: bool = False


@dataclass(slots=True)
class Memory:
    """Runs, open questions and last results of one call.

    `results` holds what a later tool may refer to, by the tool family's name ('play the second').
    """

    results: dict[str, Any] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    _runs: dict[str, Invocation] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _misfits: dict[tuple[str, int], int] = field(default_factory=dict)
    _detached: "set[asyncio.Task[str]]" = field(default_factory=set)

    def earlier(self, key: str, turn: int) -> Invocation | None:
        """The run that a call of the same tool with the same arguments repeats, or None.

        Only what acted, or is still running, is repeated without being done: a read is read anew.
        """
        run = self._runs.get(key)
        if run is None:
            return None
        running = run.task is not None and not run.task.done()
        if running and run.turn == turn:
            return run
        if not run.acted:
            return None
        swallowed = not run.delivered and turn - run.turn <= UNREPORTED_TURNS
        return run if run.turn == turn or swallowed else None

    def began(self, run: Invocation) -> None:
        """Remember a run."""
        self._runs[run.key] = run

    def detach(self, task: "asyncio.Task[str]") -> None:
        """Keep a task whose caller has gone until it is done."""
        self._detached.add(task)
        task.add_done_callback(self._detached.discard)

    async def settle(self) -> None:
        """Wait for the tasks that were detached."""
        if self._detached:
            await asyncio.wait(self._detached)

    def ask(self, what: str, turn: int) -> None:
        """Remember that the caller is asked about `what` in this turn."""
        self._asked[what] = turn

    def was_asked(self, what: str, turn: int) -> bool:
        """Whether the caller was asked about `what` and has had a turn to answer since."""
        asked = self._asked.get(what)
        return asked is not None and asked < turn <= asked + ASK_TURNS

    def answered(self, what: str) -> None:
        """Forget that the caller was asked about `what`."""
        self._asked.pop(what, None)

    def misfit(self, name: str, turn: int) -> int:
        """Count one more call of a tool with wrong arguments; returns how many in this turn."""
        count = self._misfits.get((name, turn), 0) + 1
        self._misfits[name, turn] = count
        return count
