"""Problems with a place on screen: collected, sorted and drawn as a compiler would."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mdsim.core.errors import ExitCode, MdsimError, Problem
from mdsim.core.spelling import suggest as suggest  # noqa: PLC0414 callers find it beside the messages
from mdsim.playbook.marks import Lines, Marks
from mdsim.playbook.plan import Place

COLUMNS_MOST = 100
"""Columns of a source line that are shown; a longer one is cut around the caret."""

_GUTTER = 5
_BOLD, _RED, _YELLOW, _CYAN, _PLAIN = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem and the text it stands at.

    Attributes:
        length: characters of the offending text on the line of ``place``, at least 1.
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
        problem = next((d for d in diagnostics if not d.problem.warning), diagnostics[0])
        message = f"{problem.place}: {problem.problem.message}"
        super().__init__(problem.problem.code, message, hint=problem.problem.help)
        self.diagnostics = tuple(diagnostics)
        self.text = text

    def __str__(self) -> str:
        return render(self.diagnostics, self.text)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by place, then code and message; what says the same of the same place only once."""
    unique = {(d.place, d.problem.code, d.problem.message): d for d in diagnostics}
    return tuple(
        sorted(
            unique.values(),
            key=lambda d: (d.place.file, d.place.line, d.place.column, d.problem.code, d.problem.message),
        )
    )


def locate(problems: Iterable[Problem], document: Marked) -> tuple[Diagnostic, ...]:
    """Give each problem its place; sorted by place, each once."""
    found = []
    for problem in problems:
        place, length = document.marks.span(
            document.file, problem.at, problem.on_key, problem.offset, problem.length
        )
        found.append(Diagnostic(problem, place, length))
    return ordered(found)


def render(diagnostics: Sequence[Diagnostic], text: str, *, color: bool = False, most: int = 20) -> str:
    """Draw diagnostics with their lines and carets, at most ``most`` (errors before warnings).

    The text is not trusted: control and formatting characters are shown as escapes, so that no
    playbook can steer the terminal it is reported on.
    """
    kept = list(ordered(diagnostics))
    if len(kept) > most:
        kept = list(ordered(sorted(kept, key=lambda d: d.problem.warning)[:most]))
    lines = Lines(text)
    width = max(_GUTTER, *(len(str(d.place.line)) for d in kept)) if kept else _GUTTER
    drawn = [_draw(d, lines.line(d.place.line), width, color) for d in kept]
    left = len(ordered(diagnostics)) - len(kept)
    if left:
        drawn.append(f"… and {left} more")
    return "\n\n".join(drawn)


def visible(text: str) -> str:
    """The text with everything that has no picture (controls, bidirectional marks) as an escape."""
    return "".join(map(_visible, text))


def _draw(diagnostic: Diagnostic, line: str, width: int, color: bool) -> str:
    problem, place = diagnostic.problem, diagnostic.place

    def paint(text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if color else text

    word, style = ("warning", _YELLOW) if problem.warning else ("error", _RED)
    where = paint(visible(str(place)), _BOLD)
    head = f"{where}: {paint(f'{word}[{problem.code}]', style)}: {paint(visible(problem.message), _BOLD)}"
    shown, lead, carets = _excerpt(line, place.column - 1, diagnostic.length)
    edge = paint("|", _CYAN)
    rows = [
        head,
        f"{paint(f'{place.line:>{width}}', _CYAN)} {edge} {shown}".rstrip(),
        f"{' ' * width} {edge} {' ' * lead}{paint('^' * carets, style)}",
    ]
    if problem.help:
        rows.append(f"{' ' * width} {paint('=', _CYAN)} help: {visible(problem.help)}")
    return "\n".join(rows)


def _excerpt(line: str, column: int, length: int) -> tuple[str, int, int]:
    """The line as shown, the columns before the caret, and the number of carets."""
    cells = [_cell(character) for character in line]
    widths = [_width(character, cell) for character, cell in zip(line, cells, strict=True)]
    column = min(column, len(cells))
    stop = max(column, min(column + length, len(cells)))
    first, last = _window(widths, column, stop)
    shown = "".join(cells[first:last])
    lead = sum(widths[first:column])
    carets = max(1, sum(widths[column : min(stop, last)]))
    if first:
        shown, lead = "…" + shown, lead + 1
    if last < len(cells):
        shown += "…"
    return shown, lead, carets


def _window(widths: Sequence[int], column: int, stop: int) -> tuple[int, int]:
    """The part of a line that is shown: all of it, or what lies around the caret."""
    if sum(widths) <= COLUMNS_MOST:
        return 0, len(widths)
    first, left = column, COLUMNS_MOST // 3
    while first > 0 and left >= widths[first - 1]:
        first -= 1
        left -= widths[first]
    last, left = first, COLUMNS_MOST
    while last < len(widths) and left >= widths[last]:
        left -= widths[last]
        last += 1
    return first, last


def _cell(character: str) -> str:
    return "    " if character == "\t" else _visible(character)


def _visible(character: str) -> str:
    # Cc, Cf, Cs, Co, Cn, Zl and Zp have no picture; some of them move the cursor or turn the text around
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _width(character: str, cell: str) -> int:
    if cell != character:
        return len(cell)
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
