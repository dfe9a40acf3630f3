"""One-time links: forged, used, another browser's, expired; two callers keep to themselves."""

import pytest

from bot.call import Call
from tools.beside import Beside
from tools.links import AFTER_SECONDS, FORGET_SECONDS, LinkRefused, Links, name_of

ADA, BOB = "browser:ada", "browser:bob"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def live(number: str = "+15550001111") -> Call:
    call = Call("phone", caller=number)
    call.connected()
    return call


def refusal(links: Links, token: str, browser: str) -> str:
    with pytest.raises(LinkRefused) as refused:
        links.open(token, browser)
    assert len(token) < 9 or token not in str(refused.value)
    return refused.value.why


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def links(clock: Clock) -> Links:
    return Links(clock=clock)


def test_the_first_browser_has_it_and_every_other_one_is_refused(links: Links) -> None:
    beside = links.beside(live())
    token = beside.link("+15550001111")
    assert links.open(token, ADA) is beside
    assert links.open(token, ADA) is beside, "a page is loaded again"
    assert links.of(name_of(token), ADA) is beside
    assert refusal(links, token, BOB) == "taken"
    for browser in (BOB, ""):
        with pytest.raises(LinkRefused):
            links.of(name_of(token), browser)


def test_what_was_never_given_out_opens_nothing(links: Links) -> None:
    token = links.beside(live()).link("")
    for forged in ("", "x" * 22, token[:-1], token + "x", name_of(token)):
        assert refusal(links, forged, ADA) == "unknown"
    with pytest.raises(LinkRefused):
        links.of(name_of(token), ADA)  # nobody has opened it


def test_a_link_ends_with_its_call(links: Links, clock: Clock) -> None:
    beside = links.beside(live())
    opened, unopened = beside.link(""), beside.link("")
    links.open(opened, ADA)
    late = links.beside(live())
    waiting = late.link("")
    beside.call.ended("caller hung up")
    late.call.ended("caller hung up")
    assert refusal(links, waiting, ADA) == "over", "never opened, so nothing to read on"
    clock.now = AFTER_SECONDS
    assert links.open(opened, ADA) is beside, "what is on the page can still be saved"
    clock.now += 1
    assert refusal(links, opened, ADA) == "over"
    clock.now += FORGET_SECONDS
    assert refusal(links, opened, ADA) == "unknown"
    assert refusal(links, unopened, ADA) == "unknown"


def test_the_browser_that_opened_last_has_the_page(links: Links) -> None:
    beside = links.beside(live())
    first, second = beside.link(""), beside.link("")
    links.open(first, ADA)
    assert links.open(second, BOB) is beside, "the caller has asked for another one"
    assert refusal(links, first, ADA) == "taken"
    assert links.open(first, BOB) is beside
    with pytest.raises(LinkRefused):
        links.of(name_of(first), ADA)


def test_two_callers_have_a_page_each(links: Links) -> None:
    one, other = links.beside(live()), links.beside(live("+15550009999"))
    mine, theirs = one.link("+15550001111"), other.link("+15550009999")
    assert links.open(mine, ADA) is one
    assert links.open(theirs, BOB) is other
    assert (links.of(name_of(mine), ADA).owner, links.of(name_of(theirs), BOB).owner) == (
        "+15550001111",
        "+15550009999",
    )
    assert refusal(links, theirs, ADA) == "taken"


def test_a_token_begins_with_its_workers_number() -> None:
    links = Links(worker=3)
    beside: Beside = links.beside(live())
    token = beside.link("")
    assert token.startswith("3-")
    assert links.open(token, ADA) is beside
