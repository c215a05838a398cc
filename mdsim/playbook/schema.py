"""The playbook schema (JSON Schema draft-07), generated from the grammar for editors and other tools.

A step is one flat object with the verbs as optional properties, rather than a ``oneOf`` of verbs: an
editor then completes them, and a validator names the one thing that is wrong. What JSON Schema cannot
say (exactly one verb, references, types of parameters, bounds) is the compiler's.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TypeAlias

from mdsim.core.decimals import plain
from mdsim.core.numerals import PLAIN
from mdsim.core.params import Kind
from mdsim.core.ports import Curves, Registry
from mdsim.core.time import format_duration
from mdsim.playbook.grammar import (
    BASELINE,
    BRANCH,
    DOCUMENT,
    EXPECT,
    FINAL,
    INVARIANT,
    KEYFRAME,
    LIMITS,
    NAME_PATTERN,
    PARAM_NAME_PATTERN,
    PARAMETER,
    PHASE,
    REPEAT,
    SHAPE,
    STEP,
    VERSION,
    WAIT,
    Form,
    Key,
    Section,
)
from mdsim.playbook.verbs import Grammar

Schema: TypeAlias = "dict[str, Schema] | list[Schema] | str | int | bool"
Node: TypeAlias = "dict[str, Schema]"

_DIALECT = "http://json-schema.org/draft-07/schema#"

_REFERENCE = r"\$"
_SIZE = PLAIN
_UNIT = r"(ms|us|ns|[dhms])"
_SPAN = rf"({_SIZE}{_UNIT})+"

_PATTERNS: dict[Kind, str] = {
    Kind.DURATION: rf"{_SPAN}(\.\.{_SPAN})?",
    Kind.CHANGE: rf"([+-]{_SIZE}|0(\.0+)?)(%|bp)",
    Kind.SHARE: rf"{_SIZE}(%|bp)",
    Kind.FACTOR: rf"{_SIZE}x",
    Kind.SCALE: rf"{_SIZE}(x|%)",
    Kind.RATE: rf"{_SIZE}/s",
    Kind.PRICE: _SIZE,
    Kind.NUMBER: rf"-?{_SIZE}",
    Kind.COUNT: PLAIN,
    Kind.THEN: rf"hold|revert over {_SPAN}",
    Kind.URL: r"https?://.+",
}
_WRITTEN: dict[Kind, str] = {
    Kind.DURATION: "A duration with its unit: 250ms, 90s, 5m, 1h30m, 2d; 30s..2m is a seeded draw.",
    Kind.CHANGE: "A change with its sign: -12% or +50bp; only 0% needs none.",
    Kind.SHARE: "A share without a sign: 15% or 5bp.",
    Kind.FACTOR: "A factor: 20x.",
    Kind.SCALE: "A factor: 20x, or as a share: 10%.",
    Kind.RATE: "A rate: 5/s.",
    Kind.PRICE: "A price, read exactly as written: 0.92.",
    Kind.NUMBER: "A plain number: 0.85.",
    Kind.COUNT: "A whole number.",
    Kind.FLAG: "true or false.",
    Kind.TEXT: "A text.",
    Kind.SYMBOL: "An instrument: BTC-USD.",
    Kind.SYMBOLS: "One symbol, a list, a pattern such as '*-USD', all, or a map from symbol to weight.",
    Kind.THEN: "hold (the default), or revert over 60s.",
    Kind.URL: "A URL.",
    Kind.SOURCE: "A source's name.",
    Kind.KEYFRAMES: "Points of a path: [{at: 5m, by: -3%}, …].",
    Kind.CURVE: "How it travels: a curve's name, or {shape: exp, half_life: 3m}.",
}
_PLAIN = {Kind.PRICE: "number", Kind.NUMBER: "number", Kind.COUNT: "integer", Kind.FLAG: "boolean"}


def build(effects: Registry, curves: Curves) -> Node:
    """The schema of playbooks with these effects and curves."""
    grammar = Grammar(effects, curves)
    sections = {
        "phase": PHASE,
        "keyframe": KEYFRAME,
        "wait": WAIT,
        "expect": EXPECT,
        "final": FINAL,
        "invariant": INVARIANT,
        "repeat": REPEAT,
        "branch": BRANCH,
        "parameter": PARAMETER,
        "baseline": BASELINE,
        "limits": LIMITS,
    }
    definitions: Node = {kind.value: _kind(kind, grammar) for kind in Kind if kind is not Kind.CHOICE}
    definitions |= {f"{name}-fields": _object(section) for name, section in sections.items()}
    definitions |= {f"effect-{name}": _object(section) for name, section in grammar.sections.items()}
    definitions["name"] = {"type": ["string", "number"], "pattern": f"^{NAME_PATTERN}$"}
    definitions["condition"] = {"type": "string", "minLength": 3}
    definitions["steps"] = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}}
    definitions["lanes"] = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{NAME_PATTERN}$"},
        "additionalProperties": {"$ref": "#/definitions/steps"},
    }
    definitions["step"] = _step(grammar)
    whole = _object(DOCUMENT)
    return {
        "$schema": _DIALECT,
        "title": "mdsim playbook",
        "description": "A timeline of market events: phases, lanes and steps that act on a price stream.",
        **whole,
        "patternProperties": {"^x-": {"description": "Ignored: a home for anchors."}},
        "definitions": dict(sorted(definitions.items())),
    }


def text(effects: Registry, curves: Curves) -> str:
    """The schema as canonical JSON: the same registries give the same bytes."""
    return json.dumps(build(effects, curves), indent=2, ensure_ascii=False) + "\n"


def _object(section: Section) -> Node:
    properties: Node = {key.name: _property(key) for key in section.keys if not key.later}
    required: list[Schema] = [key.name for key in section.keys if key.required]
    found: Node = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _step(grammar: Grammar) -> Node:
    keys = [key for key in STEP.keys if key.name != "at"]
    for verb in grammar.verbs.values():
        keys.extend(key for key in (verb.key, *verb.companions) if not key.later)
    properties: Node = {key.name: _property(key) for key in keys}
    properties["at"] = _property(STEP["at"])
    dependencies: Node = {
        companion.name: ["if"] for verb in grammar.verbs.values() for companion in verb.companions
    }
    dependencies["if"] = ["then"]
    return {
        "type": "object",
        "description": "One verb, and what may stand beside it.",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "dependencies": dependencies,
    }


def _property(key: Key) -> Node:
    """A key's value with its description; draft-07 ignores what stands beside a ``$ref``: wrapped."""
    value = _form(key) if isinstance(key.form, Form) else _scalar(key, key.form)
    shown: Node = {"description": _described(key)}
    if key.examples:
        shown["examples"] = list(key.examples)
    if key.default is not None:
        shown["default"] = key.default
    return {**shown, "allOf": [value]} if "$ref" in value else {**shown, **value}


def _described(key: Key) -> str:
    told = key.help[:1].upper() + key.help[1:]
    bounds = [
        f"{word} {_bound(key.form, bound)}"
        for word, bound in (("at least", key.low), ("at most", key.high))
        if bound is not None
    ]
    return told + (f" ({', '.join(bounds)})" if bounds else "") + "."


def _bound(form: Form | Kind, bound: int | Decimal) -> str:
    if form is Kind.DURATION:
        return format_duration(int(bound))
    if form in (Kind.CHANGE, Kind.SHARE):
        return plain(Decimal(bound) * 100) + "%"
    return plain(Decimal(bound)) + ("x" if form in (Kind.FACTOR, Kind.SCALE) else "")


def _scalar(key: Key, kind: Kind) -> Node:
    if kind is Kind.CHOICE:
        words: list[Schema] = list(key.choices)
        return {"anyOf": [{"enum": words}, {"type": "string", "pattern": "^" + _REFERENCE}]}
    return {"$ref": f"#/definitions/{kind.value}"}


def _kind(kind: Kind, grammar: Grammar) -> Node:
    """What may be written for a kind; a parameter may always stand there, in whole or in part."""
    shown: Node = {"description": _WRITTEN[kind]}
    if kind is Kind.SYMBOLS:
        one: Node = {"type": "string"}
        weights: Node = {"type": "object", "minProperties": 1, "additionalProperties": _ref(Kind.NUMBER)}
        return {**shown, "anyOf": [one, {"type": "array", "minItems": 1, "items": one}, weights]}
    if kind is Kind.KEYFRAMES:
        return {**shown, "type": "array", "minItems": 1, "items": {"$ref": "#/definitions/keyframe-fields"}}
    if kind is Kind.CURVE:
        return {**shown, **_curve(grammar)}
    types: list[Schema] = ["string"]
    if kind in _PLAIN:
        types.append(_PLAIN[kind])
    if kind is Kind.TEXT:
        types += ["number", "boolean"]
    found: Node = {**shown, "type": types if len(types) > 1 else types[0]}
    if kind in _PATTERNS:
        found["pattern"] = rf"^({_PATTERNS[kind]}|.*{_REFERENCE}.*)$"
    if kind is Kind.FLAG:
        found["pattern"] = rf"^(true|false|{_REFERENCE}.*)$"
    return found


def _curve(grammar: Grammar) -> Node:
    """Flat like a step: the arguments of every curve as optional properties of one object."""
    shapes: list[Schema] = list(grammar.curves)
    names: Node = {"anyOf": [{"enum": shapes}, {"type": "string", "pattern": "^" + _REFERENCE}]}
    properties: Node = {"shape": {"description": "The curve's name.", **names}}
    for shape in grammar.curves:
        for key in grammar.curve_section(shape).keys:
            if key.name == SHAPE.name:
                continue
            told = f"{shape}: {_described(key)}"
            before = properties.get(key.name)
            if isinstance(before, dict):
                before["description"] = f"{before['description']} {told}"
                options = before["anyOf"]
                if isinstance(options, list) and _scalar(key, _kind_of(key)) not in options:
                    options.append(_scalar(key, _kind_of(key)))
            else:
                properties[key.name] = {"description": told, "anyOf": [_scalar(key, _kind_of(key))]}
    fields: Node = {
        "type": "object",
        "properties": properties,
        "required": ["shape"],
        "additionalProperties": False,
    }
    return {"anyOf": [names, fields]}


def _kind_of(key: Key) -> Kind:
    assert isinstance(key.form, Kind)
    return key.form


def _ref(kind: Kind) -> Node:
    return {"$ref": f"#/definitions/{kind.value}"}


def _list_of(item: Node) -> Node:
    return {"type": "array", "minItems": 1, "items": item}


def _either(name: str) -> Node:
    """A bare condition, or the mapping with its settings."""
    return {"anyOf": [{"$ref": "#/definitions/condition"}, {"$ref": f"#/definitions/{name}-fields"}]}


def _map_of(item: Node, names: str | None = None) -> Node:
    found: Node = {"type": "object", "additionalProperties": item}
    return found if names is None else {**found, "propertyNames": {"pattern": f"^{names}$"}}


def _form(key: Key) -> Node:
    match key.form:
        case Form.VERSION:
            return {"enum": [int(VERSION), VERSION]}
        case Form.NAME | Form.CONDITION | Form.STEPS | Form.LANES:
            return {"$ref": f"#/definitions/{key.form.value}"}
        case Form.TAGS:
            return _list_of({"type": ["string", "number", "boolean"]})
        case Form.INSTANT:
            return {"type": "string", "minLength": 4}
        case Form.PRICES:
            return _map_of(_ref(Kind.PRICE))
        case Form.CONDITIONS:
            return _list_of({"$ref": "#/definitions/condition"})
        case Form.EXPECTATION:
            return _either("expect")
        case Form.EXPECTATIONS:
            return _list_of(_either("final"))
        case Form.INVARIANTS:
            return _list_of(_either("invariant"))
        case Form.PARAMS:
            return _map_of({"$ref": "#/definitions/parameter-fields"}, PARAM_NAME_PATTERN)
        case Form.BASELINE | Form.LIMITS | Form.REPEAT:
            return {"$ref": f"#/definitions/{key.form.value}-fields"}
        case Form.PHASES:
            return _list_of({"$ref": "#/definitions/phase-fields"})
        case Form.BRANCHES:
            return _list_of({"$ref": "#/definitions/branch-fields"})
        case Form.WAIT:
            return {"anyOf": [_ref(Kind.DURATION), {"$ref": "#/definitions/wait-fields"}]}
        case Form.NOTE:
            return {"type": ["string", "null"]}
        case Form.EFFECT:
            return {"$ref": f"#/definitions/effect-{key.name}"}
        case Form.MATRIX:
            return _map_of({"type": "array", "minItems": 1})
        case _:
            return {}
