"""Problems with a place on screen: collected, sorted and drawn as a compiler would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mdsim.core.errors import ExitCode, MdsimError, Problem
from mdsim.core.spelling import suggest as suggest
from mdsim.playbook.marks import Marks
from mdsim.playbook.plan import Place


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem and the text it stands at.

    Attributes:
        length: columns (code points) of the offending text on the line of ``place``, at least 1.
    """

    problem: Problem
    place: Place
    length: int


class Marked(Protocol):
    """A text whose values have known places; ``loader.Document`` is one."""

    @property
    def file(self) -> str: ...

    @property
    def marks(self) -> Marks: ...


class PlaybookError(MdsimError):
    """A playbook cannot be used; every problem found, with its place.

    Attributes:
        diagnostics: sorted by place, at least one of them an error.
        text: the text that the places refer to.
    """

    exit_code = ExitCode.INVALID

    def __init__(self, diagnostics: Sequence[Diagnostic], text: str) -> None:
        first = diagnostics[0]
        super().__init__(
            first.problem.code, f"{first.place}: {first.problem.message}", hint=first.problem.help
        )
        self.diagnostics = tuple(diagnostics)
        self.text = text

    def __str__(self) -> str:
        return render(self.diagnostics, self.text)


def locate(problems: Iterable[Problem], document: Marked) -> tuple[Diagnostic, ...]:
    """Give each problem its place; sorted by place, each once."""
    raise NotImplementedError


def render(diagnostics: Sequence[Diagnostic], text: str, *, color: bool = False, most: int = 20) -> str:
    """Draw diagnostics with their lines and carets."""
    raise NotImplementedError
