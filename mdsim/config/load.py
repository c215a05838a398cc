"""``load``: one configuration from file, environment and flags, or every problem of it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from mdsim.config.build import build
from mdsim.config.findings import MASK, ConfigError, Findings, Sheet, masked_blindly, without
from mdsim.config.grammar import Key, walk
from mdsim.config.inputs import Inputs
from mdsim.config.reader import Reader
from mdsim.config.settings import Settings
from mdsim.config.sources import Judge
from mdsim.config.tables import CONFIGURATION
from mdsim.config.tables_market import PROVIDER_KEYS
from mdsim.config.values import Layer, Origin, Path
from mdsim.core.errors import InternalError, Problem
from mdsim.core.spelling import suggest
from mdsim.playbook.diagnostics import PlaybookError
from mdsim.playbook.loader import Document
from mdsim.playbook.loader import load as read_yaml
from mdsim.playbook.tree import Data, Genre

GENRE = Genre(
    "configuration", 'begin it with a key such as "server:"', "configurations are short: shorten it"
)
_OURS = re.compile(r"(?:MARKET_DATA|CHAOS)_")
_BLANK = re.compile(r"(?:[ \t]*(?:#[^\n\r]*|---[ \t]*)?(?:\r\n|\n|\r|$))*")


def load(
    file_text: bytes | str | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str],
    file: str = "config.yaml",
    judge: Judge = lambda _source: None,
) -> Settings:
    """The settings of one start: a flag beats the environment, that the file, that the default.

    Args:
        file_text: the file's text or bytes, None for no file.
        environment: every variable of the environment; an empty one counts as unset.
        flags: options of the command line by name, such as ``--port`` → ``9000``.
        file: the file's name, for messages.
        judge: what is wrong with a source, for whoever can open it; None for nothing.

    Raises:
        ConfigError: with every problem found, from whichever place.
    """
    unknown = [flag for flag in flags if flag not in known_flags()]
    if unknown:
        raise InternalError("MD938", f"the configuration has no flags {', '.join(unknown)}")
    document = _document(file_text, file)
    findings, inputs = Findings(), Inputs(environment, flags)
    reader = Reader(document, inputs, findings)
    reader.read()
    settings = build(reader.values, inputs, reader.unset, findings, judge)
    _check_variables(environment, findings, reader.spoken)
    sheets = _sheets(findings, document, reader)
    if settings is None:
        raise ConfigError(sheets)
    return replace(settings, warnings=sheets, provenance=tuple(reader.values.provenance()))


def known_flags() -> tuple[str, ...]:
    """Every flag that sets a key."""
    return tuple(item.flag for _, item in walk(CONFIGURATION) if isinstance(item, Key) and item.flag)


def known_variables() -> dict[str, str]:
    """Every variable that is read, with the path of what it sets."""
    found: dict[str, str] = {}
    for path, item in walk(CONFIGURATION):
        if isinstance(item, Key):
            found.update(dict.fromkeys(item.env, ".".join(path)))
    for name, variables in PROVIDER_KEYS.items():
        found.update(dict.fromkeys(variables, f"api_key of the source {name}"))
    return found


def _document(raw: bytes | str | None, file: str) -> Document | None:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    if raw is None or text is None or _BLANK.fullmatch(text.removeprefix("\ufeff")):
        return None  # a file of comments sets nothing
    try:
        return read_yaml(raw, file, GENRE)
    except PlaybookError as error:
        masked, pieces = masked_blindly(error.text)
        raise ConfigError([Sheet(masked, without(pieces, error.diagnostics))]) from None


def _check_variables(environment: Mapping[str, str], findings: Findings, spoken: dict[Origin, str]) -> None:
    """A misspelt variable would silently change nothing."""
    known = known_variables()
    for name in sorted(environment):
        if not _OURS.match(name) or name in known:
            continue
        origin = Origin(Layer.ENVIRONMENT, name)
        spoken[origin] = ""
        near = suggest(name, known)
        help_ = f"did you mean {near}?" if near else "mdsim config check --show lists what is read"
        findings.note_at(origin, Problem("MD466", f"mdsim reads no variable {name}", (), help_, True, True))


def _sheets(findings: Findings, document: Document | None, reader: Reader) -> tuple[Sheet, ...]:
    if document is None:
        return findings.sheets(None, reader.spoken, "")
    pieces = [piece for path in reader.secret_paths for piece in _pieces(document.data, path)]
    masked = _masked(document, reader.secret_paths, pieces)
    sheets = findings.sheets(document, reader.spoken, masked)
    return tuple(replace(sheet, diagnostics=without(pieces, sheet.diagnostics)) for sheet in sheets)


def _pieces(data: Data, path: Path) -> list[str]:
    """What a file writes at a path, line by line, but for names of variables."""
    at: Data = data
    for step in path:
        if isinstance(at, list):
            at = at[int(step)]
        elif isinstance(at, dict):
            at = at[str(step)]
    if isinstance(at, list):
        return [piece for item in range(len(at)) for piece in _pieces(at, (item,))]
    if isinstance(at, dict):
        return [piece for key in at for piece in _pieces(at, (key,))]
    if not isinstance(at, str):
        return []
    return [line.strip() for line in at.splitlines() if line.strip() and not line.strip().startswith("${")]


def _masked(document: Document, paths: list[Path], pieces: list[str]) -> str:
    """The text of a file with what is secret overwritten, every place where it stands."""
    text = document.text
    lines = text.splitlines(keepends=True)
    for path in paths:
        place = document.marks.place(document.file, path)
        length = document.marks.length(path)
        line = lines[place.line - 1]
        start = place.column - 1
        if not line[start:].lstrip("'\"").startswith("${"):
            lines[place.line - 1] = line[:start] + MASK * length + line[start + length :]
    text = "".join(lines)
    for piece in sorted((piece for piece in pieces if len(piece) > 3), key=len, reverse=True):
        text = text.replace(piece, MASK * len(piece))
    return text
