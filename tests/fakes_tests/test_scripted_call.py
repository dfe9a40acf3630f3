"""A mocked call: real Pipecat pipeline, scripted services, a caller with a timetable."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.frames.frames import EndFrame, InputDTMFFrame, MetricsFrame, TTSSpeakFrame
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData, TTSUsageMetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from tests.fakes.cast import Cast
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import CallTool, Expect, Script, ScriptError, tool_result
from tests.fakes.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from tests.fakes_tests.stock_turns import ScriptedTurn, ScriptedVAD
from tests.fixtures.virtual_time import VirtualTime


class Watch(BaseObserver):
    """Keeps the metrics and keys that went by, each frame once."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: list[Any] = []
        self.digits: list[str] = []
        self._seen: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.frame.id in self._seen:
            return
        self._seen.add(data.frame.id)
        if isinstance(data.frame, MetricsFrame):
            self.metrics.extend(data.frame.data)
        if isinstance(data.frame, InputDTMFFrame):
            self.digits.append(data.frame.button.value)


@dataclass
class Bot:
    """A small bot on a line."""

    line: PhoneLine
    stt: ScriptedSTT
    llm: ScriptedLLM
    tts: ScriptedTTS
    tools: list[Any] = field(default_factory=list)
    turn: ScriptedTurn = field(default_factory=ScriptedTurn)
    idle: float = 0
    greeting: str = ""
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.context = LLMContext(tools=self.tools) if self.tools else LLMContext()
        transport = FastAPIWebsocketTransport(
            self.line.websocket,  # type: ignore[arg-type]
            FastAPIWebsocketParams(
                audio_in_enabled=True,
                audio_out_enabled=True,
                serializer=TwilioFrameSerializer(
                    self.line.stream_sid,
                    params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
                ),
            ),
        )
        pair = LLMContextAggregatorPair(
            self.context,
            user_params=LLMUserAggregatorParams(
                vad_analyzer=ScriptedVAD(),
                user_turn_strategies=UserTurnStrategies(
                    stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=self.turn)]
                ),
                user_idle_timeout=self.idle,
            ),
        )
        self.user = pair.user()
        self.worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    self.stt,
                    self.user,
                    self.llm,
                    self.tts,
                    transport.output(),
                    pair.assistant(),
                ]
            ),
            params=PipelineParams(
                audio_in_sample_rate=8000,
                audio_out_sample_rate=8000,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            observers=[self.watch],
            enable_rtvi=False,
        )

        @transport.event_handler("on_client_connected")
        async def connected(*_: object) -> None:
            if self.greeting:
                await self.worker.queue_frame(TTSSpeakFrame(self.greeting))

        @transport.event_handler("on_client_disconnected")
        async def disconnected(*_: object) -> None:
            await self.worker.cancel()

    async def serve(self, until: float) -> None:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        async with asyncio.timeout(until + 20), asyncio.TaskGroup() as group:
            group.create_task(runner.run())
            group.create_task(self.line.run(until))

    @property
    def said(self) -> list[tuple[str, str]]:
        messages: list[Any] = self.context.messages
        return [(m["role"], m["content"]) for m in messages if "content" in m]


async def test_two_turns_read_like_a_timetable(virtual_time: VirtualTime, cast: Cast) -> None:
    line = PhoneLine()
    bot = Bot(
        line,
        cast.stt("What time is it?", "Thank you."),
        cast.llm(
            Script(Expect("what time", "It is noon. Anything else?"), Expect("thank", "Bye then.")),
        ),
        cast.tts(),
        greeting="Hello.",
    )
    line.speaks(1.5, 2.5)
    line.speaks(6.0, 6.8)
    await bot.serve(until=10)

    hello, noon, bye = line.utterances()
    assert (hello.text, noon.text, bye.text) == (
        "Hello.",
        "It is noon. Anything else?",
        "Bye then.",
    )
    # VAD stop 0.2, transcript 0.05, first token 0.1, the sentence's tokens, first audio 0.05
    assert 2.9 <= noon.start <= 3.2
    assert 7.2 <= bye.start <= 7.5
    assert noon.end - noon.start == pytest.approx(26 * 0.06, abs=0.1)
    assert bot.said == [
        ("assistant", "Hello."),
        ("user", "What time is it?"),
        ("assistant", "It is noon. Anything else?"),
        ("user", "Thank you."),
        ("assistant", "Bye then."),
    ]
    assert len(line.clears) == 2  # Pipecat clears at each turn's start, speaking or not
    kinds = {type(metric) for metric in bot.watch.metrics}
    assert {TTFBMetricsData, LLMUsageMetricsData, TTSUsageMetricsData} <= kinds
    ttfb = {m.processor[:11]: m.value for m in bot.watch.metrics if isinstance(m, TTFBMetricsData)}
    assert ttfb["ScriptedLLM"] == pytest.approx(0.1, abs=0.001)
    assert ttfb["ScriptedTTS"] == pytest.approx(0.05, abs=0.001)
    assert ttfb["ScriptedSTT"] == pytest.approx(0.25, abs=0.021)


async def test_barge_in_clears_the_line_and_cuts_the_context(
    virtual_time: VirtualTime, cast: Cast
) -> None:
    line = PhoneLine()
    story = "Once upon a time. There was a king. He had a daughter. She had a horse. The end."
    bot = Bot(
        line,
        cast.stt("Tell me a story.", "Stop."),
        cast.llm(Script(Expect("story", story), Expect("stop", "All right."))),
        cast.tts(),
    )
    line.speaks(0.5, 1.5)
    line.speaks(4.0, 4.6)
    await bot.serve(until=9)

    told, answer = line.utterances()
    assert 4.2 <= line.clears[-1] <= 4.35
    assert told.end <= 4.4
    assert story.startswith(told.text)
    assert answer.text == "All right."
    assert "The end." not in dict(bot.said)["assistant"]


async def test_a_tool_runs_and_its_result_is_spoken(virtual_time: VirtualTime, cast: Cast) -> None:
    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Say what the weather is.

        Args:
            city: Where.
        """
        await asyncio.sleep(1)
        await params.result_callback({"degrees": 22, "city": city})

    line = PhoneLine()
    script = Script(
        Expect("weather", CallTool("get_weather", {"city": "Graz"})),
        Expect(tool_result("22"), "It is mild."),
    )
    bot = Bot(line, cast.stt("How is the weather?"), cast.llm(script), cast.tts(), [get_weather])
    line.speaks(0.5, 1.5)
    await bot.serve(until=8)
    assert [u.text for u in line.utterances()] == ["It is mild."]
    assert bot.llm.asks[0].tools == ("get_weather",)
    assert bot.llm.asks[1].results == ['{"degrees": 22, "city": "Graz"}']


async def test_an_unfinished_sentence_is_waited_for(virtual_time: VirtualTime, cast: Cast) -> None:
    line = PhoneLine()
    turn = ScriptedTurn([False, True])
    bot = Bot(
        line,
        cast.stt("I would like", "a pizza."),
        cast.llm(Script(Expect("I would like a pizza", "Coming."))),
        cast.tts(),
        turn=turn,
    )
    line.speaks(0.5, 1.5)
    line.speaks(3.0, 3.8)
    await bot.serve(until=8)
    assert [u.text for u in line.utterances()] == ["Coming."]
    assert turn.asked == 2


async def test_a_silent_minute_takes_moments(virtual_time: VirtualTime, cast: Cast) -> None:
    line = PhoneLine()
    bot = Bot(line, cast.stt(), cast.llm(Script()), cast.tts(), idle=20, greeting="Hello.")
    asked: list[float] = []

    @bot.user.event_handler("on_user_turn_idle")
    async def idle(*_: object) -> None:
        asked.append(line.now)
        if len(asked) == 1:
            await bot.worker.queue_frame(TTSSpeakFrame("Are you there?"))
        else:
            await bot.worker.queue_frames([TTSSpeakFrame("Goodbye."), EndFrame()])

    await bot.serve(until=90)
    assert [u.text for u in line.utterances()] == ["Hello.", "Are you there?", "Goodbye."]
    assert 20 <= asked[0] <= 21.5
    assert 40 <= asked[1] <= 43
    assert line.ended_at is not None
    assert line.ended_at < 50


async def test_words_are_read_from_speech_and_keys_arrive(
    virtual_time: VirtualTime, cast: Cast
) -> None:
    line = PhoneLine()
    bot = Bot(line, cast.stt(hears=True), cast.llm(lambda ask: f"You said: {ask.user}"), cast.tts())
    line.says(0.5, "My number is 42.")
    line.presses(0.2, "7")
    await bot.serve(until=6)
    assert [u.text for u in line.utterances()] == ["You said: My number is 42."]
    assert bot.watch.digits == ["7"]
    assert bot.stt.segments[0] > 16 * 0.06


async def test_a_failed_model_is_an_error_not_an_answer(
    virtual_time: VirtualTime, cast: Cast
) -> None:
    line = PhoneLine()
    bot = Bot(line, cast.stt("Hello?"), cast.llm(lambda ask: ConnectionError("gone")), cast.tts())
    errors: list[str] = []

    @bot.worker.event_handler("on_pipeline_error")
    async def failed(_: object, frame: Any) -> None:
        errors.append(frame.error)

    line.speaks(0.5, 1.5)
    await bot.serve(until=4)
    assert line.utterances() == []
    assert errors
    assert "gone" in errors[0]


async def test_what_the_script_did_not_foresee_is_named(virtual_time: VirtualTime) -> None:
    cast = Cast()
    line = PhoneLine()
    script = Script(Expect("hello", "Hi."), Expect("goodbye", "Bye."))
    bot = Bot(line, cast.stt("How are you?"), cast.llm(script), cast.tts())
    line.speaks(0.5, 1.5)
    line.speaks(3.0, 4.0)
    await bot.serve(until=6)
    with pytest.raises(ScriptError) as problem:
        cast.assert_done()
    assert "unexpected request 'How are you?', expected 'hello'" in str(problem.value)
    assert "unused step 'goodbye'" in str(problem.value)
    assert "script 'stt': 1 unexpected requests" in str(problem.value)
