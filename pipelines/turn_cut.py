"""Whether the words so far can be the end of a clause, by the class of the last ones."""

from pipelines.turn_clause import Clause, Finding, has_verb, is_number, without_lead
from pipelines.turn_words import Words

STALLING, CUT, WAITING, LACKING, BEGUN = 2.5, 2.2, 2.0, 1.7, 1.6
"""Seconds of hold: for a caller who is looking for words, a clause that is cut off in the middle, a
subordinate clause alone, one that probably lacks its object, one that ends with a question word."""
_SHORT = 2
"""Words after a conjunction that are too few for a clause."""


def cut_off(said: Clause, table: Words, answering: bool) -> Finding | None:
    """A clause that cannot end here, or hardly. `answering`: a yes/no question was asked."""
    if not said.words:
        return None
    if said.last in table.fillers:
        return Finding("unfinished", STALLING, f"hesitates: {said.last}")
    if phrase := said.ends(table.stalling):
        return Finding("unfinished", STALLING, f"is looking: {phrase}")
    if said.last in table.dangling:
        return Finding("unfinished", CUT, f"ends with {said.last}")
    return (
        _preposition(said, table, answering)
        or _subject(said, table)
        or _auxiliary(said, table, answering)
        or _object(said, table)
        or _begun(said, table)
        or _infinitive(said, table)
    )


def _question_word(said: Clause, table: Words, least: int = 0) -> bool:
    """Whether a question word or a conjunction stands before the last `least` + 1 words."""
    before = said.words[: max(0, len(said.words) - 1 - least)]
    return any(word in table.asking for word in before)


def _preposition(said: Clause, table: Words, answering: bool) -> Finding | None:
    if said.last not in table.prepositions or len(said.words) < 2:
        return None if said.last not in table.prepositions else _cut(said)
    before = said.words[:-1]
    for entry in table.particles:
        stems, _, preposition = entry.partition(" : ")
        if preposition != said.last:
            continue
        known = stems.split()
        if table.verb_last and any(word.startswith(tuple(known)) for word in before):
            return None
        if not table.verb_last and before[-1] in known:
            return None
    if said.last in table.loose and _question_word(said, table):
        return None
    stranded = before[-1] in table.stranders or before[-1].endswith("ing")
    related = before[-2:-1] == ("to",)  # "a song to listen to"
    if table.stranders and stranded and (related or _question_word(said, table, 1)):
        return None
    if table.stranders and answering and said.last == "to":
        return None
    return _cut(said)


def _cut(said: Clause) -> Finding:
    return Finding("unfinished", CUT, f"ends with {said.last}")


def _subject(said: Clause, table: Words) -> Finding | None:
    if said.last not in table.pronouns or len(said.words) < 2:
        return _cut(said) if said.last in table.subjects else None
    before = said.words[-2]
    if said.last in table.subjects and before not in table.auxiliaries:
        return _cut(said)
    if before in table.openers | table.links | table.asking:
        return _cut(said)
    inner = [at for at in said.breaks if at < len(said.words) - 1]
    body = without_lead(said.after(max(inner, default=-1) + 1), table).words
    if before in table.auxiliaries - table.bare and len(body) <= 2:
        return Finding("unfinished", LACKING, f"has only begun: {before} {said.last}")
    return None


def _auxiliary(said: Clause, table: Words, answering: bool) -> Finding | None:
    if said.last not in table.auxiliaries:
        return None
    before = said.words[:-1]
    if said.ends(table.elliptic) or (before and is_number(before[-1], table)):
        return None
    agreed = bool(before) and before[0] in table.yes | table.no
    short = len(said.words) <= 5 and (answering or agreed)
    if before and short and before[-1] in table.pronouns | table.no | table.yes:
        return None
    linked = [at for at, word in enumerate(before) if word in table.asking | table.openers]
    if table.drops and linked:
        return None
    if linked and linked[-1] < len(before) - 1:
        near = table.pronouns | table.modals
        rest = before[linked[-1] + 1 :]
        if table.verb_last or before[-1] in near or said.last in table.bare:
            return None
        if len(rest) > 1 and rest[0] not in table.auxiliaries:
            return None
    if table.verb_last and any(word in table.modals for word in before):
        return None
    if len(before) > 4 and before[-1] in table.pronouns and before[-2] not in _links(table):
        return None  # a relative clause: "the kind of song it is"
    return _cut(said)


def _links(table: Words) -> frozenset[str]:
    return table.dangling | table.openers | table.links | table.leads


def _object(said: Clause, table: Words) -> Finding | None:
    phrase = said.ends(table.needy)
    if not phrase:
        return None
    begin = len(said.words) - len(phrase.split())
    before = said.words[:begin]
    if any(word in table.asking for word in before):
        return None
    if phrase.startswith("to ") and before[-1:] and before[-1] not in table.aiming:
        return None
    if begin - 1 in said.breaks:
        aside = phrase in table.asides and begin > 1  # "something comic, I think"
    else:  # "that's all I need"
        aside = bool(before) and said.words[begin] in table.subjects
        aside = aside and before[-1] not in _links(table)
    if aside:
        return None
    return Finding("unfinished", LACKING, f"lacks what follows {phrase!r}")


def _begun(said: Clause, table: Words) -> Finding | None:
    """A conjunction with no more than a subject after it; a question word after other words."""
    if said.last in table.asking and len(said.words) > 3:
        return Finding("unfinished", BEGUN, f"ends with {said.last}")
    phrase = said.ends(table.measures)
    if phrase and len(said.words) > len(phrase.split()) + 2:
        return Finding("unfinished", BEGUN, f"ends with {phrase}")
    begun = table.openers & (table.dangling | table.asking) | table.links
    linked = [at for at, word in enumerate(said.words) if word in begun]
    tail = said.words[linked[-1] + 1 :] if linked else ()
    if tail[:1] and tail[0] in table.links | table.dangling - table.determiners:
        tail = tail[1:]
    if 0 < len(tail) <= _SHORT and tail[0] in table.determiners & table.dangling:
        return Finding("unfinished", CUT, f"has only begun: {' '.join(tail)}")
    return None


def _infinitive(said: Clause, table: Words) -> Finding | None:
    """German: "Können Sie mir die Rechnung" waits for its verb."""
    if not table.verb_last:
        return None
    body = without_lead(said, table).words
    if len(body) < 3 or body[0] not in table.modals or body[1] not in table.pronouns:
        return None
    closed = table.determiners | table.modals | table.dangling
    if any(
        word.endswith(("en", "ern", "eln", "tun", "sein")) and word not in closed
        for word in body[2:]
    ):
        return None
    return Finding("unfinished", LACKING, "waits for its verb")


def waiting(said: Clause, table: Words) -> Finding | None:
    """A subordinate clause whose main clause has not come."""
    body = without_lead(said, table)
    if len(body.words) < 2 or body.words[0] not in table.openers:
        return None
    if _inverted_after(body, table):
        return None
    signs = table.dangling | table.asking  # "after", "until" may stand before a noun
    subject = has_verb(body, table) or set(body.words) & table.pronouns
    if body.words[0] not in signs and not subject:
        return None
    for at in body.breaks:
        if at >= _SHORT and len(body.words) - 1 - at >= 2:
            return None
    for at in range(4, len(body.words) - 1):
        here, following = body.words[at : at + 2]
        linked = body.words[at - 1] in table.openers | table.asking
        if here in table.subjects and not table.verb_last and not linked:
            return None
        if here in table.pronouns | table.subjects and following in table.modals and not linked:
            return None
        if here in table.modals and following in table.pronouns and not linked:
            return None
        if here in table.asking and not linked:
            return None
    return Finding("unfinished", WAITING, f"main clause after {body.words[0]!r} is missing")


def _inverted_after(body: Clause, table: Words) -> bool:
    """A question that begins like a subordinate clause: "When does it open?"."""
    opener, following = body.words[:2]
    joined = following in table.dangling and body.words[2:3] and body.words[2] in table.asking
    return opener in table.asking and (following in table.auxiliaries or bool(joined))
