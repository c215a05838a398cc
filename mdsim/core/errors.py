"""The error tree: whose fault it is, what to do next, and the exit code that tells a shell.

Every error carries a stable ``code`` that users may search for and a ``hint`` that says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells the shell; the list of the playbook language."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    BENCH_BROKE = 4
    NOTHING_SELECTED = 5
    LIMIT = 6
    INCONCLUSIVE = 7
    INTERNAL = 70
    INTERRUPTED = 130
    TERMINATED = 143


class MdsimError(Exception):
    """Parent of every error that mdsim raises on purpose; raise a child, never this.

    Attributes:
        code: stable identifier, such as ``MD012``.
        hint: one sentence that says what to do, or an empty string.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"error[{self.code}]: {self.message}" + (f"\nhelp: {self.hint}" if self.hint else "")


class UsageError(MdsimError):
    """The command line asks for something that does not exist or does not go together."""

    exit_code = ExitCode.USAGE


class UnavailableError(MdsimError):
    """A playbook asks for something that this run cannot give, such as a metric nobody measures."""

    exit_code = ExitCode.INVALID


class DataError(MdsimError):
    """A recording or a base feed cannot be used; the message names file, line and what to do."""

    exit_code = ExitCode.BENCH_BROKE


class LimitError(MdsimError):
    """A run would go past a limit; the message names the limit and its key."""

    exit_code = ExitCode.LIMIT


class NotFoundError(MdsimError):
    """A symbol, run or resource that does not exist; the hint names the nearest."""

    exit_code = ExitCode.USAGE


class ConflictError(MdsimError):
    """A run would touch what another run holds; the message names it."""

    exit_code = ExitCode.LIMIT


class BusyError(MdsimError):
    """The server has as much to do as it takes on; the same may succeed later."""

    exit_code = ExitCode.LIMIT


class InternalError(MdsimError):
    """mdsim broke its own rules: please report it."""

    exit_code = ExitCode.INTERNAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document, without its place on screen.

    Attributes:
        code: stable identifier, ``MD…``.
        message: what is wrong, in one sentence without a full stop.
        at: path into the document's data (keys and indexes) of the offending value.
        help: what to write instead, or an empty string.
        on_key: the key is wrong rather than its value (the caret goes under the key).
        warning: the document still runs.
        offset, length: the part of the value's text that is wrong (length 0: all of it).
    """

    code: str
    message: str
    at: tuple[str | int, ...] = ()
    help: str = ""
    on_key: bool = False
    warning: bool = False
    offset: int = 0
    length: int = 0
