"""What a failure means, and what may be said of it."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from bot.store.failures import blames_record, kind_of, reason_of


class Adapted(Exception):
    """A driver's error as SQLAlchemy's adapter hands it on."""

    def __init__(self, sqlstate: str | None, cause: Exception | None = None) -> None:
        super().__init__("adapted")
        self.sqlstate = sqlstate
        self.__cause__ = cause


def wrapped(sqlstate: str | None, cause: Exception | None = None) -> DBAPIError:
    return DBAPIError("INSERT", {}, Adapted(sqlstate, cause))


@pytest.mark.parametrize(
    ("error", "record"),
    [
        (IntegrityError("INSERT", {}, Exception("foreign key")), True),
        (wrapped("22021"), True),
        (wrapped("23502"), True),
        (wrapped("22000", asyncpg.DataError("invalid input")), True),
        (wrapped(None, ValueError("not a number")), True),
        (StatementError("", "INSERT", {}, ValueError("no time zone")), True),
        (OverflowError("too large"), True),
        (OperationalError("INSERT", {}, Exception("database is locked")), False),
        (wrapped("53100"), False),
        (wrapped("57P01"), False),
        (wrapped("42P01"), False),
        (wrapped(None, asyncpg.ConnectionDoesNotExistError("closed")), False),
        (ConnectionRefusedError(111, "refused"), False),
        (TimeoutError(), False),
    ],
)
def test_who_is_at_fault(error: Exception, record: bool) -> None:
    assert blames_record(error) is record


def test_a_reason_is_one_line_without_the_password() -> None:
    error = OSError("cannot reach ann:hunter2@db\nand more about hunter2")
    assert reason_of(error, "hunter2") == "cannot reach ann:***@db"
    assert reason_of(TimeoutError(), None) == "it does not answer in time"
    assert reason_of(RuntimeError(), None) == "RuntimeError"


def test_a_kind_says_nothing_of_what_was_written() -> None:
    error = wrapped("22021", asyncpg.DataError("the caller said hello"))
    assert kind_of(error) == "DataError 22021"
