"""The form of a language's word tables, and the splitting of a text into words.

Everything is in lower case, split as `tokens()` splits: at hyphens, and in languages that elide at
apostrophes as well ("est-ce que" is "est ce que", "j'ai" is "j ai").
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words(text: str) -> frozenset[str]:
    """The words of a table's line."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """The phrases of a table, which "|" separates."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


@dataclass(frozen=True, slots=True)
class Words:
    """One language's tables; the defaults are what is free of language.

    A clause cannot end with `dangling`; nor with a preposition, an auxiliary or a subject, but in
    special cases. `needy` phrases lack their object at the end.
    """

    elides: bool = False
    postposed: bool = False  # house numbers follow the street
    verb_last: bool = False  # subordinate clauses end with their verb, modals send theirs there
    drops: bool = False  # subjects may be left out: "¿Dónde está?" is complete
    fillers: frozenset[str] = words("um uh uhm er erm hm hmm mm mmm eh ah äh ähm öh öhm euh")
    stalling: tuple[str, ...] = ()
    dangling: frozenset[str] = frozenset()
    determiners: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    particles: tuple[str, ...] = ()  # "verb stems ... : preposition", which then may end a clause
    auxiliaries: frozenset[str] = frozenset()
    modals: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()  # auxiliaries that are also infinitives
    loose: frozenset[str] = frozenset()  # prepositions that any question may leave behind
    aiming: frozenset[str] = frozenset()  # before "to know" and the like, when these are needy
    asides: tuple[str, ...] = ()  # needy phrases that may also follow a comma
    yours: frozenset[str] = frozenset()
    calling: tuple[str, ...] = ()  # before a name, which an STT writes with a capital
    contracted: frozenset[str] = frozenset()  # subject and verb in one word
    elliptic: tuple[str, ...] = ()  # end with an auxiliary and are complete
    subjects: frozenset[str] = frozenset()  # only ever subjects
    pronouns: frozenset[str] = frozenset()  # subjects or objects
    stranders: frozenset[str] = frozenset()  # verbs that leave a preposition behind in questions
    needy: tuple[str, ...] = ()
    openers: frozenset[str] = frozenset()  # begin a subordinate clause
    links: frozenset[str] = frozenset()  # other conjunctions before a clause
    measures: tuple[str, ...] = ()  # questions that go on with a clause or a noun
    reasons: frozenset[str] = frozenset()  # openers that may begin an answer to "why"
    leads: frozenset[str] = frozenset()  # may stand before a clause
    asking: frozenset[str] = frozenset()  # question words
    inverted: tuple[str, ...] = ()  # begin a yes/no question or a request
    supported: frozenset[str] = frozenset()  # begin a question only before a subject
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    polite_ends: frozenset[str] = frozenset()
    polite: frozenset[str] = frozenset()  # may surround a yes, a no or a thank-you
    closings: tuple[str, ...] = ()
    greetings: tuple[str, ...] = ()
    announcing: tuple[str, ...] = ()  # tell that more is coming
    naming: tuple[str, ...] = ()  # the caller says who is calling
    listening: tuple[str, ...] = ()  # backchannels
    tally: tuple[str, ...] = ()  # one, two, three, ...
    digits: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()  # of two digits and more
    dots: frozenset[str] = frozenset()  # spoken signs in addresses
    numbered: frozenset[str] = frozenset()  # what has a number
    postal: frozenset[str] = frozenset()
    mail: frozenset[str] = frozenset()
    spelling: frozenset[str] = frozenset()
    birth: frozenset[str] = frozenset()
    housed: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    counted: tuple[str, ...] = ()  # ask for an amount, not for a row of digits
    wanting: frozenset[str] = frozenset()  # verbs whose object a bare number begins
    helping: frozenset[str] = frozenset()  # in questions that invite a whole story


def tokens(text: str, table: Words) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    plain = text.lower().replace("’", "'")
    if table.elides:
        plain = plain.replace("'", " ")
    return _TOKEN.findall(plain)


def refuses(text: str, table: Words) -> bool:
    """Whether there is a no in a text. Small models take any answer for a yes; where something is
    deleted, who says "no problem, go on" is rather asked once more."""
    return any(word in table.no or word.endswith("n't") for word in tokens(text, table))
