"""The agent behind the stand-in of the gateway: what a run does, and the events it makes."""

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from tests.fakes.openclaw_wire import (
    DISABLED,
    OVERLOADED,
    WRONG_KEY,
    Overloaded,
    Run,
    Session,
    WrongKey,
    message,
)
from tests.fakes.script import Ask, CallTool, Message, Pause, Say, tokens

if TYPE_CHECKING:
    from tests.fakes.openclaw_gateway import OpenClawGateway


class Agent:
    """Works on runs for a gateway."""

    def __init__(self, gateway: "OpenClawGateway") -> None:
        self._gateway = gateway
        self.disabled = False

    async def work(self, session: Session, run: Run) -> None:
        """Answer the session's last message as `run`."""
        await self._chat(run, state="status", phase="preparing_workspace")
        await self._agent(run, "run_status", phase="preparing_workspace")
        await self._agent(run, "lifecycle", phase="start")
        await self._chat(run, state="status", phase="starting_model")
        if self.disabled:
            await self._fail(session, run, DISABLED)
            return
        results: list[Message] = []
        while not run.over:
            again = await self._turn(session, run, results)
            if run.queued and not again and not run.over:
                session.heard(run.queued.pop(0), uuid.uuid4().hex)
                results = []
                run.text += "\n\n"
                again = True
            if not again:
                break
        if not run.over:
            await self._end(session, run)

    async def abort(self, session: Session, run: Run, why: str) -> None:
        """Stop a run; its partial text is told."""
        run.status, run.stop_reason = "aborted", why
        session.active, session.aborted = None, True
        await self._chat(run, state="aborted", stopReason=why, message=message(run.text))
        await self._agent(run, "lifecycle", phase="end", status="cancelled", aborted=True)

    async def merge(self, run: Run) -> None:
        """End a run that has given way to another one: with an empty text."""
        run.status, run.reply = "ok", ""
        await self._chat(run, state="final")

    async def command(self, run: Run, what: str) -> None:
        """End a run whose message was carried out as a command."""
        run.status = "error" if what == "error" else "ok"
        run.error = "a directive"
        await self._chat(run, state="final", message=message("Help: /commands for full list"))

    async def _turn(self, session: Session, run: Run, results: list[Message]) -> bool:
        """One answer of the model. True if it has used tools and is to be asked again."""
        said = [Message(m["role"], _plain(m["content"])) for m in session.messages]
        emits = await self._gateway.think(Ask((*said, *results), ("exec",), "claude-model"))
        await asyncio.sleep(self._gateway.first_token)
        used, spoken = False, ""
        for emit in emits:
            if run.over:
                return False
            if isinstance(emit, Say):
                spoken += emit.text
                await self._say(run, emit)
            elif isinstance(emit, Pause):
                await asyncio.sleep(emit.seconds)
            elif isinstance(emit, CallTool):
                results.append(await self._use(run, emit))
                used = True
            elif isinstance(emit, Overloaded):
                await self._overloaded(session, run, emit)
            elif isinstance(emit, WrongKey):
                self.disabled = True
                await self._fail(session, run, WRONG_KEY, failoverReason="auth", httpStatus=401)
        if used:
            run.text += "\n\n" if spoken else ""
        else:
            run.reply = spoken
        return used

    async def _say(self, run: Run, say: Say) -> None:
        await self._agent(run, "lifecycle", phase="model", provider="claude")
        pace = self._gateway.token_delay if say.token is None else say.token
        for piece in tokens(say.text):
            if run.over:
                return
            run.text += piece
            await self._agent(run, "assistant", text=run.text, delta=piece)
            await self._chat(run, state="delta", deltaText=piece, message=message(run.text))
            await asyncio.sleep(pace)

    async def _use(self, run: Run, call: CallTool) -> Message:
        """The gateway runs the tool itself, with no approval."""
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        item = {"kind": "tool", "name": call.name, "title": f"{call.name.title()} print text"}
        await self._agent(run, "item", phase="start", status="running", **item)
        output = self._gateway.tools(call.name, arguments)
        await self._agent(run, "item", phase="end", status="completed", **item)
        return Message("tool", output, call_id=call.id)

    async def _overloaded(self, session: Session, run: Run, fault: Overloaded) -> None:
        for attempt in range(1, fault.tries + 1):
            about = {"retryAttempt": attempt, "maxRetries": fault.tries, "reason": "overloaded"}
            await self._agent(run, "run_status", phase="retrying", **about)
            await asyncio.sleep(fault.seconds / fault.tries)
            if run.over:
                return
        await self._fail(session, run, OVERLOADED, failoverReason="overloaded", httpStatus=529)

    async def _fail(self, session: Session, run: Run, why: str, **detail: Any) -> None:
        run.status, run.error = "error", why
        session.active = None
        about = {"errorDetail": detail} if detail else {}
        if detail.get("httpStatus") == 529:
            about["errorKind"] = "rate_limit"
        await self._agent(run, "lifecycle", phase="error", error=why)
        await self._chat(run, state="error", errorMessage=why, **about)
        # The real one says it twice, the second time without an agentId.
        await self._chat(run, state="error", errorMessage=f"Agent failed before reply: {why}")

    async def _end(self, session: Session, run: Run) -> None:
        run.status = "ok"
        session.active = None
        session.answered(run, run.reply, "stop")
        reply = {"disposition": "visible", "text": run.reply}
        await self._agent(run, "lifecycle", phase="end", terminalReply=reply)
        await self._chat(run, state="final", stopReason="stop", message=message(run.text))

    async def _chat(self, run: Run, **payload: Any) -> None:
        await self._event("chat", run, payload)

    async def _agent(self, run: Run, stream: str, **data: Any) -> None:
        await self._event("agent", run, {"stream": stream, "data": data})

    async def _event(self, name: str, run: Run, payload: dict[str, Any]) -> None:
        run.seq += 1
        about = {"runId": run.id, "sessionKey": run.session_key, "agentId": "main", "seq": run.seq}
        await self._gateway.broadcast(name, {**about, **payload})


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)
