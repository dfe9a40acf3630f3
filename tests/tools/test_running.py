"""The rules that every tool runs under."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

import pytest
from loguru import logger
from pipecat.services.llm_service import FunctionCallParams

from bot.errors import ProviderRefused, ProviderUnavailable, StoreError
from bot.store import notes
from bot.store.store import Store
from tests.store.databases import SqliteDatabase
from tests.tools.scene import CALLER, Scene
from tools.declare import Terms
from tools.page import NotShown
from tools.running import acting, once_key, run_tool
from tools.schema import Signature
from tools.toolbox import ToolFailed

Body = Callable[[], Awaitable[Any]]


async def run(scene: Scene, body: Body, seconds: float = 1.0, **arguments: Any) -> str:
    """Run a tool whose work is `body`."""

    async def bot_try(params: FunctionCallParams, word: str = "") -> Any:
        """Try something."""
        return await body()

    answers: list[str] = []
    params = scene.params("bot_try", arguments, answers)
    await run_tool(Signature(bot_try), Terms(seconds), params)
    assert len(answers) == 1
    assert isinstance(answers[0], str)
    return answers[0]


@pytest.fixture
def log() -> Iterator[list[str]]:
    written: list[str] = []
    sink = logger.add(lambda message: written.append(str(message)), level="DEBUG")
    yield written
    logger.remove(sink)


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (ToolFailed("Not done: no such thing."), "failed", "Not done: no such thing."),
        (NotShown("there is no window called mail"), "failed", "there is no window called mail"),
        (StoreError("cannot read"), "failed", "cannot be reached"),
        (ProviderUnavailable("X: 503"), "failed", "does not answer"),
        (ProviderRefused("X: 403"), "failed", "does not answer"),
        (ZeroDivisionError("caller said 1234"), "broken", "went wrong"),
    ],
)
async def test_nothing_is_raised_and_there_is_always_an_answer(
    call: Scene, log: list[str], error: Exception, outcome: str, said: str
) -> None:
    async def body() -> str:
        raise error

    assert said in await run(call, body)
    assert call.outcomes == [outcome]
    assert "1234" not in "".join(log)  # what broke may quote the caller


@pytest.mark.parametrize("empty", [None, "", "  ", [], {}])
async def test_an_empty_result_is_made_an_answer(call: Scene, empty: object) -> None:
    async def body() -> object:
        return empty

    assert await run(call, body) == "Done."


async def test_a_tool_past_its_limit_is_ended(call: Scene) -> None:
    ended = asyncio.Event()

    async def body() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    assert "took too long" in await run(call, body, seconds=0.02)
    assert ended.is_set()
    assert call.outcomes == ["late"]


async def test_a_late_write_is_not_called_undone(call: Scene) -> None:
    async def body() -> str:
        acting()
        await asyncio.Event().wait()
        return "never"

    assert "not certain" in await run(call, body, seconds=0.02)


async def test_the_log_has_no_word_of_the_caller(call: Scene, log: list[str]) -> None:
    await call("bot_create_note", title="Biopsy", content="at the clinic")
    text = "".join(log)
    assert "tool bot_create_note done after" in text
    assert "Biopsy" not in text
    assert CALLER not in text


async def test_a_repetition_in_the_same_turn_acts_once(call: Scene, store: Store) -> None:
    first = await call("bot_create_note", title="Milk", content="buy milk")
    again = await call("bot_create_note", content="buy milk", title="Milk")
    assert again == first
    both = await asyncio.gather(
        call("bot_create_note", title="Tea", content="buy tea"),
        call("bot_create_note", title="Tea", content="buy tea"),
    )
    assert both[0] == both[1]
    assert sorted(n.title for n in await notes.find(store, CALLER)) == ["Milk", "Tea"]
    call.next_turn()
    await call("bot_create_note", title="Milk", content="buy milk")
    assert len(await notes.find(store, CALLER)) == 3


async def test_a_read_is_read_anew_in_the_same_turn(call: Scene) -> None:
    await call("bot_create_note", title="A", content="x")
    assert "One note: A." in await call("bot_list_notes")
    await call("bot_create_note", title="B", content="x")
    assert "2 notes" in await call("bot_list_notes")


async def test_a_failed_write_may_be_tried_again_at_once(call: Scene) -> None:
    tries: list[int] = []

    async def body() -> str:
        acting()
        tries.append(1)
        if len(tries) == 1:
            raise StoreError("away")
        return "Saved."

    assert "cannot be reached" in await run(call, body)
    assert await run(call, body) == "Saved."


async def test_an_overtaken_tool_does_not_act(call: Scene, store: Store) -> None:
    call.wanted = False
    assert "said something new" in await call("bot_create_note", title="A", content="b")
    assert "said something new" in await call("bot_end_call", reason="goodbye")
    assert call.ended == []
    assert await notes.find(store, CALLER) == []
    assert call.outcomes == ["overtaken", "overtaken"]


async def test_one_overtaken_while_it_prepares_does_not_act(call: Scene) -> None:
    acted: list[str] = []

    async def body() -> str:
        await asyncio.sleep(0)
        call.wanted = False  # the caller speaks while something is looked up
        acting()
        acted.append(once_key())
        return "never"

    assert "said something new" in await run(call, body)
    assert acted == []


async def test_an_interruption_ends_what_has_not_acted(call: Scene) -> None:
    ended, answers = asyncio.Event(), []

    async def body() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    task = asyncio.create_task(run(call, body))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(ended.wait(), 1)
    assert answers == []
    assert call.outcomes == ["interrupted"]


async def test_an_interruption_does_not_tear_a_write_and_it_is_not_done_twice(call: Scene) -> None:
    written: list[str] = []
    go = asyncio.Event()

    async def body() -> str:
        acting()
        await go.wait()
        written.append(once_key())
        return "Saved."

    task = asyncio.create_task(run(call, body))
    await asyncio.sleep(0.01)
    task.cancel()  # what Pipecat does when the caller breaks in
    await asyncio.gather(task, return_exceptions=True)
    go.set()
    await call.box.close()
    assert len(written) == 1
    call.next_turn()  # the model never heard of it and asks for the same again
    assert await run(call, body) == "Saved."
    assert len(written) == 1
    assert call.outcomes == ["interrupted", "repeated"]
    call.next_turn()  # this time it was heard: the next request is a new one
    assert await run(call, body) == "Saved."
    assert len(written) == 2


async def test_a_write_interrupted_in_the_database_is_there_once(
    call: Scene, store: Store, tmp_path: Any
) -> None:
    database = SqliteDatabase(tmp_path / "tandem.db")
    database.cut()  # another process writes: ours has to wait
    task = asyncio.create_task(call("bot_create_note", title="A", content="b"))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    database.mend()
    await call.box.close()
    call.next_turn()
    assert "Saved" in await call("bot_create_note", title="A", content="b")
    assert len(await notes.find(store, CALLER)) == 1


async def test_a_slow_tool_asks_for_a_filler_once_and_a_quick_one_for_none(
    call: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.running.FILLER_SECONDS", 0.02)
    begun = asyncio.Event()

    async def fill(name: str) -> None:
        call.fillers.append(name)
        begun.set()
        raise RuntimeError("the voice is down")  # no reason for the tool to fail

    call.box.filler = fill

    async def slow() -> str:
        await begun.wait()
        return "At last."

    async def quick() -> str:
        return "Now."

    assert await run(call, slow) == "At last."
    assert await run(call, quick) == "Now."
    assert call.fillers == ["bot_try"]


async def bot_shape(
    params: FunctionCallParams,
    name: str,
    mode: Literal["snap_left", "reset"] = "reset",
    level: int | None = None,
    sure: bool = False,
) -> str:
    """Shape something,
    over two lines.

    Args:
        name: Which
            one.
        mode: How.
    """
    return f"{name} {mode} {level} {sure}"


def test_the_schema_is_what_the_signature_says() -> None:
    signature = Signature(bot_shape)
    assert signature.description == "Shape something, over two lines."
    assert signature.properties["name"] == {"type": "string", "description": "Which one."}
    assert signature.properties["mode"]["enum"] == ["snap_left", "reset"]
    assert signature.properties["level"]["type"] == "integer"
    assert signature.required == ["name"]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ({"name": "a"}, {"name": "a"}),
        ({"name": " a ", "mode": "Snap left"}, {"name": "a", "mode": "snap_left"}),
        ({"name": 5, "level": "7"}, {"name": "5", "level": 7}),
        ({"name": "a", "level": None, "x": "", "y": None}, {"name": "a"}),
        ({"name": "a", "sure": "true"}, {"name": "a", "sure": True}),
    ],
)
def test_what_models_write_is_understood(sent: dict[str, Any], taken: dict[str, Any]) -> None:
    assert Signature(bot_shape).check(sent) == taken


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "name is missing"),
        ({"name": "a", "mode": "sideways"}, "mode: input should be 'snap_left' or 'reset'"),
        ({"name": "a", "colour": "red"}, "there is no colour"),
        ({"name": ["a"]}, "name: input should be a valid string"),
        ("name=a", "takes named arguments"),
        (None, "name is missing"),
        ({"name": "x" * 30_000}, "name: string should have at most"),
    ],
)
async def test_wrong_arguments_are_told_once(call: Scene, sent: Any, said: str) -> None:
    async def again() -> str:
        answers: list[str] = []
        await run_tool(Signature(bot_shape), Terms(), call.params("bot_shape", sent, answers))
        return answers[0]

    first = await again()
    assert said in first
    assert len(first) < 400
    assert "Do not call it again now" in await again()
    call.next_turn()
    assert said in await again()
    assert call.outcomes == ["misfit"] * 3


async def test_a_tool_without_arguments_takes_any_form_of_none(call: Scene) -> None:
    for nothing in ({}, None, ""):
        assert "Nothing is known" in await call.raw("bot_read_profile", nothing)


def test_a_tool_without_a_docstring_is_a_mistake_of_ours() -> None:
    async def bot_mute(params: FunctionCallParams) -> str:
        return "x"

    with pytest.raises(TypeError, match="bot_mute has no docstring"):
        Signature(bot_mute)
    assert inspect.iscoroutinefunction(bot_mute)
