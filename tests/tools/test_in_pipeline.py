"""Tools in a real Pipecat pipeline, called by a scripted model over OpenAI's wire protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from pipecat.frames.frames import InterruptionFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.workers.runner import WorkerRunner

from bot.store import notes
from bot.store.store import Store
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.script import Ask, CallTool
from tests.store.databases import SqliteDatabase
from tests.tools.scene import CALLER, Scene
from tools.catalog import Catalogue


class _Llm(OpenAILLMService):
    def create_client(self, *args: object, **kwargs: object) -> AsyncOpenAI:
        return AsyncOpenAI(api_key="sk-test", base_url=str(kwargs["base_url"]), max_retries=0)


@asynccontextmanager
async def conversation(
    scene: Scene, api: OpenAIApi
) -> AsyncIterator[tuple[LLMContext, PipelineWorker]]:
    """A model and its context, with this call's tools."""
    context = LLMContext(tools=list(Catalogue.for_call(scene.box.facts).all()))
    llm = _Llm(base_url=api.url, api_key="sk-test", settings=_Llm.Settings(model="m"))
    users, assistants = LLMContextAggregatorPair(context)
    worker = PipelineWorker(
        Pipeline([users, llm, assistants]), app_resources=scene.box, enable_rtvi=False
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield context, worker
    finally:
        await worker.cancel()
        await running


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a context sets no event
            await asyncio.sleep(0.01)


def results(context: LLMContext) -> list[str]:
    """What the tools have answered, as the context has it."""
    return [str(m["content"]) for m in context.messages if m.get("role") == "tool"]  # type: ignore[union-attr]


async def test_a_model_makes_a_note_and_says_so(
    call: Scene, store: Store, openai_api: OpenAIApi
) -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "Noted."

    note = {"title": "Plumber", "content": "Friday at nine"}
    openai_api.replies.extend([CallTool("bot_create_note", note), answer])
    async with conversation(call, openai_api) as (context, worker):
        context.add_message({"role": "user", "content": "note: the plumber comes Friday at nine"})
        await worker.queue_frame(LLMRunFrame())
        await until(lambda: bool(asked))
    assert [(n.title, n.text) for n in await notes.find(store, CALLER)] == [
        ("Plumber", "Friday at nine")
    ]
    assert "Saved as the note “Plumber”" in asked[0].results[0]
    assert "bot_create_note" in asked[0].tools
    assert call.outcomes == ["done"]


async def test_wrong_arguments_and_unknown_ones_reach_the_model_as_a_sentence(
    call: Scene, openai_api: OpenAIApi
) -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "Sorry."

    openai_api.replies.extend([CallTool("bot_update_note", {"note": "x", "way": "up"}), answer])
    async with conversation(call, openai_api) as (context, worker):
        context.add_message({"role": "user", "content": "change it"})
        await worker.queue_frame(LLMRunFrame())
        await until(lambda: bool(asked))
    assert "change is missing" in asked[0].results[0]
    assert "there is no way" in asked[0].results[0]


async def test_a_barge_in_during_a_write_leaves_one_note(
    call: Scene, store: Store, openai_api: OpenAIApi, tmp_path: object
) -> None:
    """The database makes the write wait; the caller breaks in; the model asks for it again."""
    database = SqliteDatabase(tmp_path / "tandem.db")  # type: ignore[operator]
    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "Noted."

    tool = CallTool("bot_create_note", {"title": "Milk", "content": "two"})
    openai_api.replies.extend([tool, tool, answer])
    async with conversation(call, openai_api) as (context, worker):
        database.cut()
        context.add_message({"role": "user", "content": "note milk"})
        await worker.queue_frame(LLMRunFrame())
        await until(
            lambda: any(task.get_name() == "tool bot_create_note" for task in asyncio.all_tasks())
        )
        await asyncio.sleep(0.1)
        await worker.queue_frame(InterruptionFrame())
        await until(lambda: call.outcomes == ["interrupted"])
        database.mend()
        call.next_turn()
        context.add_message({"role": "user", "content": "note milk, I said"})
        await worker.queue_frame(LLMRunFrame())
        await until(lambda: bool(asked))
    assert len(await notes.find(store, CALLER)) == 1
    assert call.outcomes == ["interrupted", "repeated"]
    assert "Saved" in asked[0].results[0]
