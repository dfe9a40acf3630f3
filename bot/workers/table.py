"""The workers' shared table: how many calls each has, and whether it takes more.

It lies in memory that all processes map; a row is written by its worker only, and read by all.
The front empties the row of a worker that has died, which gives its places back.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Self

from bot.errors import TandemError

ROWS = 256
"""More than workers there can be: 64, and as many that were replaced and still have calls."""
_CELLS = 3
_CELL_BYTES = 8


class State(IntEnum):
    """What a worker does. 0 is an empty row."""

    NONE = 0
    STARTING = 1
    WARMING = 2
    TAKING = 3
    LEAVING = 4


class Table:
    """Rows of three numbers. `descriptor` is handed to the workers, which map the same memory."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, ROWS * _CELLS * _CELL_BYTES)
        self.cells = memoryview(self._memory).cast("q")

    @classmethod
    def create(cls) -> Self:
        """A new, empty table.

        Raises:
            TandemError: this system has no such memory.
        """
        try:
            descriptor = os.memfd_create("tandem-workers")
        except (AttributeError, OSError):
            raise TandemError("WORKERS: more than one needs Linux; set WORKERS=1") from None
        os.ftruncate(descriptor, ROWS * _CELLS * _CELL_BYTES)
        return cls(descriptor)

    def row(self, index: int) -> "Row":
        """One worker's row."""
        return Row(self.cells, index)

    def free_row(self) -> "Row | None":
        """A row that nobody has."""
        rows = (self.row(index) for index in range(ROWS))
        return next((row for row in rows if row.state is State.NONE), None)

    @property
    def taken(self) -> int:
        """How many places all workers have taken."""
        return sum(self.cells[::_CELLS])

    @property
    def taking(self) -> int:
        """How many workers take calls."""
        return list(self.cells[1::_CELLS]).count(State.TAKING)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among the processes; the kernel unlocks for one that dies.

        Held for microseconds: nothing that waits may be done inside.
        """
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the memory."""
        self.cells.release()
        self._memory.close()
        os.close(self.descriptor)


class Row:
    """One worker's numbers."""

    def __init__(self, cells: memoryview, index: int) -> None:
        self.index = index
        self._cells = cells
        self._at = index * _CELLS

    @property
    def taken(self) -> int:
        """How many places this worker has taken."""
        return int(self._cells[self._at])

    @taken.setter
    def taken(self, value: int) -> None:
        self._cells[self._at] = value

    @property
    def state(self) -> State:
        """What this worker does."""
        return State(self._cells[self._at + 1])

    @state.setter
    def state(self, value: State) -> None:
        self._cells[self._at + 1] = value

    def beat(self) -> None:
        """Say that this worker's event loop runs."""
        self._cells[self._at + 2] = time.monotonic_ns()

    @property
    def silent_for(self) -> float:
        """Seconds since the last beat."""
        return (time.monotonic_ns() - self._cells[self._at + 2]) / 1e9

    def empty(self) -> None:
        """Give the row and its places back."""
        self.state, self.taken = State.NONE, 0


class SharedPlaces:
    """The places of all workers; `limit` holds for their sum.

    Implements `bot.switchboard.Places`.
    """

    def __init__(self, table: Table, row: Row, limit: int) -> None:
        self.limit = limit
        self._table = table
        self._row = row

    @property
    def taken(self) -> int:
        """How many places are taken, by all."""
        return self._table.taken

    @property
    def workers(self) -> int:
        """How many processes take calls."""
        return self._table.taking

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self._table.taken >= self.limit

    def take(self) -> bool:
        """Take a place; False if none is free."""
        with self._table.locked():
            if self.full:
                return False
            self._row.taken += 1
            return True

    def give(self) -> None:
        """Give a place back."""
        self._row.taken -= 1
