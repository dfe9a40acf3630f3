"""The tool that texts a link, and what a page beside the call changes for the model."""

import pytest

from tests.fakes.phoneline import PhoneLine
from tests.fakes.twilio_api import TwilioApi
from tests.tools.conftest import Play
from tests.tools.scene import BOT, CALLER, Scene
from tools.catalog import LINK, Catalogue
from tools.links import Links
from tools.text_messages import MOST_SMS, link_message

BROWSER = "browser:ada"


@pytest.fixture
def live(play: Play, twilio_api: TwilioApi) -> Scene:
    """A phone call that Twilio knows, beside which a page can be opened."""
    made = play(twilio=twilio_api)
    twilio_api.incoming(PhoneLine(call_sid=made.box.call.provider_call_id), CALLER, BOT)
    made.box.beside = Links().beside(made.box.call)
    return made


def names(catalogue: Catalogue, words: str, scene: Scene) -> list[str]:
    return [schema.name for schema in catalogue.for_turn(words, scene.box)]


async def test_the_link_is_texted_to_the_caller(live: Scene, twilio_api: TwilioApi) -> None:
    links = Links()
    live.box.beside = links.beside(live.box.call)
    answer = await live(LINK)
    (sent,) = twilio_api.messages
    assert (sent["To"], sent["From"]) == (CALLER, BOT)
    address, _, token = sent["Body"].split()[1].partition("#")
    assert address == "https://bot.example/beside"
    assert links.open(token, BROWSER) is live.box.beside
    assert live.box.beside.owner == CALLER
    assert token not in answer
    assert "until then nothing can be shown" in answer


async def test_not_more_than_a_few(live: Scene, twilio_api: TwilioApi) -> None:
    for _ in range(MOST_SMS + 1):
        live.next_turn()
        answer = await live(LINK)
    assert len(twilio_api.messages) == MOST_SMS
    assert "no more text messages" in answer


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it"])
def test_the_text_fits_in_three_parts(language: str) -> None:
    link = "https://a-long-name-of-a-host.example.com/beside#12-0123456789abcdefghijkl"
    text = link_message("Tandem", link, language)
    assert link in text
    assert len(text) <= 3 * 67, "beyond GSM's own alphabet a part has 67 characters"


async def test_it_is_offered_only_where_it_can_work(
    play: Play, live: Scene, twilio_api: TwilioApi
) -> None:
    hidden, silent, room = (
        play(twilio=twilio_api, PUBLIC_URL=""),
        play(),
        play(twilio=twilio_api, channel="room"),
    )
    nameless = play(twilio=twilio_api, caller="anonymous")
    for one in (hidden, silent, room, nameless):
        if one.box.call.channel == "phone":
            one.box.beside = Links().beside(one.box.call)
        assert LINK not in names(Catalogue.for_call(one.box.facts), "text me a link", one)
    assert LINK in names(Catalogue.for_call(live.box.facts), "text me a link", live)


async def test_the_tools_of_the_screen_come_and_go_with_the_page(live: Scene) -> None:
    assert live.box.beside
    catalogue = Catalogue.for_call(live.box.facts)
    assert "bot_show_on_canvas" not in names(catalogue, "show me a table of teas", live)
    live.box.page = live.box.beside.page
    assert "bot_show_on_canvas" in names(catalogue, "show me a table of teas", live)
    assert "bot_show_on_canvas" in names(catalogue, "yes please do that for me", live)
    live.box.page = None
    later = names(catalogue, "show me a table of teas", live)
    assert "bot_show_on_canvas" not in later
    assert LINK in later


async def test_a_tool_that_was_shown_before_the_page_closed_answers_plainly(live: Scene) -> None:
    answer = await live("bot_clear_canvas")
    assert "no screen open" in answer


async def test_the_prompt_says_what_needs_a_page_and_stays_the_same(live: Scene) -> None:
    assert live.box.beside
    catalogue = Catalogue.for_call(live.box.facts)
    prompt = catalogue.prompt()
    (line,) = [line for line in prompt.splitlines() if LINK in line]
    assert line.startswith("- While the caller has no page open, you cannot ")
    assert "show tables, charts or pictures" in line
    always = [line for line in prompt.splitlines() if line.startswith("- On this call you cannot")]
    assert "tables" not in "".join(always)
    assert "hand the call to a person" in "".join(always), "no contacts: no page helps there"
    live.box.page = live.box.beside.page
    catalogue.for_turn("show me a table", live.box)
    assert catalogue.prompt() == prompt
