"""Which tool calls the caller still wants: those of a generation that was not interrupted since.

generations = Generations()
# on_function_calls_started:  generations.called(call.tool_call_id for call in calls)
# an InterruptionFrame:       generations.interrupted()
Toolbox(…, still_wanted=generations.wanted)
"""

from collections.abc import Iterable


class Generations:
    """Remembers the calls of the present generation, and all those that were overtaken."""

    def __init__(self) -> None:
        self._present: set[str] = set()
        self._overtaken: set[str] = set()

    def called(self, ids: Iterable[str]) -> None:
        """The model has called tools; an id that comes again means a new call."""
        new = set(ids)
        self._present |= new
        self._overtaken -= new

    def interrupted(self) -> None:
        """The caller has broken in: what was called until now must not act any more."""
        self._overtaken |= self._present
        self._present.clear()

    def wanted(self, call_id: str) -> bool:
        """Whether a tool call may act."""
        return call_id not in self._overtaken
