"""Walking the tables: every key gets its value from flag, environment, file or default."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mdsim.config import forms
from mdsim.config.findings import Findings
from mdsim.config.grammar import Form, Group, Item, Key, walk
from mdsim.config.inputs import Inputs
from mdsim.config.tables import CONFIGURATION
from mdsim.config.values import Cell, Layer, Origin, Path, Scalar, Values, dotted, hidden
from mdsim.core import values as typed
from mdsim.core.errors import InternalError, Problem
from mdsim.core.numerals import Flaw
from mdsim.core.params import Kind
from mdsim.core.secret import Secret
from mdsim.core.spelling import shown, suggest
from mdsim.playbook.loader import Document
from mdsim.playbook.tree import Data


class Reader:
    """Reads one configuration into ``values``; what is wrong goes to ``findings``.

    Attributes:
        spoken: values of flags and variables that a message may show.
        secret_paths: where the file holds secrets, or what may be one.
        unset: paths of secrets whose variable is not set → its name.
    """

    def __init__(self, document: Document | None, inputs: Inputs, findings: Findings) -> None:
        self.values = Values()
        self.spoken: dict[Origin, str] = {}
        self.secret_paths: list[Path] = []
        self.unset: dict[Path, str] = {}
        self._document = document
        self._inputs = inputs
        self._findings = findings

    def read(self) -> None:
        """Read everything."""
        data = {} if self._document is None else self._document.data
        self._group(CONFIGURATION, data, ())

    def _group(self, group: Group, data: Mapping[str, Data], path: Path) -> None:
        for name in data:
            if group.get(name) is None and not (name.startswith("x-") and not path):
                self._unknown(group, name, (*path, name))
        for item in group.items:
            here, written = (*path, item.name), item.name in data
            if isinstance(item, Key):
                if item.many:
                    self._many(item, data.get(item.name), here, written)
                else:
                    self._one(item, data.get(item.name), here, written)
            elif item.many:
                self._mappings(item, data.get(item.name), here, written)
            else:
                self._group(item, self._mapping(item, data.get(item.name), here), here)

    def _mapping(self, group: Group, data: Data, path: Path) -> Mapping[str, Data]:
        if data is None or isinstance(data, dict):
            return data or {}
        help_ = f"write its keys below it: {', '.join(item.name for item in group.items)}"
        self._note("MD452", f"{dotted(path)} is a mapping", path, help_)
        return {}

    def _mappings(self, group: Group, data: Data, path: Path, written: bool) -> None:
        if data is None or not isinstance(data, list):
            if data is not None:
                help_ = f"begin each entry with '- {group.items[0].name}: '"
                self._note("MD452", f"{dotted(path)} is a list", path, help_)
            elif written:
                self.values.put_list(path, 0)
            return
        self.values.put_list(path, len(data))
        for at, item in enumerate(data):
            self._group(group, self._mapping(group, item, (*path, at)), (*path, at))

    def _many(self, key: Key, data: Data, path: Path, written: bool) -> None:
        if data is None:
            items = [] if key.default is None else key.default.split(", ")
            defaults = [it for it in (self._typed(key, text, None) for text in items) if it is not None]
            self.values.put(path, Cell(tuple(defaults), ", ".join(items), Origin(Layer.DEFAULT)))
            return
        listed = data if isinstance(data, list) else [data]
        found: list[Scalar] = []
        texts: list[str] = []
        seen: dict[str, None] = {}
        for at, item in enumerate(listed):
            here = (*path, at) if isinstance(data, list) else path
            text = self._scalar(key, item, here)
            if text is None:
                continue
            value = self._filled(key, text, here)
            if value is None:
                continue
            if str(value) in seen and not key.secret:
                self._note("MD459", f"{shown(str(value))} is listed twice", here, "keep one")
            seen[str(value)] = None
            found.append(value)
            texts.append(hidden(value, str(value)))
        place = (
            None if self._document is None else self._document.marks.place(self._document.file, path, written)
        )
        self.values.put(path, Cell(tuple(found), ", ".join(texts), Origin(Layer.FILE, place=place)))

    def _one(self, key: Key, data: Data, path: Path, written: bool) -> None:
        """The strongest layer counts; the others are checked all the same."""
        cells: list[Cell] = []
        for origin, text in self._inputs.given(key):
            self.spoken[origin] = "*" * len(text) if key.secret else text
            value = self._typed(key, text, origin)
            if value is not None:
                cells.append(Cell(value, hidden(value, text), origin))
        if written and (data is not None or key.default is not None or key.required):
            text_ = self._scalar(key, data, path)
            value = None if text_ is None else self._filled(key, text_, path)
            if value is not None and text_ is not None:
                cells.append(Cell(value, hidden(value, _written(value, text_)), self._in_file(path, text_)))
        if not cells and not written:
            if key.required:
                self._note(
                    "MD451",
                    f"{dotted(path[:-1])} has no {key.name}",
                    path[:-1],
                    f"add {key.name}: {key.help}",
                )
            elif key.default is not None:
                value = self._typed(key, key.default, None)
                cells.append(Cell(value, key.default, Origin(Layer.DEFAULT)))
        if cells:
            self.values.put(path, cells[0])

    def _in_file(self, path: Path, text: str) -> Origin:
        if self._document is None:
            raise InternalError("MD937", f"{dotted(path)} comes from no file")
        filled = self._inputs.fill(text)
        names = () if isinstance(filled, Flaw) else filled.names
        place = self._document.marks.place(self._document.file, path)
        return Origin(Layer.FILE, ", ".join(f"${{{name}}}" for name in names), place)

    def _scalar(self, key: Key, data: Data, path: Path) -> str | None:
        """The text of a value as written, or None when it is none."""
        if key.secret:
            self.secret_paths.append(path)
        if isinstance(data, dict | list):
            self._note("MD452", f"{dotted(path)} is a single value", path, key.help)
            return None
        if data is None:
            self._note("MD029", f"{dotted(path)} is empty", path, "write a value, or remove the key")
            return None
        return data if isinstance(data, str) else str(data).lower()

    def _filled(self, key: Key, text: str, path: Path) -> Scalar | None:
        """A value of the file, its variables replaced."""
        filled = self._inputs.fill(text)
        if isinstance(filled, Flaw):
            subject = dotted(path) if key.secret else shown(text)
            self._note(filled.code, f"{subject} {filled.what}", path, filled.help)
            return None
        if filled.unset:
            if key.secret and path[0] == "data_sources":
                self.unset[path] = filled.unset[0]
                return None
            missing = " and ".join(filled.unset)
            verb = "is" if len(filled.unset) == 1 else "are"
            help_ = f"set {missing} in the environment, or write the value"
            self._note("MD453", f"the variable {missing} {verb} not set", path, help_)
            return None
        leaks = next((name for name in filled.names if forms.names_a_secret(name)), None)
        if leaks is not None and not key.secret:
            message = f"{leaks} may hold a key, and {dotted(path)} is shown in logs"
            self._note("MD456", message, path, "give keys as api_key: ${NAME}")
            return None
        if key.secret and not filled.names:
            message = f"{dotted(path)} stands in the file, where others may read it"
            self._findings.note(
                Problem("MD457", message, path, "write ${NAME} and set the variable", warning=True)
            )
        return self._typed(key, filled.text, None, path)

    def _typed(self, key: Key, text: str, origin: Origin | None, path: Path = ()) -> Scalar | None:
        """The value of a text; a flaw is noted at its origin or path."""
        if isinstance(key.form, Form):
            read = forms.read(key.form, text)
            if isinstance(read, Flaw):
                hidden = key.secret or read.code == forms.UNSHOWN
                if hidden and origin is not None:
                    self.spoken[origin] = "*" * len(text)
                elif hidden:
                    self.secret_paths.append(path)
                name = (origin.name if origin else dotted(path)) if hidden else shown(text)
                self._flaw(Problem(read.code, f"{name} {read.what}", path, read.help), origin)
                return None
            return Secret(read) if key.secret else read
        try:
            value = typed.parse(key.form, text, choices=key.choices, low=key.low, high=key.high)
        except typed.ValueProblem as problem:
            self._flaw(Problem(problem.code, problem.message, path, problem.help), origin)
            return None
        if key.form is Kind.COUNT and isinstance(value, Decimal):
            return int(value)
        if isinstance(value, int | str | Decimal):
            return value
        self._flaw(Problem("MD020", f"{shown(text)} is a draw, and this needs one value", path), origin)
        return None

    def _flaw(self, problem: Problem, origin: Origin | None) -> None:
        if origin is None:
            self._findings.note(problem)
        else:
            self._findings.note_at(origin, problem)

    def _unknown(self, group: Group, name: str, path: Path) -> None:
        near = suggest(name, (item.name for item in group.items))
        known = None if near is None else group.get(near)
        if forms.names_a_secret(name) or (isinstance(known, Key) and known.secret):
            self.secret_paths.append(path)
        where = dotted(path[:-1])
        message = f"{where or 'the configuration'} has no key {shown(name)}"
        self._findings.note(Problem("MD450", message, path, _advice(group, name, near), on_key=True))

    def _note(self, code: str, message: str, path: Path, help_: str) -> None:
        self._findings.note(Problem(code, message, path, help_))


def _advice(group: Group, name: str, near: str | None) -> str:
    if near is not None:
        return f"did you mean {near}?"
    elsewhere = [".".join(path) for path, item in walk(CONFIGURATION) if item.name == name]
    if elsewhere:
        return f"it belongs elsewhere: {', '.join(elsewhere[:3])}"
    return f"the keys here are {', '.join(_names(group.items))}"


def _names(items: tuple[Item, ...]) -> list[str]:
    return [item.name for item in items]


def _written(value: Scalar, text: str) -> str:
    """The value as it is in force: with its variables replaced."""
    return str(value) if isinstance(value, str) else text
