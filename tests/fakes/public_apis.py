"""Wikipedia, Open-Meteo and YouTube's Data API on one loopback port, with their wire shapes.

python -m tests.fakes.public_apis --port 9004
"""

import argparse
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.server import StandIn, main

KEY = "AIza-test"
QUOTA = "quotaExceeded"


@dataclass(slots=True, kw_only=True)
class ApiRequest(Recorded):
    """A GET request: its path and its query."""

    path: str
    query: dict[str, str]


class PublicApis(StandIn):
    """The three public APIs; a test fills what they know.

    Endpoints for `fail`: wiki-search, wiki-summary, places, forecast, youtube. `articles` is title
    -> extract; `places` name -> Open-Meteo's result; `videos` are (id, title, channel).
    """

    def __init__(self) -> None:
        super().__init__()
        self.articles = {"Ada Lovelace": "Ada Lovelace was an English mathematician."}
        self.places: dict[str, list[dict[str, Any]]] = {
            "munich": [_place("Munich", "Germany", "DE", 48.137, 11.575, "Europe/Berlin")],
            "paris": [
                _place("Paris", "France", "FR", 48.853, 2.349, "Europe/Paris"),
                _place("Paris", "United States", "US", 33.66, -95.55, "America/Chicago", "Texas"),
            ],
        }
        self.videos = [
            ("dQw4w9WgXcQ", "Smooth Jazz &amp; Rain", "Jazz Caf&#39;e"),
            ("abcdefghijk", "Piano Bar", "Ivory"),
        ]
        for path, endpoint, serve in (
            ("/w/rest.php/v1/search/page", "wiki-search", self._wiki_search),
            ("/api/rest_v1/page/summary/{title}", "wiki-summary", self._wiki_summary),
            ("/v1/search", "places", self._places),
            ("/v1/forecast", "forecast", self._forecast),
            ("/youtube/v3/search", "youtube", self._youtube),
        ):
            self.route("GET", path, endpoint, _read, serve)

    def settings(self) -> dict[str, str]:
        """The variables that point Tandem at this stand-in."""
        return {
            "WIKIPEDIA_URL": self.origin,
            "OPEN_METEO_URL": self.origin,
            "OPEN_METEO_GEOCODING_URL": self.origin,
            "YOUTUBE_API_URL": f"{self.origin}/youtube/v3",
            "YOUTUBE_API_KEY": KEY,
        }

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Google's error object; Open-Meteo's `reason` and Wikimedia's `title` beside it."""
        reason = code or {403: QUOTA, 400: "badRequest"}.get(status, "backendError")
        error = {"code": status, "message": message, "errors": [{"reason": reason}]}
        return json.dumps({"error": error, "reason": message, "title": message}).encode()

    def check(self, exchange: Exchange) -> None:
        """Wikimedia wants a user agent with a contact; YouTube wants the key."""
        record = _api(exchange)
        if record.endpoint.startswith("wiki") and "(" not in record.headers.get("user-agent", ""):
            raise Reject(403, "userAgent", "set a user-agent with a contact")
        given = record.query.get("key") or record.headers.get("x-goog-api-key")
        if record.endpoint == "youtube" and given != KEY:
            raise Reject(400, "badRequest", "API key not valid")

    async def _wiki_search(self, exchange: Exchange) -> web.StreamResponse:
        words = _api(exchange).query["q"].casefold().split()
        pages = [
            {
                **{"id": n, "key": title.replace(" ", "_"), "title": title, "excerpt": "…"},
                **{"description": None, "thumbnail": None, "matched_title": None},
            }
            for n, title in enumerate(self.articles)
            if any(word in title.casefold() for word in words)
        ]
        return await _reply(exchange, {"pages": pages})

    async def _wiki_summary(self, exchange: Exchange) -> web.StreamResponse:
        title = exchange.request.match_info["title"].replace("_", " ")
        if title not in self.articles:
            raise Reject(404, "notFound", "Not found.")
        body = {"type": "standard", "title": title, "lang": "en"}
        return await _reply(exchange, body | {"extract": self.articles[title]})

    async def _places(self, exchange: Exchange) -> web.StreamResponse:
        name = _api(exchange).query["name"]
        found = self.places.get(name.casefold(), [])
        body: dict[str, Any] = {"generationtime_ms": 0.5}
        # No match omits `results`.
        return await _reply(exchange, body | ({"results": found} if found else {}))

    async def _forecast(self, exchange: Exchange) -> web.StreamResponse:
        days = [f"2026-11-{day}" for day in range(22, 29)]
        body = {
            **{"latitude": 48.14, "longitude": 11.58, "timezone": "Europe/Berlin"},
            "current": {
                **{"time": "2026-11-22T10:00", "interval": 900},
                **{"temperature_2m": 3.6, "weather_code": 61, "wind_speed_10m": 12.2},
            },
            "daily": {
                "time": days,
                "weather_code": [61, 3, 0, 71, 2, 1, 0],
                "temperature_2m_max": [5.1, 6.0, 7.4, 1.0, 2.0, 3.0, 4.0],
                "temperature_2m_min": [0.4, 1.0, 2.0, -3.0, 0.0, 1.0, 2.0],
                "precipitation_probability_max": [80, 20, 0, 60, None, 5, 5],
            },
        }
        return await _reply(exchange, body)

    async def _youtube(self, exchange: Exchange) -> web.StreamResponse:
        items = [
            {
                "kind": "youtube#searchResult",
                "id": {"kind": "youtube#video", "videoId": key},
                "snippet": {"title": title, "channelTitle": channel, "description": ""},
            }
            for key, title, channel in self.videos
        ]
        return await _reply(exchange, {"kind": "youtube#searchListResponse", "items": items})


def _place(
    name: str, country: str, code: str, lat: float, lon: float, zone: str, admin: str = ""
) -> dict[str, Any]:
    where = {"country": country, "country_code": code, "admin1": admin or name}
    return {"name": name, "latitude": lat, "longitude": lon, "timezone": zone, **where}


async def _read(request: web.Request) -> Recorded:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = dict(request.query)
    return ApiRequest(endpoint="", headers=headers, path=request.path, query=query)


def _api(exchange: Exchange) -> ApiRequest:
    assert isinstance(exchange.record, ApiRequest)
    return exchange.record


async def _reply(exchange: Exchange, body: dict[str, Any]) -> web.StreamResponse:
    return await exchange.reply(json.dumps(body).encode())


if __name__ == "__main__":
    main(lambda _: PublicApis(), argparse.ArgumentParser(description="Public APIs' stand-in."))
