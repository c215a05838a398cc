"""What is wrong with a configuration, gathered from file, environment and flags, and drawn together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mdsim.config.values import Layer, Origin
from mdsim.core.errors import ExitCode, MdsimError, Problem
from mdsim.playbook.diagnostics import Diagnostic, locate, ordered, render, visible
from mdsim.playbook.loader import Document
from mdsim.playbook.plan import Place

MASK = "*"
_FILES = {Layer.FLAG: "<command line>", Layer.ENVIRONMENT: "<environment>"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One text that values came from, with what is wrong in it; its secrets are masked.

    Attributes:
        text: of the file; for environment and flags a line for each value that is mentioned.
    """

    text: str
    diagnostics: tuple[Diagnostic, ...]

    def render(self, *, color: bool = False) -> str:
        """The diagnostics with their lines."""
        return render(self.diagnostics, self.text, color=color, most=50)


class ConfigError(MdsimError):
    """A configuration cannot be used: every problem found, from every place it came from."""

    exit_code = ExitCode.INVALID

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        diagnostics = [item for sheet in sheets for item in sheet.diagnostics]
        first = next((item for item in diagnostics if not item.problem.warning), diagnostics[0])
        message = f"{first.place}: {first.problem.message}"
        super().__init__(first.problem.code, message, hint=first.problem.help)
        self.sheets = tuple(sheets)

    def render(self, *, color: bool = False) -> str:
        """Every diagnostic with its line."""
        return "\n\n".join(sheet.render(color=color) for sheet in self.sheets)

    def __str__(self) -> str:
        return self.render()


class Findings:
    """Problems as they are found, until the sheets are asked for."""

    def __init__(self) -> None:
        self._in_file: list[Problem] = []
        self._outside: dict[Origin, list[Problem]] = {}

    def note(self, problem: Problem) -> None:
        """A problem of the file, at a path of its data."""
        self._in_file.append(problem)

    def note_at(self, origin: Origin, problem: Problem) -> None:
        """A problem of a value, wherever it came from."""
        if origin.layer in _FILES:
            self._outside.setdefault(origin, []).append(problem)
        else:
            self._in_file.append(problem)

    def failed(self) -> bool:
        """Whether anything but warnings was found."""
        outside = [problem for problems in self._outside.values() for problem in problems]
        return any(not problem.warning for problem in [*self._in_file, *outside])

    def sheets(self, document: Document | None, spoken: dict[Origin, str], masked: str) -> tuple[Sheet, ...]:
        """What was found, a sheet for each text.

        Args:
            document: the file, or None without one.
            spoken: values of flags and variables that may be shown.
            masked: the file's text without its secrets.
        """
        found: list[Sheet] = []
        if self._in_file and document is not None:
            found.append(Sheet(masked, locate(self._in_file, document)))
        elif self._in_file:  # a rule broken by what holds by default
            place = Place("<defaults>", 1, 1)
            found.append(Sheet("", tuple(Diagnostic(problem, place, 1) for problem in self._in_file)))
        for layer in (Layer.ENVIRONMENT, Layer.FLAG):
            sheet = self._sheet_of(layer, spoken)
            if sheet is not None:
                found.append(sheet)
        return tuple(found)

    def _sheet_of(self, layer: Layer, spoken: dict[Origin, str]) -> Sheet | None:
        lines: list[str] = []
        diagnostics: list[Diagnostic] = []
        for origin, problems in self._outside.items():
            if origin.layer is not layer:
                continue
            value = visible(spoken.get(origin, ""))
            lines.append(f"{origin.name}={value}")
            for problem in problems:
                column, length = (
                    (1, len(origin.name)) if problem.on_key else (len(origin.name) + 2, len(value))
                )
                place = Place(_FILES[layer], len(lines), column)
                diagnostics.append(Diagnostic(problem, place, max(1, length)))
        return Sheet("\n".join(lines), ordered(diagnostics)) if diagnostics else None


_WRITTEN_KEY = re.compile(
    r"""(?m)(?P<lead>["']?\b(?:api_keys?|token)["']?[ \t]*:)"""
    r"""(?P<value>[^\n\r]*(?:(?:\r\n|\n|\r)[ \t]*-[^\n\r]*)*)"""
)
_WORD = re.compile(r"[^\s,\[\]{}'\"#]+")


def masked_blindly(text: str) -> tuple[str, tuple[str, ...]]:
    """A text that cannot be read as YAML, with everything masked that may be a secret, and those pieces."""
    pieces: list[str] = []

    def mask(found: re.Match[str]) -> str:
        def word(token: re.Match[str]) -> str:
            if token[0] == "-" or token[0].startswith("$"):
                return token[0]
            pieces.extend((token[0], token[0].lstrip("*&!%|>@`?:-")))  # what YAML takes for its own signs
            return MASK * len(token[0])

        return found["lead"] + _WORD.sub(word, found["value"])

    return _WRITTEN_KEY.sub(mask, text), tuple(pieces)


def without(pieces: Iterable[str], diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics whose words repeat none of the pieces."""
    told = sorted((piece for piece in pieces if len(piece) > 1), key=len, reverse=True)

    def clean(words: str) -> str:
        for piece in told:
            words = words.replace(piece, MASK * 3)
        return words

    return tuple(
        replace(
            item,
            problem=replace(item.problem, message=clean(item.problem.message), help=clean(item.problem.help)),
        )
        for item in diagnostics
    )
