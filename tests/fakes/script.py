"""Scripted conversations: steps of expect -> emit, for Pipecat services and vendors' stand-ins.

A step that was never asked for, or a request that no step expects, fails the test by name
(`assert_done`).
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.faults import Fault


class ScriptError(AssertionError):
    """A script met a request that it did not expect, or was left with unused steps."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request, in no vendor's shape.

    `role` is "system", "user", "assistant" or "tool"; `calls` are (id, name, arguments).
    """

    role: str
    text: str
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the model is asked: the conversation, the tools' names and the model."""

    messages: tuple[Message, ...]
    tools: tuple[str, ...] = ()
    model: str = ""

    @property
    def user(self) -> str:
        """The last thing that the user said, or ""."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def system(self) -> str:
        """All system text."""
        return "\n".join(m.text for m in self.messages if m.role == "system")

    @property
    def results(self) -> list[str]:
        """The tool results after the last assistant message, oldest first."""
        found: list[str] = []
        for message in reversed(self.messages):
            if message.role != "tool":
                break
            found.insert(0, message.text)
        return found


@dataclass(frozen=True, slots=True)
class Say:
    """Speak `text`; the delays are in seconds and replace the stand-in's own."""

    text: str
    first: float | None = None
    token: float | None = None


@dataclass(frozen=True, slots=True)
class CallTool:
    """Call a tool. `arguments` may be a string, to send JSON that does not parse."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)
    id: str = ""

    @property
    def json(self) -> str:
        """The arguments as the wire carries them."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Together:
    """Several tool calls in one delta (OpenAI): what Pipecat is known to lose."""

    calls: tuple[CallTool, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for so many seconds, in the middle of an answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Raw:
    """A delta just so (OpenAI's wire): how servers of open models misbehave."""

    delta: dict[str, Any]


Emit = Say | CallTool | Together | Raw | Pause | Fault | Exception
Line = str | None | Fault | Exception
Match = str | re.Pattern[str] | Callable[[Ask], bool] | None
Brain = Callable[[Ask], Any]


def tool_result(text: str = "") -> Callable[[Ask], bool]:
    """Match a request that carries fresh tool results, one of which contains `text`."""
    return lambda ask: any(text in result for result in ask.results)


class Expect:
    """One step: which request it is for, and what is emitted."""

    def __init__(self, match: Match, *emits: Emit | str, name: str = "", often: bool = False):
        """Make a step.

        Args:
            match: Text in the last user message (any case), a pattern, a predicate of the
                `Ask`, or None for anything.
            emits: What to answer; a plain string is a `Say`.
            name: How the step is called in errors; by default its match.
            often: It may answer several requests in a row, or none.
        """
        self.match = match
        self.emits = [Say(e) if isinstance(e, str) else e for e in emits]
        self.name = name or (match if isinstance(match, str) else repr(match))
        self.often = often
        self.used = 0

    def fits(self, ask: Ask) -> bool:
        """Say whether this step answers `ask`."""
        match self.match:
            case None:
                return True
            case str() as text:
                return text.lower() in ask.user.lower()
            case re.Pattern() as pattern:
                return bool(pattern.search(ask.user))
            case predicate:
                return predicate(ask)


class Script:
    """Steps in order. Call it with an `Ask` to get what to emit.

    Raises:
        ScriptError: on a call, at a request that is not expected; on `assert_done`, when a step
            was not used or an unexpected request came earlier.
    """

    def __init__(self, *steps: Expect, name: str = "llm") -> None:
        """Args: the steps, in the order of the conversation, and the script's name."""
        self.steps, self.name = list(steps), name
        self.unexpected: list[str] = []
        self._at = 0

    def __call__(self, ask: Ask) -> list[Emit]:
        """Return what the next fitting step emits."""
        for place in range(self._at, len(self.steps)):
            step = self.steps[place]
            if step.fits(ask):
                self._at = place if step.often else place + 1
                step.used += 1
                return list(step.emits)
            if not step.often:
                break
        wanted = self.steps[self._at].name if self._at < len(self.steps) else "nothing more"
        said = f"tool results {ask.results}" if ask.results else repr(ask.user)
        self.unexpected.append(f"unexpected request {said}, expected {wanted!r}")
        raise ScriptError(f"script {self.name!r}: {self.unexpected[-1]}")

    def assert_done(self) -> None:
        """Raise `ScriptError` naming every unexpected request and every unused step."""
        unused = [f"unused step {s.name!r}" for s in self.steps if not s.used and not s.often]
        problems = self.unexpected + unused
        if problems:
            raise ScriptError(f"script {self.name!r}: " + "; ".join(problems))


class Lines:
    """Lines given out in order, one a call whatever the arguments; strict like `Script`.

    A line is a text, None (nothing was heard), or a fault or exception that happens instead.
    """

    def __init__(self, lines: Iterable[Line], name: str = "stt") -> None:
        """Args: the lines, and the name used in errors."""
        self.lines, self.name, self.given, self.extra = list(lines), name, 0, 0

    def __call__(self, *_: Any) -> Line:
        """Return the next line."""
        if self.given == len(self.lines):
            self.extra += 1
            raise ScriptError(f"script {self.name!r}: unexpected request {self.given + 1}")
        self.given += 1
        return self.lines[self.given - 1]

    def assert_done(self) -> None:
        """Raise `ScriptError` when lines are left over or too many were asked for."""
        left = self.lines[self.given :]
        if left:
            raise ScriptError(f"script {self.name!r}: unused {left!r}")
        if self.extra:
            raise ScriptError(f"script {self.name!r}: {self.extra} unexpected requests")


def echo(ask: Ask) -> list[Emit]:
    """Answer by repeating the user: the brain of a stand-in that was given no script."""
    return [Say(f"You said: {ask.user}")]


async def think(brain: Brain, ask: Ask) -> list[Emit]:
    """Ask a script or a callable (plain or async) and normalise its answer."""
    answer = brain(ask)
    if inspect.isawaitable(answer):
        answer = await answer
    return emits(answer)


def emits(answer: Any) -> list[Emit]:
    """Turn a string, one emit or a sequence of either into a list of emits."""
    several = answer if isinstance(answer, Sequence) and not isinstance(answer, str) else [answer]
    return [Say(e) if isinstance(e, str) else e for e in several]


def chat(messages: Iterable[Any], tools: Iterable[str] = (), model: str = "") -> Ask:
    """Return an `Ask` from messages in OpenAI's chat shape (Pipecat's contexts have it too)."""
    return Ask(tuple(map(_message, messages)), tuple(tools), model)


def _message(raw: Any) -> Message:
    content = raw.get("content") or ""
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content)
    calls = tuple(
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
        for call in raw.get("tool_calls") or ()
    )
    role = "system" if raw["role"] == "developer" else raw["role"]
    return Message(role, content, calls, raw.get("tool_call_id") or "")


def tokens(text: str) -> list[str]:
    """Cut text into pieces of about one token: a word with the space before it, longer
    words in parts of at most six characters. Joined they give the text back."""
    return re.findall(r"\s*\S{1,6}|\s+$", text) if text else []
