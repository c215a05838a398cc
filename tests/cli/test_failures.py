"""From errors to messages and exit codes."""

from __future__ import annotations

import pytest
import typer

from mdsim.cli.failures import guarded, worst
from mdsim.core.errors import DataError, ExitCode, InternalError, LimitError, MdsimError, UsageError


def code_of(error: BaseException) -> int:
    """Exit code of a verb that raises."""

    def verb() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        guarded(verb)()
    return ended.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("MD330", "no"), ExitCode.USAGE),
        (DataError("MD200", "no"), ExitCode.BENCH_BROKE),
        (LimitError("MD400", "no"), ExitCode.LIMIT),
        (InternalError("MD901", "no"), ExitCode.INTERNAL),
        (ZeroDivisionError("no"), ExitCode.INTERNAL),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: ExitCode) -> None:
    """The closed list of the language, and nothing else."""
    assert code_of(error) == code
    assert code_of(BaseExceptionGroup("from a nursery", [error])) == code


def test_an_error_of_the_user_is_a_sentence_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    """Code, what is wrong, what to do; no traceback."""
    code_of(UsageError("MD330", "there is no playbook x", hint="did you mean y?"))
    assert capsys.readouterr().err == "error[MD330]: there is no playbook x\nhelp: did you mean y?\n"


def test_a_fault_of_ours_says_so_and_keeps_the_traceback_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger is asked to report it and told how to get the traceback."""
    monkeypatch.delenv("MDSIM_DEBUG", raising=False)
    code_of(ZeroDivisionError("division by zero"))
    told = capsys.readouterr().err
    assert told.startswith("mdsim broke: ZeroDivisionError: division by zero\n")
    assert "MDSIM_DEBUG=1" in told
    assert "Traceback" not in told


def test_debug_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For whoever asked for it."""
    monkeypatch.setenv("MDSIM_DEBUG", "1")
    code_of(ZeroDivisionError("division by zero"))
    assert "Traceback" in capsys.readouterr().err


def test_a_verb_that_ends_well_just_returns() -> None:
    """No exit is forced on success."""
    guarded(lambda: None)()


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], ExitCode.PASSED),
        ([ExitCode.PASSED, ExitCode.INCONCLUSIVE, ExitCode.FAILED], ExitCode.FAILED),
        ([ExitCode.INVALID, ExitCode.FAILED], ExitCode.INVALID),
        ([ExitCode.INTERRUPTED, ExitCode.INTERNAL], ExitCode.INTERRUPTED),
    ],
)
def test_the_worst_of_several_wins(codes: list[ExitCode], code: ExitCode) -> None:
    """A failure is never hidden by a later success."""
    assert worst(codes) is code


def test_every_exit_code_has_a_rank() -> None:
    """A new code cannot be forgotten in the order of severity."""
    assert all(worst([ExitCode.PASSED, code]) is code for code in ExitCode)


def test_the_parent_of_errors_counts_as_ours() -> None:
    """An error without a class of its own is a fault of mdsim."""
    assert code_of(MdsimError("MD999", "no")) == ExitCode.INTERNAL
