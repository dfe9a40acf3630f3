"""The set itself: whole, unambiguous, and the same everywhere."""

import collections
import json

import pytest

from bot.bakeoff import cases
from bot.bakeoff.answers import tools_of
from bot.bakeoff.cases import BadSet, every_request, select, version
from bot.bakeoff.offered import context, facts, family_of, shown, signatures, system
from tools.catalog import Catalogue, every_tool

SET = every_request()


def test_there_are_enough_requests_and_none_twice() -> None:
    assert len(SET) >= 150
    assert len({one.id for one in SET}) == len(SET)
    assert len({(one.says, one.before, one.windows) for one in SET}) == len(SET)


def test_the_set_is_the_one_that_tables_name() -> None:
    """A change of the set is a change of its edition: raise EDITION and put the hash here."""
    assert version() == "2-6356be02"


def test_every_tool_is_wanted_by_two_requests_or_more() -> None:
    wanted = collections.Counter(one.tool for request in SET for one in request.expected)
    assert set(wanted) == {tool.name for tool in every_tool()}
    assert min(wanted.values()) >= 2, wanted.most_common()[-1]


def test_what_is_expected_exists() -> None:
    for request in SET:
        for calls in request.accepted:
            for one in calls:
                assert set(one.checks) <= set(signatures()[one.tool].properties), request.id
        assert request.may <= set(signatures()), request.id


def test_what_was_said_before_fits_the_tools() -> None:
    for request in SET:
        for step in request.before:
            if step.tool:
                signatures()[step.tool].check(json.loads(step.arguments))


def test_every_kind_of_request_is_there() -> None:
    kinds = collections.Counter(one.category for one in SET)
    assert set(kinds) >= {"several", "corrections", "talk", "delegation", "noise", "temptations"}
    assert min(kinds.values()) >= 10
    assert sum(not one.expected for one in SET) >= 30
    assert sum(len(one.expected) > 1 for one in SET) >= 12


def test_half_of_each_part_is_held_back() -> None:
    for category in {one.category for one in SET}:
        halves = [one.half for one in SET if one.category == category]
        assert 0 <= halves.count("tuning") - halves.count("held back") <= 1


def test_a_call_of_the_set_has_every_tool() -> None:
    names = {tool.name for tool in Catalogue.for_call(facts()).tools}
    assert names == {tool.name for tool in every_tool()}
    assert "cannot" not in system()


def test_what_each_mode_shows() -> None:
    request = next(one for one in SET if one.id == "notes-add-milk")
    everything = [tool["name"] for tool in tools_of(context(request, "all"))]
    assert set(everything) == set(signatures())
    family = {family_of()[tool.name] for tool in shown(request, "family")}
    assert family == {"notes"}
    assert {family_of()[tool.name] for tool in shown(request, "choice")} >= {"notes"}
    hello = next(one for one in SET if one.id == "talk-hello")
    assert tools_of(context(hello, "family")) == []


def test_the_choice_shows_what_the_words_want() -> None:
    """Of both halves; what the model then makes of it is the bake-off's to say."""
    lost = [
        one.id
        for one in SET
        if not {call.tool for call in one.expected} <= {t.name for t in shown(one, "choice")}
    ]
    assert len(lost) <= 0.03 * len(SET), lost


def test_the_choice_shows_less_than_half_of_the_tools() -> None:
    sizes = [len(shown(one, "choice")) / len(signatures()) for one in SET]
    assert sum(sizes) / len(sizes) < 0.4


def test_the_conversation_before_is_as_a_call_keeps_it() -> None:
    request = next(one for one in SET if one.id == "notes-delete-yes")
    roles = [message["role"] for message in context(request, "all").get_messages()]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


def test_a_sample_is_spread_over_the_set() -> None:
    sample = select(SET, first=20)
    assert len(sample) == 20
    assert {one.half for one in sample} == {"tuning", "held back"}
    assert len({one.category for one in sample}) >= 7
    notes = select(SET, ["notes"], "tuning")
    assert {(one.category, one.half) for one in notes} == {("notes", "tuning")}
    with pytest.raises(BadSet, match="no category nonsense"):
        select(SET, ["nonsense"])


def test_a_line_that_is_nobodys_is_named() -> None:
    row = {"id": "x", "says": "hello", "calls": [], "before": ["someone: hello"]}
    with pytest.raises(BadSet, match=r"talk\.toml, request 1"):
        cases._request("talk", 0, row)
