"""The scripted services of one test, checked together."""

from typing import Any, TypeVar

from tests.fakes.script import Brain, Line, ScriptError
from tests.fakes.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS

P = TypeVar("P", ScriptedSTT, ScriptedLLM, ScriptedTTS)


class Cast:
    """Makes scripted services, and at the end checks that every script was played to its end."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._players: list[Any] = []

    def stt(self, *lines: Line, **kwargs: Any) -> ScriptedSTT:
        """Return a `ScriptedSTT`."""
        return self._add(ScriptedSTT(*lines, **kwargs))

    def llm(self, script: Brain, **kwargs: Any) -> ScriptedLLM:
        """Return a `ScriptedLLM`."""
        return self._add(ScriptedLLM(script, **kwargs))

    def tts(self, **kwargs: Any) -> ScriptedTTS:
        """Return a `ScriptedTTS`."""
        return self._add(ScriptedTTS(**kwargs))

    def assert_done(self) -> None:
        """Raise `ScriptError` with what every script has to complain about."""
        problems: list[str] = []
        for player in self._players:
            try:
                if hasattr(player, "assert_done"):
                    player.assert_done()
            except ScriptError as error:
                problems.append(str(error))
        if problems:
            raise ScriptError("; ".join(problems))

    def _add(self, player: P) -> P:
        self._players.append(player)
        return player
