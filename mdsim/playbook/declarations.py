"""Declared parameters: their types and bounds, and the value each has in this run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from mdsim.core import values
from mdsim.core.errors import UsageError
from mdsim.core.params import Kind, Param, Value
from mdsim.core.spelling import shown, suggest
from mdsim.playbook.grammar import (
    BOUNDED_KINDS,
    PARAM_NAME_PATTERN,
    PARAMETER,
    PARAMETER_KINDS,
    Key,
)
from mdsim.playbook.loader import Data
from mdsim.playbook.params import Parameter, Parameters
from mdsim.playbook.reader import TAKES, At, Reader, scalar_text

PARAMS_MOST = 200
"""Nobody sets more by hand; a wrong name is compared with every one of them."""

_KINDS = {kind.value: kind for kind in PARAMETER_KINDS}


class Declarations:
    """Reads ``params`` of a playbook, with the values that ``--set`` gives instead of defaults."""

    def __init__(self, reader: Reader, overrides: Mapping[str, str]) -> None:
        self._reader = reader
        self._overrides = overrides
        self._refused: list[str] = []

    def read(self, data: Data, at: At) -> Parameters:
        """Every parameter of the playbook.

        Raises:
            UsageError: ``--set`` names a parameter that does not exist, or gives it a wrong value.
        """
        found: list[Parameter] = []
        declared = data if isinstance(data, dict) else {}
        if not isinstance(data, dict) and data is not None:
            self._reader.wrong_shape("params", "a mapping such as {low: {type: price}}", data, at)
        if len(declared) > PARAMS_MOST:
            message = f"{len(declared)} parameters are more than the {PARAMS_MOST} allowed"
            self._reader.problem("MD064", message, at, "put values that never change into place", on_key=True)
        for name, body in islice(declared.items(), PARAMS_MOST):
            here = (*at, name)
            if not re.fullmatch(PARAM_NAME_PATTERN, name):
                help_ = "use small letters, digits and _, a letter first"
                self._reader.problem(
                    "MD064", f"{shown(name)} cannot be a parameter's name", here, help_, on_key=True
                )
                continue
            found.append(self._parameter(name, body, here))
        for name in self._overrides:
            if name not in declared:
                near = suggest(name, declared)
                hint = f"did you mean '{near}'?" if near else "there is " + (", ".join(declared) or "none")
                self._refused.append(f"--set {name}: the playbook has no such parameter; {hint}")
        if self._refused:
            raise UsageError("MD066", "\n".join(self._refused), hint="mdsim plan FILE lists the parameters")
        return Parameters(found)

    def _parameter(self, name: str, body: Data, at: At) -> Parameter:
        reader = self._reader
        broken = Parameter(Param(name, Kind.TEXT, ""), None, at)
        if not isinstance(body, dict):
            written = scalar_text(body) or "…"
            help_ = f"write {name}: {{type: price, default: {written}}}"
            message = f"parameter '{name}' takes a mapping with a type"
            reader.problem("MD053", message, at, help_, on_key=body is None)
            return broken
        fields = reader.mapping(body, PARAMETER, at)
        if fields is None or "type" not in fields:
            return broken
        kind = _KINDS.get(str(reader.value(PARAMETER["type"], fields["type"], (*at, "type"))))
        if kind is None:
            return broken
        help_text = reader.value(PARAMETER["help"], fields["help"], (*at, "help")) if "help" in fields else ""
        param = Param(name, kind, str(help_text or ""), required="default" not in fields)
        before = len(reader.problems)
        param = self._bounds(self._choices(param, fields, at), fields, at)
        if len(reader.problems) > before:
            return Parameter(param, None, at)
        default: Value = None
        if "default" in fields:
            default = self._typed(param, "default", fields["default"], (*at, "default"))
            param = replace(param, default=default)
        if name in self._overrides:
            return Parameter(param, self._override(param, self._overrides[name]), at)
        if "default" not in fields:
            message = f"parameter '{name}' has no default and no value"
            reader.problem("MD065", message, at, f"give it one with --set {name}=…", on_key=True)
        return Parameter(param, default, at)

    def _choices(self, param: Param, fields: dict[str, Data], at: At) -> Param:
        if param.kind is not Kind.CHOICE:
            if "choices" in fields:
                message = f"'choices' belongs to 'type: choice', not to 'type: {param.kind.value}'"
                self._reader.problem("MD064", message, (*at, "choices"), on_key=True)
            return param
        if "choices" not in fields:
            help_ = "write choices: [one, other]"
            self._reader.problem("MD064", "'type: choice' needs 'choices'", at, help_, on_key=True)
            return param
        return replace(param, choices=self._reader.words(fields["choices"], "choices", (*at, "choices")))

    def _bounds(self, param: Param, fields: dict[str, Data], at: At) -> Param:
        found: dict[str, int | Decimal | None] = {"min": None, "max": None}
        for name in found:
            if name not in fields:
                continue
            if param.kind not in BOUNDED_KINDS:
                message = f"a {param.kind.value} has no '{name}'"
                self._reader.problem("MD064", message, (*at, name), on_key=True)
                continue
            value = self._typed(param, name, fields[name], (*at, name))
            found[name] = value if isinstance(value, int | Decimal) else None
        low, high = found["min"], found["max"]
        if low is not None and high is not None and low > high:
            self._reader.problem("MD064", "'min' is greater than 'max'", (*at, "min"))
        return replace(param, low=low, high=high)

    def _typed(self, param: Param, name: str, data: Data, at: At) -> Value:
        text = scalar_text(data)
        if text is None:
            self._reader.wrong_shape(name, TAKES[param.kind], data, at)
            return None
        key = Key(name, param.kind, "", low=param.low, high=param.high, choices=param.choices)
        return self._reader.parse(replace(key, draw=name == "default"), text, at)

    def _override(self, param: Param, text: str) -> Value:
        try:
            return values.parse(param.kind, text, choices=param.choices, low=param.low, high=param.high)
        except values.ValueProblem as error:
            told = f"; {error.help}" if error.help else ""
            self._refused.append(f"--set {param.name}={shown(text)[1:-1]}: {error.message}{told}")
            return None
