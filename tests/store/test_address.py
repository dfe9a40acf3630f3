"""DATABASE_URL in all the ways people write it."""

import pytest

from bot.errors import StoreError
from bot.store.address import parse_address


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("sqlite:///var/tandem.db", "var/tandem.db"),
        ("sqlite+aiosqlite:///var/tandem.db", "var/tandem.db"),
        ("sqlite:////srv/tandem.db", "/srv/tandem.db"),
        ("  sqlite:////srv/tandem.db\n", "/srv/tandem.db"),
    ],
)
def test_sqlite_forms(written: str, file: str) -> None:
    address = parse_address(written)
    assert address.url.drivername == "sqlite+aiosqlite"
    assert str(address.file) == file


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_postgres_forms(scheme: str) -> None:
    address = parse_address(f"{scheme}://ann:p%40ss%2Fword@db.example:5433/calls")
    url = address.url
    assert (url.drivername, url.username, url.password) == (
        "postgresql+asyncpg",
        "ann",
        "p@ss/word",
    )
    assert (url.host, url.port, url.database) == ("db.example", 5433, "calls")
    assert address.secret == "p@ss/word"


def test_what_is_shown_holds_no_password() -> None:
    address = parse_address("postgres://ann:hunter2@db.example/calls")
    assert address.shown == "postgresql://ann:***@db.example/calls"
    assert "hunter2" not in repr(address)


def test_libpq_parameters_are_understood() -> None:
    address = parse_address(
        "postgresql:///calls?host=/run/pg&user=ann&password=hunter2&connect_timeout=3"
        "&sslmode=require&application_name=bot&options=-c%20search_path%3Dtandem&keepalives=1"
    )
    assert address.url.query == {"host": "/run/pg"}
    assert (address.url.username, address.url.password) == ("ann", "hunter2")
    assert address.connect_args["timeout"] == 3.0
    assert address.connect_args["dsn"] == "postgresql:///?sslmode=require"
    settings = address.connect_args["server_settings"]
    assert settings == {"application_name": "bot", "timezone": "UTC", "search_path": "tandem"}
    assert "hunter2" not in address.shown


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ann:hunter2@db/calls", "cannot be read as a URL"),
        ("postgresql://ann:hunter2@db:port/calls", "DATABASE_URL"),
        ("mysql://ann:hunter2@db/calls", "mysql://, which is unknown"),
        ("postgresql://ann:hunter2@db", "names no database"),
        ("postgresql://ann:hunter2@db/calls?colour=red", "unknown parameters: colour"),
        ("postgresql://ann:hunter2@db/calls?sslmode=perhaps", "sslmode is one of"),
        ("postgresql://ann:hunter2@db/calls?connect_timeout=soon", "number of seconds"),
        ("postgresql://ann:hunter2@db/calls?options=work_mem", "options are written as"),
        ("sqlite://tandem.db", "three slashes"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///a.db?mode=ro", "no parameters, got mode"),
        ("", "cannot be read as a URL"),
    ],
)
def test_wrong_forms_are_refused_in_one_line(written: str, said: str) -> None:
    with pytest.raises(StoreError) as caught:
        parse_address(written)
    text = str(caught.value)
    assert said in text
    assert "\n" not in text
    assert "hunter2" not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
