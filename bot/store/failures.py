"""What a failed statement means: is the database away, or is the record at fault?"""

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

# Raised by Python or by a driver that was given a value it cannot turn into the database's.
_BAD_VALUE = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
# SQLSTATE classes: cardinality violation, data exception, integrity constraint violation
# (PostgreSQL manual, appendix A).
_BAD_RECORD = ("21", "22", "23")
_LONGEST = 300


def blames_record(error: BaseException) -> bool:
    """Whether writing the same record again can never succeed.

    Everything else (no connection, no space, a lock, a missing table or right) is the database's
    trouble and may pass.
    """
    if isinstance(error, IntegrityError | DataError):
        return True
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        cause = getattr(error.orig, "__cause__", None)
        return state[:2] in _BAD_RECORD or (not state and isinstance(cause, _BAD_VALUE))
    if isinstance(error, StatementError):
        return isinstance(error.orig, _BAD_VALUE)
    return isinstance(error, _BAD_VALUE)


def kind_of(error: BaseException) -> str:
    """The error's class, and SQLSTATE where there is one: never a word of what was written."""
    origin = getattr(error, "orig", None) or error
    cause = origin.__cause__ or origin
    state = getattr(origin, "sqlstate", None)
    return f"{type(cause).__name__} {state}" if state else type(cause).__name__


def reason_of(error: BaseException, secret: str | None) -> str:
    """Why the database did not do it, on one line, with `secret` blotted out."""
    origin = getattr(error, "orig", None) or error
    cause = origin.__cause__ or origin
    lines = str(cause).strip().splitlines()
    text = (lines[0] if lines else "") or type(cause).__name__
    if isinstance(cause, TimeoutError):
        text = "it does not answer in time"
    if secret:
        text = text.replace(secret, "***")
    return text[:_LONGEST]
