"""What an operator does to a live call: hang up, hand over, whisper, listen in."""

import asyncio
import json
import re
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.errors import ProviderError
from bot.store import desk as store_desk
from bot.store.records import next_id
from bot.telephony.putting_through import put_through
from bot.web.console.desk import Desk
from bot.web.console.live import Followed
from bot.web.console.messages import Transfer
from bot.web.console.refusals import refuse

HUNG_UP = "operator hung up"
LISTEN_PIECES = 100
"""Audio kept for a listener whose network is slow: some two seconds; older audio is dropped."""
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


def find(desk: Desk, call_id: str) -> Followed:
    """The live call with that id.

    Raises:
        ConsoleRefused: it is over, or another process has it.
    """
    followed = desk.live.calls.get(call_id)
    if followed is None:
        where = "It is another server's." if call_id in desk.elsewhere else "It is over."
        raise refuse("gone", f"This call cannot be reached from here. {where}")
    return followed


async def hang_up(desk: Desk, call_id: str, who: str) -> None:
    """End a call; the caller is told goodbye.

    Raises:
        ConsoleRefused: it is over, or another process has it.
    """
    call = find(desk, call_id).call
    if call.hang_up is None:
        raise refuse("no", "This call has not begun yet, or is ending already.")
    desk.recorder.event(call_id, "operator", f"hung up, by {who}")
    await call.hang_up(HUNG_UP)


async def transfer(desk: Desk, call_id: str, order: Transfer, who: str) -> str:
    """Hand a caller to a contact or a number; returns to whom.

    Raises:
        ConsoleRefused: it cannot be done; the text says why.
        StoreError: the summary cannot be written.
    """
    call = find(desk, call_id).call
    if call.channel != "phone" or not call.provider_call_id:
        raise refuse("no", "Only a phone call can be handed over.")
    if desk.twilio is None or not desk.settings.PUBLIC_URL:
        raise refuse("no", "Handing over needs Twilio's credentials and PUBLIC_URL.")
    contacts = desk.settings.contacts
    number = contacts.get(order.to) or (order.to if _NUMBER.fullmatch(order.to) else "")
    if not number:
        raise refuse("invalid", f"{order.to} is neither a contact nor a number like +15551234567.")
    note = await store_desk.hand_over(
        desk.store, call_id=call_id, target=order.to, summary=order.summary, key=next_id()
    )
    try:
        await put_through(desk.twilio, desk.settings, call, number, note.token, order.to)
    except ProviderError as error:
        raise refuse("no", f"Not handed over: {error}") from None
    desk.recorder.event(call_id, "operator", f"handed to {order.to}, by {who}")
    return order.to


async def whisper(desk: Desk, call_id: str, text: str, who: str) -> None:
    """Give the bot an instruction.

    Raises:
        ConsoleRefused: the call is over, or another process has it.
    """
    await find(desk, call_id).whisper(text)
    desk.recorder.event(call_id, "operator", f"whispered by {who}: {text}")


async def listen(desk: Desk, call_id: str, websocket: WebSocket, who: str) -> None:
    """Send a call's sound to an accepted websocket until either is over.

    Each message is one byte (0: the caller, 1: the bot), three of nothing, four of the rate in
    hertz (little-endian), then 16-bit mono PCM. A text message says that the call is over.
    """
    followed = desk.live.calls.get(call_id)
    if followed is None:
        await _say_over(websocket)
        return
    pieces: asyncio.Queue[bytes] = asyncio.Queue(LISTEN_PIECES)

    def hear(side: str, pcm: bytes, rate: int) -> None:
        if pieces.full():
            pieces.get_nowait()
        pieces.put_nowait(bytes([side == "bot", 0, 0, 0]) + rate.to_bytes(4, "little") + pcm)

    async def send() -> None:
        while True:
            await websocket.send_bytes(await pieces.get())

    desk.recorder.event(call_id, "operator", f"listens in, by {who}")
    followed.sound.add(hear)
    works = (send(), _closed(websocket), followed.over.wait())
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        followed.sound.remove(hear)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if followed.over.is_set():
        await _say_over(websocket)


async def _closed(websocket: WebSocket) -> None:
    try:
        while True:
            await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        return


async def _say_over(websocket: WebSocket) -> None:
    try:
        await websocket.send_text(json.dumps({"over": True}))
        await websocket.close()
    except (WebSocketDisconnect, RuntimeError):
        return
