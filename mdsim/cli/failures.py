"""From an error to what a user reads and what a shell gets: the only place where the two meet."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable

import typer

from mdsim.core.errors import DataError, ExitCode, InternalError, MdsimError

SEVERITY = (
    ExitCode.PASSED,
    ExitCode.NOTHING_SELECTED,
    ExitCode.INCONCLUSIVE,
    ExitCode.FAILED,
    ExitCode.LIMIT,
    ExitCode.BENCH_BROKE,
    ExitCode.INVALID,
    ExitCode.USAGE,
    ExitCode.INTERNAL,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
)
"""From harmless to worst: several playbooks give the worst of theirs."""

PIPE_CLOSED = 141
"""128 + SIGPIPE, as a shell reports a command whose reader went away."""


def worst(codes: list[ExitCode]) -> ExitCode:
    """The worst of several exit codes; of none, passed."""
    return max(codes, key=SEVERITY.index, default=ExitCode.PASSED)


def guarded(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb its last line: every error becomes a message and an exit code, never a traceback."""

    @functools.wraps(verb)
    def run(*args: object, **options: object) -> None:
        try:
            verb(*args, **options)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except (Exception, BaseExceptionGroup, KeyboardInterrupt) as error:
            raise typer.Exit(failed(error)) from None

    return run


def failed(error: BaseException) -> int:
    """Any error at all: say what there is to say, and give the exit code."""
    cause = error
    while isinstance(cause, BaseExceptionGroup):  # trio wraps what a task raises
        cause = cause.exceptions[0]
    if isinstance(cause, KeyboardInterrupt):
        return interrupted()
    if isinstance(cause, BrokenPipeError):
        return pipe_closed()
    if isinstance(cause, OSError):
        return refused(cause)
    if isinstance(cause, MdsimError) and not isinstance(cause, InternalError):
        return report(cause)
    return unexpected(error, cause)


def report(error: MdsimError) -> ExitCode:
    """Say what is wrong, and what to do, on stderr."""
    sys.stderr.write(explain(error).rstrip("\n") + "\n")
    return error.exit_code


def explain(error: MdsimError) -> str:
    """An error's text; diagnostics in colour where stderr shows it."""
    from mdsim.cli.console import colorful
    from mdsim.config.findings import ConfigError
    from mdsim.playbook.diagnostics import PlaybookError, render

    if isinstance(error, PlaybookError):
        return render(error.diagnostics, error.text, color=colorful(sys.stderr))
    if isinstance(error, ConfigError):
        return error.render(color=colorful(sys.stderr))
    return str(error)


def unexpected(error: BaseException, cause: BaseException) -> ExitCode:
    """Own up to a fault of ours; the traceback only for those who asked."""
    if os.environ.get("MDSIM_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    text = str(cause) if isinstance(cause, MdsimError) else f"{type(cause).__name__}: {cause}"
    sys.stderr.write(
        f"mdsim broke: {text}\n"
        "This is a fault of mdsim, not of your playbook. Please report it with the playbook, the command\n"
        "and the traceback that MDSIM_DEBUG=1 shows.\n"
    )
    return ExitCode.INTERNAL


def interrupted() -> ExitCode:
    """Ctrl-C before or after a run; a run itself releases its effects and tells so."""
    sys.stderr.write("interrupted\n")
    return ExitCode.INTERRUPTED


def refused(error: OSError) -> ExitCode:
    """The system said no (a full disk, a file that vanished): neither the playbook's fault nor ours."""
    what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
    report(DataError("MD337", what, hint="the run did not end; make room or rights, then run it again"))
    try:
        sys.stdout.flush()
    except OSError:
        silence()
    return ExitCode.BENCH_BROKE


def pipe_closed() -> int:
    """The reader of our output went away (``| head``): end as other commands do, without a message.

    It is not 0: a run whose output nobody took has not passed.
    """
    silence()
    return PIPE_CLOSED


def silence() -> None:
    """Let stdout lead nowhere, or the interpreter complains when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
