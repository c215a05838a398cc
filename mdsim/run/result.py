"""What a run ends in: a verdict, the checks behind it, and what is needed to run it again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mdsim.core.errors import ExitCode


class Verdict(Enum):
    """The closed set of endings; the worst of its checks, or how the run itself ended."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not-run"
    ABORTED = "aborted"
    ERROR = "error"


EXIT_CODES = {
    Verdict.PASSED: ExitCode.PASSED,
    Verdict.FAILED: ExitCode.FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.NOT_RUN: ExitCode.INCONCLUSIVE,
    Verdict.ABORTED: ExitCode.INTERRUPTED,
    Verdict.ERROR: ExitCode.INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the run and its answer.

    Attributes:
        kind: ``expect``, ``wait``, ``always``, ``never``, ``reaches``, ``requires``, ``effect``,
            ``timeout``, ``fail`` or ``final`` (top-level expect).
        path: the block or step that asked.
        place: ``file:line:column`` in the playbook.
        text: the question as written.
        verdict: ``PASSED``, ``FAILED`` or ``INCONCLUSIVE``.
        at_ns: scenario time of the answer.
        seen: what was observed, metric → value as text.
        level: ``fail`` counts, ``warn`` is only reported.
        note: a sentence more, such as how long was waited.
    """

    kind: str
    path: str
    place: str
    text: str
    verdict: Verdict
    at_ns: int
    seen: tuple[tuple[str, str], ...] = ()
    level: str = "fail"
    note: str = ""


@dataclass(frozen=True, slots=True)
class SymbolSummary:
    """What one instrument did in a run; Decimals on its grid."""

    symbol: str
    first: Decimal
    last: Decimal
    low: Decimal
    low_at_ns: int
    high: Decimal
    high_at_ns: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything a recap shows.

    Attributes:
        lasted_ns: scenario time from start to end.
        start_ns: market time of the start.
        digest: SHA-256 over every published tick, hex.
        notes: what the base feed wants said (made-up legs, simulated venues).
        reason: why it ended as it did, when the checks do not tell (aborted, error, not run).
        aborted_by: the exit code of what ended an aborted run (Ctrl-C, SIGTERM, a timeout).
    """

    verdict: Verdict
    checks: tuple[Check, ...]
    seed: int
    start_ns: int
    lasted_ns: int
    cycles: int
    ticks: int
    digest: str
    symbols: tuple[SymbolSummary, ...]
    notes: tuple[str, ...] = ()
    reason: str = ""
    aborted_by: ExitCode = ExitCode.INTERRUPTED

    @property
    def exit_code(self) -> ExitCode:
        """The process's exit code for this verdict."""
        if self.verdict is Verdict.ABORTED:
            return self.aborted_by
        return EXIT_CODES[self.verdict]
