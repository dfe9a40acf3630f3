"""Which tool calls may still act."""

from tools.generations import Generations


def test_only_calls_from_before_the_interruption_are_overtaken() -> None:
    generations = Generations()
    generations.called(["a", "b"])
    assert generations.wanted("a")
    generations.interrupted()
    generations.called(["c"])
    assert [generations.wanted(call) for call in "abcd"] == [False, False, True, True]
    generations.interrupted()
    assert not generations.wanted("c")


def test_some_servers_give_every_call_the_same_id() -> None:
    generations = Generations()
    generations.called([""])
    generations.interrupted()
    generations.called([""])
    assert generations.wanted("")
