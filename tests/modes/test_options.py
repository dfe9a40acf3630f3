"""The operator's command line."""

import pytest

from bot.admin.options import options


@pytest.mark.parametrize(
    "words",
    ["--who ann mode set embedded", "mode set embedded --who ann", "rollout set a=1 --who ann"],
)
def test_the_name_may_stand_before_the_order_or_behind_it(words: str) -> None:
    assert options(words.split()).who == "ann"


def test_without_a_name_it_is_whoever_is_logged_in() -> None:
    assert options(["mode", "set", "embedded"]).who == options(["mode"]).who != ""
