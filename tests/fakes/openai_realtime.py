"""OpenAI's Realtime API on a loopback port: a websocket that hears and speaks.

As a process:

    python -m tests.fakes.openai_realtime --port 9003 --first-ms 300 --transcript-ms 250

Protocol after OpenAI's reference of the GA Realtime API (client and server events) and what
Pipecat's service sends and reads. Speech is `voice.speak`, and the caller's words are read out of
the sound the same way, unless `transcripts` has them.
"""

import argparse
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.exchange import Exchange, Reject
from tests.fakes.faults import Fault
from tests.fakes.realtime_session import RealtimeDelays, RealtimeSession, SessionRequest
from tests.fakes.server import StandIn, main

KEY = "sk-test"
_CODES = {
    400: ("invalid_request_error", "invalid_request"),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", "server_error"),
    503: ("server_error", "server_error"),
}


class RealtimeApi(StandIn):
    """The Realtime API.

    Language: `replies` and `brain` (see `StandIn.think`); an `Ask` is made of the conversation's
    items, the caller's turns as their transcripts. Hearing: `transcripts`, a queue of texts; when
    it is empty, the words in the audio.

    Endpoints for `fail`: `realtime` strikes the upgrade; `session` a new connection, `response` an
    answer: a status makes it fail, the others strike in its middle, after `fault.after` pieces of
    sound (RESET: at once, HANG: nothing comes of it).
    """

    def __init__(self, key: str | None = KEY, delays: RealtimeDelays | None = None) -> None:
        """Args: the only key accepted (None: any), and the delays."""
        super().__init__()
        self.key, self.delays = key, delays or RealtimeDelays()
        self.transcripts: deque[str | None] = deque()
        self.models: set[str] | None = None
        self.sessions: list[RealtimeSession] = []
        self.route("GET", "/v1/realtime", "realtime", _read, self._socket)

    @property
    def url(self) -> str:
        """The address for clients, without `?model=`."""
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    @property
    def session(self) -> RealtimeSession:
        """The latest session."""
        return self.sessions[-1]

    def drop(self) -> None:
        """Cut every connection, as a network does."""
        for session in self.sessions:
            session.cut()

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return OpenAI's error object."""
        kind, usual = _CODES.get(status, ("server_error", "server_error"))
        error = {"type": kind, "code": code or usual, "message": message, "param": None}
        return json.dumps({"error": error}).encode()

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong key or an unknown model."""
        given = exchange.request.headers.get("authorization")
        if self.key is not None and given != f"Bearer {self.key}":
            raise Reject(401, "invalid_api_key", "Incorrect API key provided.")
        model = exchange.request.query.get("model", "")
        if not model or (self.models is not None and model not in self.models):
            raise Reject(404, "model_not_found", "The model does not exist.")

    def fault_of(self, endpoint: str) -> Fault | None:
        """What strikes the next answer, or the next session."""
        return self.faults.pick(endpoint)

    def happened(self) -> None:
        """Let those who wait (`when`) look again."""
        self._news.set()

    async def _socket(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, SessionRequest)
        session = RealtimeSession(exchange, record, self)
        self.sessions.append(session)
        return await session.serve()


async def _read(request: web.Request) -> SessionRequest:
    return SessionRequest(
        endpoint="realtime",
        headers=dict(request.headers),
        model=request.query.get("model", ""),
    )


@dataclass(frozen=True)
class _Reply:
    text: str

    def __call__(self, _: Any) -> str:
        return self.text


def _make(arguments: argparse.Namespace) -> RealtimeApi:
    delays = RealtimeDelays(
        first=arguments.first_ms / 1000, transcript=arguments.transcript_ms / 1000
    )
    api = RealtimeApi(key=None, delays=delays)
    if arguments.reply:
        api.brain = _Reply(arguments.reply)
    return api


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for OpenAI's Realtime API.")
    parser.add_argument("--first-ms", type=float, default=250.0)
    parser.add_argument("--transcript-ms", type=float, default=200.0)
    parser.add_argument("--reply", default="", help="what to answer; empty repeats the caller")
    return parser


if __name__ == "__main__":
    main(_make, _parser())
