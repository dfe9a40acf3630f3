"""Open-Meteo: where a place is, and its weather. Needs no key; with one, commercial use is allowed.

API: `/v1/search?name=` (no match: no `results`), `/v1/forecast`; weather codes are WMO 4677 as
listed in Open-Meteo's documentation.
"""

from dataclasses import dataclass
from typing import Any

import httpx2

from bot.errors import ProviderUnavailable
from tools.sources.http import get_json

_CODES = {
    **{0: "clear sky", 1: "mostly clear", 2: "partly cloudy", 3: "overcast", 45: "fog"},
    **{48: "freezing fog", 51: "light drizzle", 53: "drizzle", 55: "heavy drizzle"},
    **{56: "freezing drizzle", 57: "freezing drizzle", 61: "light rain", 63: "rain"},
    **{65: "heavy rain", 66: "freezing rain", 67: "freezing rain", 71: "light snow", 73: "snow"},
    **{75: "heavy snow", 77: "snow grains", 80: "light showers", 81: "showers"},
    **{82: "violent showers", 85: "snow showers", 86: "heavy snow showers"},
    **{95: "a thunderstorm", 96: "a thunderstorm with hail", 99: "a thunderstorm with hail"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place: its name, its country, where it is (degrees), and its time zone (IANA name)."""

    name: str
    country: str
    latitude: float
    longitude: float
    zone: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day's weather. Temperatures in °C; `rain` is the chance of rain in percent, or None."""

    date: str
    words: str
    low: float
    high: float
    rain: int | None


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather now (°C, km/h) and on the coming days, today first."""

    words: str
    temperature: float
    wind: float
    days: tuple[Day, ...]


async def find_place(
    http: httpx2.AsyncClient, base: str, name: str, language: str, key: str = ""
) -> Place | None:
    """The place that people mean by a name, or None.

    Raises:
        ProviderError: it does not answer, or says no.
    """
    city, _, country = (part.strip() for part in name[:120].partition(","))
    query = {"name": city, "count": 5, "language": language, **_key(key)}
    found = await get_json(http, "Open-Meteo", f"{base}/v1/search", query)
    results = [one for one in found.get("results") or [] if isinstance(one, dict)]
    there = [one for one in results if country and country.casefold() in _where(one)]
    for one in there or results:
        try:
            return Place(
                str(one["name"]),
                str(one.get("country", "")),
                float(one["latitude"]),
                float(one["longitude"]),
                str(one.get("timezone") or "UTC"),
            )
        except (LookupError, TypeError, ValueError):
            continue
    return None


async def weather_at(http: httpx2.AsyncClient, base: str, place: Place, key: str = "") -> Weather:
    """The weather at a place, now and for seven days.

    Raises:
        ProviderError: it does not answer, says no, or sends something else.
    """
    query: dict[str, Any] = {
        **{"latitude": place.latitude, "longitude": place.longitude, "timezone": "auto"},
        "current": "temperature_2m,weather_code,wind_speed_10m",
        "daily": "weather_code,temperature_2m_max,temperature_2m_min,precipitation_probability_max",
        **_key(key),
    }
    found = await get_json(http, "Open-Meteo", f"{base}/v1/forecast", query)
    try:
        now, daily = found["current"], found["daily"]
        rows = zip(
            daily["time"],
            daily["weather_code"],
            daily["temperature_2m_min"],
            daily["temperature_2m_max"],
            daily["precipitation_probability_max"],
            strict=True,
        )
        days = tuple(
            Day(str(date), words(code), float(low), float(high), None if r is None else int(r))
            for date, code, low, high, r in rows
        )
        wind = float(now["wind_speed_10m"])
        return Weather(words(now["weather_code"]), float(now["temperature_2m"]), wind, days)
    except (LookupError, TypeError, ValueError):
        raise ProviderUnavailable("Open-Meteo: an answer without the weather") from None


def words(code: object) -> str:
    """A WMO weather code in words."""
    return _CODES.get(int(code), "changing weather") if isinstance(code, int | float) else "unknown"


def _where(result: dict[str, Any]) -> str:
    parts = (result.get(name) or "" for name in ("country", "country_code", "admin1"))
    return " ".join(map(str, parts)).casefold()


def _key(key: str) -> dict[str, str]:
    return {"apikey": key} if key else {}
