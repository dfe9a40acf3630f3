"""The end of a turn: labelled utterances in four languages, and what changes a hold."""

import pytest

from pipelines.turn_end import FASTEST, LONGEST, Evidence, Verdict, is_backchannel, judge
from pipelines.turn_words import refuses, words_of
from tests.pipelines.turn_end_utterances import CHECKING, TUNING, UTTERANCES, Utterance

HELP = "How can I help you?"
NUMBER = "What is your phone number?"


def hold(text: str, asked: str = "", language: str = "en") -> float:
    return judge(Evidence(text, asked=asked), language).hold


def right(utterance: Utterance, certainty: float | None = None) -> bool:
    evidence = Evidence(utterance.text, certainty, utterance.asked)
    wait = judge(evidence, utterance.language).hold
    return wait <= 1.0 if utterance.label == "done" else wait > 1.2


@pytest.mark.parametrize("utterance", TUNING, ids=lambda u: f"{u.language} {u.text}")
def test_what_the_rules_were_tuned_on(utterance: Utterance) -> None:
    assert right(utterance)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_what_they_were_not_tuned_on(language: str) -> None:
    chosen = [utterance for utterance in CHECKING if utterance.language == language]
    wrong = [utterance for utterance in chosen if not right(utterance)]
    assert len(wrong) <= 0.05 * len(chosen), wrong


@pytest.mark.parametrize("certainty", [0.02, 0.98])
def test_words_outweigh_a_mistaken_ear(certainty: float) -> None:
    wrong = [utterance for utterance in UTTERANCES if not right(utterance, certainty)]
    assert len(wrong) <= 0.05 * len(UTTERANCES), wrong


def test_the_utterances_are_many_and_differ() -> None:
    assert len({(u.asked, u.text) for u in UTTERANCES}) == len(UTTERANCES) >= 150
    for language in ("en", "de", "es", "fr"):
        labels = [u.label for u in UTTERANCES if u.language == language]
        assert min(labels.count("done"), labels.count("more")) >= 15


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What time do you open tomorrow?", "en"),
        ("who is it for", "en"),
        ("Could you send me the invoice again please", "en-GB"),
        ("Thank you, goodbye.", "en"),
        ("Wann fährt der nächste Zug?", "de-AT"),
        ("¿Cuánto cuesta la entrada?", "es"),
        ("Où est ma commande ?", "fr"),
    ],
)
def test_a_complete_question_or_goodbye_is_as_fast_as_can_be(text: str, language: str) -> None:
    assert hold(text, HELP, language) <= FASTEST + 0.05


def test_a_statement_outlasts_a_pause_between_sentences() -> None:
    assert 0.8 < hold("I would like to change my appointment.", HELP) < 0.9


@pytest.mark.parametrize("end", ["", ".", "?", ","])
def test_punctuation_does_not_finish_a_clause(end: str) -> None:
    assert hold(f"Can you tell me the name of{end}") > 2
    assert hold(f"If the weather is fine on Saturday{end}") > 1.5


def test_a_question_word_at_the_end_waits_for_its_clause() -> None:
    assert hold("Could you tell me when.") > 1.2
    assert hold("Since when?") <= 1.0


def test_an_ellipsis_trails_off_in_any_language() -> None:
    assert hold("Quería una mesa…", language="es") > 1.5
    assert hold("Chciałbym stolik...", language="pl") > 1.5


@pytest.mark.parametrize(
    ("asked", "text", "whole"),
    [
        (NUMBER, "It's 555 2368", False),
        (NUMBER, "It's 0171 555 2368 91", True),
        ("What are the last four digits?", "One two three.", False),
        ("What are the last four digits?", "One two three four.", True),
        ("What is your 6-digit code?", "12 34 5", False),
        ("What is your 6-digit code?", "12 34 56", True),
        ("How many people?", "Four.", True),
        ("What time?", "At seven thirty.", True),
        ("", "My customer number is 4 8 1", False),
        ("What is your email address?", "anna dot miller at example", False),
        ("What is your email address?", "anna dot miller at example dot com", True),
        ("Can you spell that?", "M I double L", False),
        ("What is your date of birth?", "The third of May.", False),
        ("What is your date of birth?", "The third of May nineteen eighty two.", True),
    ],
)
def test_dictation_ends_when_everything_is_there(asked: str, text: str, whole: bool) -> None:
    assert (hold(text, asked) <= 1.0) is whole


def test_german_digits_are_counted_from_the_question() -> None:
    asked = "Wie lautet Ihre vierstellige PIN?"
    assert hold("Eins zwei drei.", asked, "de") > 2
    assert hold("Eins zwei drei vier.", asked, "de") <= 1.0


def test_yes_is_an_answer_only_where_it_can_be_one() -> None:
    assert hold("Yes.", "Shall I book it?") == FASTEST
    assert hold("No, it isn't.", "Is that right?") <= 0.6
    assert hold("Yes.", HELP) > 1.2
    assert hold("Yes, of course.", "Can I have your phone number?") > 1.2


def test_more_follows_a_greeting_and_an_announcement() -> None:
    for text in ("Hello.", "Good morning, this is Tom Barker.", "I have two questions."):
        assert hold(text, HELP) > 1.2
    assert hold("Hello?", "Are you still there?") < 0.7
    assert hold("Yes, this is perfect.", "Is this the one?") < 1.0


def test_a_name_is_enough_where_a_name_was_asked_for() -> None:
    assert hold("My name is Anna Miller.", "What is your name?") <= 1.0
    assert hold("My name is Anna Miller.", HELP) > 1.2


def test_the_clause_may_come_in_a_second_piece() -> None:
    assert hold("If the weather is fine on Saturday. We would like to sit outside.") <= 1.0
    assert hold("Can you tell me the name of? The doctor on call today.") <= 0.6
    assert hold("I have a problem with my phone. It does not ring because") > 2


def test_certainty_decides_where_words_say_nothing() -> None:
    def sure(certainty: float | None) -> Verdict:
        return judge(Evidence("Another coffee", certainty), "en")

    assert sure(0.99).hold < sure(None).hold < sure(0.01).hold
    assert sure(0.5).shape == "unclear"


def test_an_unknown_language_goes_by_ear() -> None:
    waits = [judge(Evidence("Kde je moje zásilka", c), "cs").hold for c in (0.99, 0.01)]
    assert waits[0] <= 0.9 < 1.2 < waits[1]
    assert hold("Um.", language="cs") > 2
    assert words_of("cs") is words_of("xx-YY")
    assert words_of("de_CH") is words_of("de")


def test_a_caller_who_pauses_gets_more_time_but_not_for_a_question() -> None:
    def wait(text: str, *pauses: float) -> float:
        return judge(Evidence(text, pauses=pauses), "en").hold

    statement = "My internet connection is not working."
    assert wait(statement) < 1.0 < wait(statement, 0.9)
    assert wait(statement, 9.0) <= 1.3
    assert wait("When does it open?", 1.0, 1.0) == wait("When does it open?")


def test_a_noisy_line_gets_more_time_and_less_trust_in_the_ear() -> None:
    def wait(noise: float, certainty: float) -> float:
        return judge(Evidence("Another coffee", certainty, noise=noise), "en").hold

    assert wait(0.8, 0.5) > wait(0.0, 0.5)
    assert wait(1.0, 0.99) == wait(1.0, 0.01)


def test_keys_are_over_at_once() -> None:
    assert judge(Evidence("DTMF: 12", keys=True), "en") == Verdict(FASTEST, "complete", "keyed")


def test_every_hold_is_within_bounds() -> None:
    texts = ["", " ", "?", "...", "🙂", "a", "I", "@", "'", "-", "1", "um " * 400, "and I " * 400]
    texts += [u.text for u in UTTERANCES]
    for text in texts:
        for language in ("en", "de", "es", "fr", "zz", ""):
            for evidence in (
                Evidence(text),
                Evidence(text, 0.0, HELP, (3.0,), noise=1.0),
                Evidence(text, 1.0, NUMBER, (), noise=5.0),
            ):
                verdict = judge(evidence, language)
                assert FASTEST <= verdict.hold <= LONGEST
                assert verdict.reason


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"), ("Uh-huh.", "en"), ("Okay.", "en"), ("Mm.", "en"), ("M.M.H.M.", "en"),
        ("Right, right.", "en"), ("Oh, I see.", "en"), ("Yeah.", "en"), ("Okay, great.", "en"),
        ("Mhm, ja.", "de"), ("Ach so, verstehe.", "de"), ("Vale, muy bien.", "es"),
        ("D'accord.", "fr"), ("Ah oui, je vois.", "fr"), ("Hmm.", "xx"),
        ("I'll", "en"), ("The.", "en"), ("Ich.", "de"),
    ],
)  # fmt: skip
def test_backchannels_do_not_stop_the_bot(text: str, language: str) -> None:
    assert is_backchannel(text, language)
    assert is_backchannel(text, language, "We are open from nine to five.")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("No.", "en"), ("Stop.", "en"), ("Wait.", "en"), ("Okay, but when?", "en"),
        ("Hold on.", "en"), ("Right now?", "en"), ("Yes, no.", "en"), ("Nein.", "de"),
        ("Moment.", "de"), ("Espere.", "es"), ("No.", "es"), ("Attendez.", "fr"), ("Okay.", "xx"),
        ("I'll wait.", "en"), ("The bill.", "en"), ("Nothing.", "en"),
    ],
)  # fmt: skip
def test_everything_else_does(text: str, language: str) -> None:
    assert not is_backchannel(text, language)


def test_a_backchannel_is_short() -> None:
    assert not is_backchannel("okay " * 300, "en")


def test_an_answer_to_the_bots_question_is_no_backchannel() -> None:
    for text in ("Yes.", "Okay.", "Right.", "Sure."):
        assert is_backchannel(text, "en", "Then I will send it.")
        assert not is_backchannel(text, "en", "Shall I send it?")
    assert is_backchannel("Mm.", "en", "Shall I send it?")
    assert not is_backchannel("Si", "es", "¿Lo envío?")


@pytest.mark.parametrize(
    ("text", "language", "no"),
    [
        ("No, keep it.", "en", True),
        ("Please don’t delete it!", "en", True),
        ("Nein, lass mal.", "de", True),
        ("Non merci", "fr", True),
        ("Yes, please delete it.", "en", False),
        ("Ja, bitte löschen.", "de", False),
        ("", "en", False),
    ],
)
def test_a_no_is_noticed(text: str, language: str, no: bool) -> None:
    assert refuses(text, words_of(language)) is no
