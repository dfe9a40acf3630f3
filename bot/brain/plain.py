"""What a model writes, piece by piece, turned into words to speak and whole tool calls.

Open models mark tool calls and thoughts in their text, each family in its own way, and some let
the marks of their chat template slip out. None of that is spoken. A piece without a suspicious
character passes at once; of any other only what could still become a mark waits for the next piece.
"""

import re
from dataclasses import dataclass
from re import Pattern

from loguru import logger

from bot.brain.markup import (
    FENCE,
    LONGEST_MARK,
    NAME,
    SKIPPED,
    SUSPECT,
    TAG,
    THOUGHTS,
    TOKEN,
    Balance,
    Block,
    could_be,
    header_block,
    tag_block,
    token_block,
)
from bot.brain.model import ToolCall, Words
from bot.brain.written_calls import FIRST_KEYS, Tools, calls_in, known_name, names_one

LONGEST_CALL = 20_000
"""Characters of a call; what goes on beyond is none, or will not be used."""
_KEY = re.compile(r"""\{\s*(?:(["'])(\w*)(\1)?)?""")
_ARRAY = re.compile(r"\[\s*(\{)?")
_BARS = re.compile(r"<\|[^|<>]*\|>")
_CALLED = re.compile(r"\s*([({]|$)")


@dataclass(frozen=True, slots=True)
class _Verdict:
    """On a mark at the beginning of a text: what its first `length` characters are.

    `block` begins with them; without one they are words, or nothing if `dropped`. Nothing is
    certain yet if `length` is 0.
    """

    length: int = 0
    block: Block | None = None
    dropped: bool = False
    ends: bool = False


_WAIT = _Verdict()
_WORD = _Verdict(1)


class Plain:
    """One answer.

    Args:
        tools: The tools shown: name -> its arguments' names.
        thinks_first: The model's template has begun a thought for it: only the end mark comes.
    """

    def __init__(self, tools: Tools, *, thinks_first: bool = False) -> None:
        self._tools = tools
        self._held = ""
        self._body = ""
        self._block: Block | None = Block("thoughts", THOUGHTS, unmarked=True)
        if not thinks_first:
            self._block = None
        self._balance: Balance | None = None
        self._begun = self._called = self._over = False
        self.thinks_first: bool | None = None
        """Whether `thinks_first` would have been right for this answer; None: it does not tell."""

    @property
    def over(self) -> bool:
        """Whether the model has ended its turn, whatever it goes on to write."""
        return self._over

    def feed(self, text: str) -> list[Words | ToolCall]:
        """What the next piece of text gives."""
        if self._over:
            return []
        if self._block is None and not self._held and not SUSPECT.search(text):
            return self._words(text)
        found: list[Words | ToolCall] = []
        self._held += text
        while self._held and not self._over:
            before = len(self._held)
            found += self._inside() if self._block else self._outside()
            if self._block is None and len(self._held) == before:
                break
        if self._over:
            self._held = ""
        return found

    def end(self) -> list[Words | ToolCall]:
        """What was held back, when nothing more comes."""
        found: list[Words | ToolCall] = []
        if self._block is not None:
            found += self._close(self._body)
        held, self._held = self._held, ""
        if held and held[0] not in "<[{`":  # what could have become a mark is no word
            found += self._words(held)
        return found

    def _words(self, text: str) -> list[Words | ToolCall]:
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return [Words(text)] if text else []

    def _outside(self) -> list[Words | ToolCall]:
        """Speak up to the next mark, and judge that one."""
        suspect = SUSPECT.search(self._held)
        if suspect is None:
            text, self._held = self._held, ""
            return self._words(text)
        found = self._words(self._held[: suspect.start()])
        self._held = self._held[suspect.start() :]
        verdict = self._judge(self._held)
        mark, self._held = self._held[: verdict.length], self._held[verdict.length :]
        if verdict.block:
            self._block, self._body = verdict.block, ""
            if verdict.block.keeps_mark:
                self._held = mark + self._held
            self._balance = Balance() if verdict.block.balanced else None
        elif verdict.ends:
            self._over = self._begun or self._called
        elif not verdict.dropped:
            found += self._words(mark)
        elif mark and THOUGHTS.fullmatch(mark):
            self.thinks_first = True
        return found

    def _judge(self, text: str) -> _Verdict:
        match text[0]:
            case "<":
                return self._angle(text)
            case "[":
                return self._bracket(text)
            case "{":
                return self._brace(text)
            case "`":
                return self._fence(text)
            case _:
                return self._name(text)

    def _angle(self, text: str) -> _Verdict:
        if token := TOKEN.match(text):
            block, ends = token_block(token[1].lower().replace("▁", "_").strip())
            return _Verdict(token.end(), block, dropped=block is None, ends=ends)
        if tag := TAG.match(text):
            block, dropped, ends = tag_block(tag)
            if block or dropped or ends:
                return _Verdict(tag.end(), block, dropped=dropped, ends=ends)
        return _WAIT if could_be(text, self._tools) else _WORD

    def _bracket(self, text: str) -> _Verdict:
        for mark, block in SKIPPED.items():
            if text.startswith(mark):
                return _Verdict(len(mark), block, dropped=block is None)
        if (array := _ARRAY.match(text)) and array[1]:
            return _Verdict(1, Block("json", keeps_mark=True, balanced=True))
        name = re.match(r"\[\s*(\w+)\s*\(", text)
        if name and known_name(name[1], self._tools) in self._tools:
            return _Verdict(1, Block("json", keeps_mark=True, balanced=True))
        return _WAIT if could_be(text, self._tools) else _WORD

    def _brace(self, text: str) -> _Verdict:
        match = _KEY.match(text)
        assert match
        quote, key, closed = match.groups()
        whole = match.end() == len(text)
        if quote is None:
            return _WAIT if whole else _WORD
        keys = (*FIRST_KEYS, *self._tools)
        if closed and key in keys:
            return _Verdict(1, Block("json", keeps_mark=True, balanced=True))
        if whole and not closed and any(one.startswith(key) for one in keys):
            return _WAIT
        return _WORD

    def _fence(self, text: str) -> _Verdict:
        fence = FENCE.match(text)
        if fence and fence[1]:
            return _Verdict(3, Block("fence", re.compile("```"), keeps_mark=True, after=3))
        return _WAIT if FENCE.fullmatch(text) or text in ("`", "``") else _WORD

    def _name(self, text: str) -> _Verdict:
        """A tool's name among the words, perhaps called as in Python."""
        name = NAME.match(text)
        assert name
        if name.end() == len(text) and any(one.startswith(text) for one in self._tools):
            return _WAIT
        called = _CALLED.match(text, name.end())
        if called is None or not name[0].startswith("bot_"):
            return _Verdict(name.end())
        if not called[1]:
            return _WAIT
        return _Verdict(name.end(), Block("call", keeps_mark=True, balanced=True))

    def _inside(self) -> list[Words | ToolCall]:
        """Look for the end of the block."""
        block = self._block
        assert block
        start = len(self._body)
        self._body += self._held
        self._held = ""
        end = -1
        if self._balance:
            end = self._balance.end(self._body, start)
        elif block.until and (over := self._find(block.until, start, block)):
            end = over.end() if block.keeps_mark else over.start()
            rest = self._body[over.end() :]
            return self._leave(self._body[:end], rest)
        if end >= 0:
            return self._leave(self._body[:end], self._body[end:])
        if len(self._body) > LONGEST_CALL and block.kind != "thoughts":
            return self._leave(self._body, "")
        return []

    def _find(self, until: Pattern[str], start: int, block: Block) -> "re.Match[str] | None":
        return until.search(self._body, max(block.after, start - LONGEST_MARK))

    def _leave(self, body: str, rest: str) -> list[Words | ToolCall]:
        self._held = rest
        return self._close(body, whole=True)

    def _close(self, body: str, *, whole: bool = False) -> list[Words | ToolCall]:
        """What a block has given; `whole` if it was ended by its mark."""
        block, self._block, self._balance, self._body = self._block, None, None, ""
        assert block
        if block.kind == "thoughts":
            if not block.unmarked:
                return []
            if whole or body.strip():
                self.thinks_first = whole
            return [] if whole else self._words(body)
        if block.kind == "header":
            self._block = header_block(body) if whole else None
            return []
        marked = block.kind == "call" or names_one(body, self._tools)
        calls = calls_in(_BARS.sub(" ", block.name + body), self._tools, marked=marked)
        if not calls:
            if marked:
                logger.warning("a model wrote a tool call that cannot be read")
            return [] if marked else self._words(body)
        self._called = True
        return [ToolCall("", name, arguments) for name, arguments in calls]
