"""A program in llama.cpp's place: same announcement, same paths, canned answers.

`python standin_llama.py FOLDER`: keeps slot files and a diary (diary.jsonl, one request a line) in
FOLDER.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

CONTEXT = 6  # messages that fit


class StandIn:
    """Answers with what it was asked; "stall" never ends, "die" ends the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def note(self, **what: Any) -> None:
        with (self.folder / "diary.jsonl").open("a") as diary:
            diary.write(json.dumps(what | {"pid": os.getpid()}) + "\n")

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        said = body["messages"][-1]["content"]
        self.note(path="chat", body=body)
        if said == "die":
            os._exit(3)
        if len(body["messages"]) > CONTEXT:
            error = {"code": 400, "message": "too long", "type": "exceed_context_size_error"}
            return web.json_response({"error": error}, status=400)
        if not body.get("stream"):
            choice = {"message": {"role": "assistant", "content": f"You said {said}."}}
            return web.json_response({"choices": [choice]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for word in ("You ", "said ", said):
                delta = {"choices": [{"delta": {"content": word}}]}
                await response.write(b"data: " + json.dumps(delta).encode() + b"\n\n")
                if said == "stall":
                    await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.note(path="broken off")
            raise
        await response.write(b"data: [DONE]\n\n")
        return response

    async def template(self, request: web.Request) -> web.Response:
        return web.json_response({"prompt": json.dumps(await request.json())})

    async def completion(self, request: web.Request) -> web.Response:
        self.note(path="completion", body=await request.json())
        return web.Response(text='data: {"prompt_progress": {"processed": 1, "total": 2}}\n\n')

    async def slot(self, request: web.Request) -> web.Response:
        action, number = request.query["action"], request.match_info["slot"]
        path = self.folder / "cache" / "warm" / (await request.json())["filename"]
        self.note(path=action, slot=number)
        if action == "save":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("state")
        elif path.read_text() != "state":
            error = {"code": 400, "message": "cannot restore", "type": "invalid_request_error"}
            return web.json_response({"error": error}, status=400)
        return web.json_response({"n_restored": 7})

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def serve(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/apply-template", self.template)
        app.router.add_post("/completion", self.completion)
        app.router.add_post("/slots/{slot}", self.slot)
        app.router.add_get("/health", self.health)
        runner = web.AppRunner(app, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        told = {"event": "listening", "address": f"http://127.0.0.1:{port}", "engine": "stand-in"}
        print(json.dumps(told), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(StandIn(Path(sys.argv[1])).serve())
