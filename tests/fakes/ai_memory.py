"""The AI-Memory service on a loopback port: small texts by type and key.

As a process: python -m tests.fakes.ai_memory --port 9007
"""

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.server import StandIn, main

TOKEN = "memory-test"
_FIELDS = {"type", "key", "value", "ttl_days", "source"}


@dataclass(slots=True, kw_only=True)
class MemoryRequest(Recorded):
    """One request: its path, its query and its JSON body ({} without one)."""

    path: str
    query: dict[str, str]
    body: dict[str, Any]


class AiMemory(StandIn):
    """The service. `memories` is what it keeps, oldest first; `db`: whether its database is up.

    Endpoints for `fail`: health, write, read.
    """

    def __init__(self, token: str | None = TOKEN) -> None:
        """Args: the only token accepted; None accepts any."""
        super().__init__()
        self.token, self.db = token, True
        self.memories: list[dict[str, Any]] = []
        self.route("GET", "/health", "health", _read, self._health)
        self.route("POST", "/v1/memories/shared", "write", _read, self._write)
        self.route("POST", "/v1/memories/user", "write", _read, self._write)
        self.route("GET", "/v1/memories", "read", _read, self._find)

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """FastAPI's error object, which the service has."""
        return json.dumps({"detail": message or code}).encode()

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong token; `/health` needs none."""
        given = exchange.request.headers.get("Authorization", "")
        open_to_all = exchange.record.endpoint == "health" or self.token is None
        if not open_to_all and given != f"Bearer {self.token}":
            raise Reject(401, "unauthorized", "Invalid token")

    def put(self, key: str, value: str, type: str = "setting", source: str = "somebody") -> None:
        """Keep a shared text, as another system would."""
        self._keep({"type": type, "key": key, "value": value, "source": source}, "")

    def shared(self, key: str) -> dict[str, Any] | None:
        """The shared text of a key."""
        found = [m for m in self.memories if m["key"] == key and not m["user_id"]]
        return found[-1] if found else None

    def _keep(self, body: dict[str, Any], user_id: str) -> dict[str, Any]:
        same = ("type", "key")
        self.memories = [
            m
            for m in self.memories
            if m["user_id"] != user_id or any(m[field] != body[field] for field in same)
        ]
        kept = {"id": len(self.requests), "user_id": user_id, **body}
        kept["created_at"] = datetime.now(UTC).isoformat()
        self.memories.append(kept)
        return kept

    async def _health(self, exchange: Exchange) -> web.StreamResponse:
        body = {"status": "ok" if self.db else "degraded", "db": self.db}
        return await exchange.reply(json.dumps(body).encode())

    async def _write(self, exchange: Exchange) -> web.StreamResponse:
        record = _of(exchange)
        if not {"type", "key", "value"} <= record.body.keys() <= _FIELDS:
            raise Reject(422, "invalid", "type, key and value are required")
        user_id = record.query.get("user_id", "")
        if record.path.endswith("/user") and not user_id:
            raise Reject(422, "invalid", "user_id is required")
        return await exchange.reply(json.dumps(self._keep(record.body, user_id)).encode())

    async def _find(self, exchange: Exchange) -> web.StreamResponse:
        query = _of(exchange).query
        user_id, kind = query.get("user_id", ""), query.get("memory_type", "")
        words = query.get("query", "").casefold()
        found = [
            m
            for m in reversed(self.memories)
            if m["user_id"] in ("", user_id)
            and kind in ("", m["type"])
            and words in f"{m['key']} {m['value']}".casefold()
        ]
        body = {"memories": found[: int(query.get("limit") or 20)]}
        return await exchange.reply(json.dumps(body).encode())


async def _read(request: web.Request) -> Recorded:
    body = await request.json() if request.can_read_body else {}
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = dict(request.query)
    return MemoryRequest(endpoint="", headers=headers, path=request.path, query=query, body=body)


def _of(exchange: Exchange) -> MemoryRequest:
    assert isinstance(exchange.record, MemoryRequest)
    return exchange.record


if __name__ == "__main__":
    main(lambda _: AiMemory(None), argparse.ArgumentParser(description="AI-Memory's stand-in."))
