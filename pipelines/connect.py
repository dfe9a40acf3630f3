"""Pipecat's events of one conversation, handed to its journal and to care."""

from typing import TYPE_CHECKING, Any

from pipecat.frames.frames import EndWorkerFrame, InterruptionFrame

from bot.brain.speculation import ThinksAhead

if TYPE_CHECKING:
    from pipelines.conversation import Conversation


def connect(talk: "Conversation") -> None:
    """Hand Pipecat's events to the journal and to care."""
    worker: Any = talk.worker
    users: Any = talk.users
    assistants: Any = talk.assistants
    stops, journal, care = talk.stops, talk.journal, talk.care

    async def caller_started(*_: Any) -> None:
        care.caller_speaks()

    async def caller_stopped(_: Any, __: Any, message: Any) -> None:
        if talk.turn_left:
            return
        try:
            if message.content:
                journal.caller_said(message.content, message.timestamp)
        finally:  # whatever went wrong, the tools of this turn do not wait for ever
            if isinstance(talk.parts.llm, ThinksAhead):
                talk.parts.llm.turn_known()
        await care.caller_spoke(message.content or "")

    async def bot_stopped(_: Any, message: Any) -> None:
        said_nothing = not message.content and not message.interrupted
        journal.bot_finished(message.content, message.interrupted)
        if message.content and not message.interrupted:
            await care.bot_spoke()
        if said_nothing and not talk.left and not assistants.has_function_calls_in_progress:
            await care.no_answer()

    async def caller_silent(_: Any) -> None:
        await care.caller_is_silent()

    async def trouble(_: Any, frame: Any) -> None:
        usable = frame.processor is None or frame.processor.is_usable
        if usable and await stops.withdraw():  # nobody heard it; asked again at the turn's end
            journal.trouble("speculation failed", frame.error)
        else:
            await care.failed(frame)

    async def at_the_end(_: Any, frame: Any) -> None:
        if isinstance(frame, EndWorkerFrame):
            journal.last_words_said()
        else:
            await stops.interrupted(frame.id)
            talk.settled.set()

    worker.set_reached_downstream_filter((EndWorkerFrame, InterruptionFrame))
    worker.add_event_handler("on_frame_reached_downstream", at_the_end)
    users.add_event_handler("on_user_turn_started", caller_started)
    users.add_event_handler("on_user_turn_stopped", caller_stopped)
    users.add_event_handler("on_user_turn_idle", caller_silent)
    assistants.add_event_handler("on_assistant_turn_stopped", bot_stopped)
    worker.add_event_handler("on_idle_timeout", caller_silent)
    worker.add_event_handler("on_pipeline_error", trouble)
