"""Logs: JSON lines with fixed fields first, free of secrets; the standard library's logs join them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Protocol, TextIO

import msgspec
import structlog

from mdsim.core.secret import Secret
from mdsim.core.time import format_utc
from mdsim.telemetry.meters import Tally
from mdsim.telemetry.redaction import Redactor

SERVICE = "market-data-simulator"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_FIRST = ("timestamp", "level", "service", "correlation_id", "event")
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class Log(Protocol):
    """What writes lines; ``bind`` gives one that adds fields to each of its own."""

    def debug(self, event: str, **fields: object) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def error(self, event: str, **fields: object) -> None: ...

    def bind(self, **fields: object) -> Log:
        """A log with further fields on every line, such as ``correlation_id``."""


def open_log(
    stream: TextIO,
    *,
    level: str = "info",
    clock_ns: Callable[[], int],
    secrets: Iterable[Secret] = (),
    counted: Callable[[str], Tally] | None = None,
) -> Log:
    """A log that writes JSON lines to a stream.

    Args:
        stream: where lines go; one that is closed or broken loses them, and nothing else happens.
        level: the least that is written.
        clock_ns: wall time of a line.
        secrets: what must never be in a line.
        counted: gives the counter of a level, for metrics.
    """
    counters = {} if counted is None else {name: counted(name) for name in LEVELS}
    line = _Line(clock_ns, Redactor(secrets), counters)
    log: Log = structlog.wrap_logger(
        _Writer(stream),
        processors=[line],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    ).bind()
    return log


@contextmanager
def standard_logs_into(log: Log, *, level: str = "warning") -> Iterator[None]:
    """Meanwhile, what libraries log with the standard library is written by our log, and nowhere else."""
    root, handler = logging.getLogger(), _Handler(log)
    before, before_level = list(root.handlers), root.level
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(before_level)


class _Line:
    """Makes the line: fixed fields first, then the others as they were given, all of them clean."""

    def __init__(self, clock_ns: Callable[[], int], redactor: Redactor, counters: dict[str, Tally]) -> None:
        self._clock_ns = clock_ns
        self._redactor = redactor
        self._counters = counters

    def __call__(self, _logger: object, method: str, fields: MutableMapping[str, object]) -> str:
        if method in self._counters:
            self._counters[method].value += 1
        error = fields.pop("exc_info", None)
        if isinstance(error, BaseException):
            fields["error"] = "".join(traceback.format_exception(error)).rstrip()
        clean = self._redactor.fields(fields)
        given = {name: value for name, value in clean.items() if name not in _FIRST}
        line: dict[str, object] = {
            "timestamp": format_utc(self._clock_ns()),
            "level": method,
            "service": SERVICE,
            "correlation_id": clean.get("correlation_id"),
            "event": clean.get("event"),
            **given,
        }
        return _ENCODER.encode(line).decode("utf-8", "replace")


class _Writer:
    """One line at a time; a broken stream must not take the market along."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = msg = write


class _Handler(logging.Handler):
    """Passes records of the standard library on."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit their format: still worth a line
            message = str(record.msg)
        write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        if record.levelno < logging.WARNING:
            write = self._log.info if record.levelno >= logging.INFO else self._log.debug
        error = record.exc_info[1] if record.exc_info else None
        write("library_log", logger=record.name, message=message, exc_info=error)
