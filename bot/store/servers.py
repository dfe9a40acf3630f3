"""Which processes write calls, and which of them have died with calls still open.

A process on this machine is judged by the kernel: its pid, and when it was born. One elsewhere
is judged by its heartbeat, on the database's clock, so that no two clocks are compared.
"""

import asyncio
import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import CallRow, ServerRow, UtcDateTime

BEAT_SECONDS = 10.0
DEAD_AFTER_SECONDS = 60.0
"""Six beats: longer than a failing write takes, shorter than anyone asks about a lost call."""

SERVER_DIED = "server died"
_NOW = func.current_timestamp(type_=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Server:
    """This process, as its neighbours see it. `place` and `birth` are '' where unknown."""

    id: str = field(default_factory=lambda: uuid4().hex)
    place: str = field(default_factory=lambda: _place())
    pid: int = field(default_factory=os.getpid)
    birth: str = field(default_factory=lambda: _birth(os.getpid()))


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}/{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _birth(pid: int) -> str:
    """When the process began, in clock ticks since boot: field 22 of proc_pid_stat(5)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is the program's name in brackets and may hold anything.
    state, *numbers = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else numbers[18]


async def beat(connection: AsyncConnection, server: Server) -> bool:
    """Say that `server` lives; False if another had written it off in the meantime."""
    row = ServerRow.id == server.id
    # Locked: a neighbour that writes us off just now must not be overwritten unseen.
    question = select(ServerRow.stopped_at).where(row).with_for_update()
    stopped = (await connection.execute(question)).first()
    if stopped is None:
        values = {"id": server.id, "place": server.place, "pid": server.pid, "birth": server.birth}
        await connection.execute(insert(ServerRow).values(**values, started_at=_NOW, seen_at=_NOW))
        return True
    await connection.execute(update(ServerRow).where(row).values(seen_at=_NOW, stopped_at=None))
    return stopped.stopped_at is None


async def farewell(connection: AsyncConnection, server: Server) -> None:
    """Say that `server` stops of its own will."""
    await connection.execute(
        update(ServerRow).where(ServerRow.id == server.id).values(seen_at=_NOW, stopped_at=_NOW)
    )


async def reap(connection: AsyncConnection, server: Server) -> int:
    """End the calls that dead servers left open; `server` itself is spared. Returns how many."""
    now = (await connection.execute(select(_NOW))).scalar_one()
    others = select(ServerRow).where(ServerRow.stopped_at.is_(None), ServerRow.id != server.id)
    rows = (await connection.execute(others)).all()
    late = now - timedelta(seconds=DEAD_AFTER_SECONDS)
    births = await asyncio.to_thread(lambda: {row.pid: _birth(row.pid) for row in rows})
    dead = [
        row.id
        for row in rows
        if (
            births[row.pid] != row.birth
            if row.place and row.place == server.place
            else row.seen_at < late
        )
    ]
    if dead:
        written_off = update(ServerRow).where(ServerRow.id.in_(dead))
        await connection.execute(written_off.values(stopped_at=_NOW))
    living = select(ServerRow.id).where(
        or_(ServerRow.stopped_at.is_(None), ServerRow.id == server.id)
    )
    orphans = (
        update(CallRow)
        .where(CallRow.ended_at.is_(None), CallRow.server_id.not_in(living))
        .values(state="failed", end_reason=SERVER_DIED, error=SERVER_DIED, ended_at=_NOW)
    )
    return (await connection.execute(orphans)).rowcount
