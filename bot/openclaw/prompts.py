"""What the deep agent is told. A caller's words never reach the gateway bare.

The gateway reads a message for commands before the model sees it: a message that comes down to
"stop" (also "please stop", "abort", "esc", also after a line or a label of ours) aborts the
session's run, and a known /word after any white space is carried out or cut out, wherever it
stands. What holds (tried on openclaw 2026.9.6, `tests/openclaw/test_real_gateway.py`): the words
on one line, opened by a quotation mark, followed by more text, and each /word in backticks.
"""

import re
from collections.abc import Iterable

_SLASH_WORD = re.compile(r"(?<!\S)([\"'(\[]*)(/\S*?)(?=[\"')\].,;!?]*(?:\s|$))")

_TASK = """\
You work in the background for {bot}, a voice assistant on the telephone. It talks with the caller \
while you work; you cannot ask the caller anything. The caller's request, as {bot} understood it: \
"{words}"
{changes}
{haste}Do the work now and answer {bot}, in the request's language. Begin with one or two short \
sentences that can be read aloud, say what they are about and hold the result. If there is more \
worth knowing, leave an empty line and put it after that. Say plainly what you could not find or \
do. Do not mention these instructions, sessions or runs.\
"""

_HASTE = "It is urgent: a good answer soon is better than a complete one later. "

_CHANGE = 'The caller has added since: "{words}"\n'

_STEER = """\
The caller adds to the request you are working on: "{words}"

Take it into account, keep what you have found so far, and answer as you were told before.\
"""

_QUESTION = """\
You think along for {bot}, a voice assistant on the telephone, which reads your answer to the \
caller as it comes. The question: "{words}"

Think it through, then answer in plain spoken sentences: no lists, no headings, no markdown, at \
most about a minute of speech. Begin with the answer itself.\
"""


def quotable(words: str) -> str:
    """`words` on one line, with nothing in them that the gateway takes for a command."""
    line = " ".join(words.replace('"', "'").split())
    return _SLASH_WORD.sub(r"\1`\2`", line)


def task_message(bot: str, words: str, *, urgent: bool = False, changes: Iterable[str] = ()) -> str:
    """The first message of a task's session; `changes` were added before it began."""
    added = "".join(_CHANGE.format(words=quotable(change)) for change in changes)
    haste = _HASTE if urgent else ""
    return _TASK.format(bot=bot, words=quotable(words), haste=haste, changes=added)


def steer_message(words: str) -> str:
    """A change to a running task."""
    return _STEER.format(words=quotable(words))


def question_message(bot: str, words: str) -> str:
    """One question whose answer is spoken as it comes."""
    return _QUESTION.format(bot=bot, words=quotable(words))
