"""Reading one value at one place: its shape, its type, its parameters; every problem is noted, none raised.

A method answers None when the value cannot be used, and then has said why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mdsim.core import values
from mdsim.core.errors import Problem
from mdsim.core.params import DurationDraw, Kind, Value
from mdsim.core.spelling import shown, suggest
from mdsim.playbook.grammar import NAME_PATTERN, SYNONYMS, Key, Section
from mdsim.playbook.loader import Data
from mdsim.playbook.params import Filled, Parameters, fits

At = tuple[str | int, ...]

_NAME = re.compile(NAME_PATTERN)

TAKES: dict[Kind, str] = {
    Kind.DURATION: "a duration such as 5m",
    Kind.CHANGE: "a change such as -12%",
    Kind.SHARE: "a share such as 15%",
    Kind.FACTOR: "a factor such as 20x",
    Kind.SCALE: "a factor such as 20x, or a share such as 10%",
    Kind.RATE: "a rate such as 5/s",
    Kind.PRICE: "a price such as 0.92",
    Kind.NUMBER: "a number such as 0.85",
    Kind.COUNT: "a whole number",
    Kind.FLAG: "true or false",
    Kind.TEXT: "a text",
    Kind.CHOICE: "one of its words",
    Kind.SYMBOL: "a symbol such as BTC-USD",
    Kind.SYMBOLS: "a symbol, a list of symbols, a pattern such as '*-USD', all, or a map symbol: weight",
    Kind.CURVE: "a curve such as exp, or {shape: exp, …}",
    Kind.KEYFRAMES: "a list such as [{at: 5m, by: -3%}]",
    Kind.THEN: "hold, or 'revert over 60s'",
    Kind.SOURCE: "a source's name",
    Kind.URL: "a URL such as http://127.0.0.1:8080",
}


def shape_of(data: Data) -> str:
    """What a value is, for messages."""
    if isinstance(data, dict):
        return "a mapping"
    if isinstance(data, list):
        return "a list"
    if data is None:
        return "nothing"
    return "a single value"


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: a synonym, or one that is spelt like it."""
    names = tuple(known)
    synonym = SYNONYMS.get(word.lower())
    return synonym if synonym in names else suggest(word, names)


def scalar_text(data: Data) -> str | None:
    """The text of a scalar; None for anything else."""
    if isinstance(data, bool):
        return "true" if data else "false"
    return data if isinstance(data, str) else None


class Reader:
    """Reads values of one document and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.parameters = Parameters()

    def problem(
        self, code: str, message: str, at: At, help_: str = "", *, on_key: bool = False, warning: bool = False
    ) -> None:
        """Note one problem."""
        self.problems.append(Problem(code, message, at, help_, on_key, warning))

    def mapping(
        self, data: Data, section: Section, at: At, *, companions: tuple[Key, ...] = ()
    ) -> dict[str, Data] | None:
        """The keys that the section knows, with their values; unknown and missing ones are noted."""
        keys = {key.name: key for key in (*section.keys, *companions)}
        if not isinstance(data, dict):
            self.wrong_shape(section.title, "a mapping of " + _some(section.names), data, at)
            return None
        found: dict[str, Data] = {}
        misspelt: list[str | None] = []
        for name, value in data.items():
            key = keys.get(name)
            if key is None:
                misspelt.append(self.unknown(name, section.title, tuple(keys), (*at, name)))
            elif key.later:
                self.later(name, value, (*at, name))
            else:
                found[name] = value
        for key in keys.values():
            if key.required and key.name not in data and key.name not in misspelt:
                self.problem("MD052", f"{section.title} needs '{key.name}': {key.help}", at, on_key=True)
        return found

    def unknown(self, name: str, title: str, known: tuple[str, ...], at: At, help_: str = "") -> str | None:
        """Note a key that does not exist, and answer with the one that was probably meant."""
        near = meant(name, known)
        help_ = help_ or (f"did you mean '{near}'?" if near else "it takes " + _some(known))
        self.problem("MD051", f"{shown(name)} is not a key of {title}", at, help_, on_key=True)
        return near

    def later(self, name: str, data: Data, at: At) -> None:
        """Note something that the language has and this version has not; its parameters count as used."""
        message = f"'{name}' is part of the language but not available in this version"
        self.problem("MD056", message, at, on_key=True)
        self._touch(data)

    def _touch(self, data: Data) -> None:
        if isinstance(data, str):
            self.parameters.fill(data)
        for item in data if isinstance(data, list) else data.values() if isinstance(data, dict) else ():
            self._touch(item)

    def wrong_shape(self, what: str, takes: str, data: Data, at: At) -> None:
        """Note a list where a mapping belongs, and the like."""
        if data is None:
            self.problem("MD061", f"'{what}' has no value", at, f"it takes {takes}", on_key=True)
        else:
            self.problem("MD053", f"'{what}' takes {takes}, not {shape_of(data)}", at)

    def listing(self, data: Data, what: str, takes: str, at: At) -> list[Data] | None:
        """The items of a list that is not empty."""
        if isinstance(data, list) and data:
            return data
        if isinstance(data, list):
            self.problem("MD061", f"'{what}' is empty", at, f"it takes {takes}")
        else:
            self.wrong_shape(what, takes, data, at)
        return None

    def name(self, data: Data, what: str, at: At) -> str | None:
        """A name that may become a part of a path."""
        text = scalar_text(data)
        if text is None:
            self.wrong_shape(what, "a short text", data, at)
            return None
        return text if self.check_name(text, at) else None

    def check_name(self, text: str, at: At, *, on_key: bool = False) -> bool:
        """Whether a text may be a name; noted when not."""
        if _NAME.fullmatch(text) and not text.isdigit():
            return True
        help_ = "use letters, digits, spaces and - _ . (at most 64, not digits alone)"
        self.problem("MD057", f"{shown(text)} cannot be a name", at, help_, on_key=on_key)
        return False

    def words(self, data: Data, what: str, at: At) -> tuple[str, ...]:
        """A list of words, such as tags."""
        items = self.listing(data, what, "a list of words, such as [smoke, slow]", at) or []
        found: list[str] = []
        for index, item in enumerate(items):
            text = scalar_text(item)
            if text is None:
                self.wrong_shape(what, "words", item, (*at, index))
            else:
                found.append(text)
        return tuple(found)

    def fill(self, text: str, at: At, *, on_key: bool = False) -> Filled | None:
        """A text with its parameters put in."""
        filled = self.parameters.fill(text)
        for item in filled.unfilled:
            if item.name is None:
                message, help_ = "'$(' has no closing bracket", "write $(name), or $$ for a dollar sign"
                code = "MD067"
            else:
                near = suggest(item.name, self.parameters.names)
                known = ", ".join(self.parameters.names)
                message, code = f"there is no parameter '{item.name}'", "MD062"
                help_ = f"did you mean '${near}'?" if near else f"declare it under 'params'; known: {known}"
                help_ = help_ if known else "declare it under 'params'"
            self.problems.append(
                Problem(code, message, at, help_, on_key, offset=item.offset, length=item.length)
            )
        return None if filled.unfilled or filled.broken else filled

    def filled_text(self, data: Data, what: str, takes: str, at: At) -> Filled | None:
        """A scalar's text with its parameters put in."""
        text = scalar_text(data)
        if text is None:
            self.wrong_shape(what, takes, data, at)
            return None
        return self.fill(text, at)

    def value(self, key: Key, data: Data, at: At) -> Value:
        """A typed scalar, within the key's bounds."""
        if not isinstance(key.form, Kind):
            raise TypeError(f"{key.name} is no scalar")
        takes = "one of " + ", ".join(key.choices) if key.choices else TAKES[key.form]
        filled = self.filled_text(data, key.name, takes, at)
        if filled is None or not self.suits(filled, key.form, key.name, at):
            return None
        return self.parse(key, filled.text, at)

    def suits(self, filled: Filled, kind: Kind, what: str, at: At, *, on_key: bool = False) -> bool:
        """Whether the one parameter that stands here has the type that is taken; noted when not."""
        if filled.whole is None or fits(filled.whole.param.kind, kind):
            return True
        param = filled.whole.param
        message = f"parameter '{param.name}' is a {param.kind.value}, but '{what}' takes {TAKES[kind]}"
        help_ = "declare it with another type, or use another parameter"
        self.problem("MD063", message, at, help_, on_key=on_key)
        return False

    def parse(self, key: Key, text: str, at: At) -> Value:
        """A typed scalar from its text."""
        assert isinstance(key.form, Kind)
        try:
            value = values.parse(key.form, text, choices=key.choices, low=key.low, high=key.high)
        except values.ValueProblem as error:
            self.problem(error.code, error.message, at, error.help)
            return None
        if isinstance(value, DurationDraw) and not key.draw:
            self.problem("MD074", f"'{key.name}' takes one duration, not a draw", at, "write one, such as 5m")
            return None
        return value

    def duration_ns(self, key: Key, data: Data, at: At) -> int | None:
        """A duration that is no draw, in ns."""
        value = self.value(key, data, at)
        return value if isinstance(value, int) else None


def _some(names: tuple[str, ...], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
