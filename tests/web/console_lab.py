"""A console on a store that a test fills, and a client that is its operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bot.settings import Settings
from bot.store import queries_index
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Switchboard
from bot.web.console.desk import Desk, Reports
from bot.web.console.modes import ModeDesk
from bot.web.console.routes import console_router
from bot.web.security import SecurityHeaders

HOME = "http://127.0.0.1:7860"
PASSWORD = "correct horse battery"


@dataclass
class Lab:
    """The console and whoever sits before it."""

    desk: Desk
    app: FastAPI
    client: httpx.AsyncClient
    csrf: str = ""

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        """Sign in as the page does."""
        answer = await self.client.post(
            "/console/api/session", json={"password": password}, headers={"origin": HOME}
        )
        session = (await self.client.get("/console/api/session")).json()
        self.csrf = session["csrf"]
        return answer

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """Change something as the page does."""
        headers = {"origin": HOME, "x-csrf-token": self.csrf}
        return await self.client.post(f"/console/api/{path}", json=body, headers=headers)

    async def get(self, path: str, **query: Any) -> Any:
        """Read something as the page does."""
        answer = await self.client.get(f"/console/api/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def settled(self) -> None:
        """Wait until everything that was recorded is written and indexed."""
        await self.desk.recorder.flush()
        while await queries_index.index_ended(self.desk.store):
            continue


@asynccontextmanager
async def console(
    folder: Path,
    *,
    peer: str = "127.0.0.1",
    base: str = HOME,
    modes: ModeDesk | None = None,
    reports: Reports | None = None,
    **settings: Any,
) -> AsyncIterator[Lab]:
    """A console whose visitor sits at the address `peer`."""
    chosen = {"OPERATOR_PASSWORD": PASSWORD, "DATA_DIR": folder, **settings}
    loaded = Settings.load(env_file=None, **chosen)
    store = await Store.open(f"sqlite:///{folder}/tandem.db")
    recorder = Recorder(store)
    recorder.start()
    desk = Desk(
        settings=loaded,
        switchboard=Switchboard(4),
        store=store,
        recorder=recorder,
        twilio=None,
        ready=lambda: "",
        reports=reports or Reports(),
        modes=modes,
    )
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    app.include_router(console_router(desk))
    transport = httpx.ASGITransport(app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield Lab(desk, app, client)
    await desk.recordings.close()
    await recorder.close()
    await store.close()
