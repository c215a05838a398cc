"""Environment and flags: what they give for a key, and ``${NAME}`` inside a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mdsim.config.grammar import Key
from mdsim.config.tables_market import PROVIDER_KEYS
from mdsim.config.values import Layer, Origin
from mdsim.core.numerals import Flaw

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIASES = {name: names for names in PROVIDER_KEYS.values() for name in names}


@dataclass(frozen=True, slots=True)
class Filled:
    """A text after its ``${NAME}`` are replaced.

    Attributes:
        names: the variables that it names.
        unset: those of them without a value.
    """

    text: str
    names: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


class Inputs:
    """The environment and the flags of one start; an empty variable counts as unset."""

    def __init__(self, environment: Mapping[str, str], flags: Mapping[str, str]) -> None:
        self.environment = environment
        self.flags = flags

    def variable(self, name: str) -> str | None:
        """The value of a variable or of one of its other names, None when unset or empty."""
        return next(
            (self.environment[it] for it in (name, *_ALIASES.get(name, ())) if self.environment.get(it)), None
        )

    def first_set(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """Name and value of the first variable that is set."""
        return next(((name, self.environment[name]) for name in names if self.environment.get(name)), None)

    def given(self, key: Key) -> list[tuple[Origin, str]]:
        """What flag and environment say of a key, the strongest first."""
        found = []
        if key.flag and key.flag in self.flags:
            found.append((Origin(Layer.FLAG, key.flag), self.flags[key.flag]))
        if variable := self.first_set(key.env):
            found.append((Origin(Layer.ENVIRONMENT, variable[0]), variable[1]))
        return found

    def fill(self, text: str) -> Filled | Flaw:
        """Replace each ``${NAME}`` of a text by the variable's value."""
        names: list[str] = []
        for found in _REFERENCE.finditer(text):
            if not found[2]:
                return Flaw("MD454", "has a ${ that is not closed", "write ${NAME}")
            if not _VARIABLE.fullmatch(found[1]):
                bare = re.match(r"\s*([A-Za-z_][A-Za-z0-9_]*)", found[1])
                help_ = f"write ${{{bare[1]}}}" if bare else "write ${NAME}"
                return Flaw("MD454", "has a ${…} without a plain name", help_)
            names.append(found[1])
        unset = tuple(name for name in names if self.variable(name) is None)
        filled = _REFERENCE.sub(lambda found: self.variable(found[1]) or "", text)
        return Filled(filled, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(unset)))
