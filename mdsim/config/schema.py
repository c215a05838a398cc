"""The JSON schema (draft-07) of the configuration file, made from its tables.

What a schema cannot say (variables, rules across keys, what the assets are) is the reader's.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TypeAlias

from mdsim.config.grammar import Form, Group, Item, Key
from mdsim.config.tables import CONFIGURATION
from mdsim.core.decimals import plain
from mdsim.core.numerals import PLAIN
from mdsim.core.params import Kind
from mdsim.core.time import format_duration

Schema: TypeAlias = "dict[str, Schema] | list[Schema] | str | int | float | bool"
Node: TypeAlias = "dict[str, Schema]"

_DIALECT = "http://json-schema.org/draft-07/schema#"
_VARIABLE = r".*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*"
_PATTERNS: dict[Kind | Form, str] = {
    Kind.DURATION: rf"({PLAIN}(ms|us|ns|[dhms]))+",
    Kind.NUMBER: rf"-?{PLAIN}",
    Kind.PRICE: PLAIN,
    Kind.COUNT: r"0|[1-9][0-9]*",
    Kind.FLAG: "true|false",
    Kind.SYMBOL: r"[A-Z0-9]{1,15}(-[A-Z0-9]{1,15}){1,2}",
    Form.HTTP: r"https?://\S+",
    Form.STREAM: r"(https?|wss?)://\S+",
    Form.NAME: r"[A-Za-z][A-Za-z0-9_.-]{0,63}",
    Form.ASSET: r"[A-Z0-9]{1,15}",
}
_PLAIN_TYPES = {Kind.NUMBER: "number", Kind.PRICE: "number", Kind.COUNT: "integer", Kind.FLAG: "boolean"}


def build() -> Node:
    """The schema."""
    whole = _group(CONFIGURATION)
    return {
        "$schema": _DIALECT,
        "title": "mdsim configuration",
        "description": "What mdsim serve is told by its file; every key is optional.",
        **whole,
        "patternProperties": {"^x-": {"description": "Ignored: a home for anchors."}},
    }


def text() -> str:
    """The schema as canonical JSON: the same tables give the same bytes."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def told(key: Key) -> str:
    """A key's help as a sentence, with its bounds and what sets it otherwise."""
    bounds = [
        f"{word} {_bound(key, bound)}"
        for word, bound in (("at least", key.low), ("at most", key.high))
        if bound is not None
    ]
    sentence = key.help[:1].upper() + key.help[1:] + (f" ({', '.join(bounds)})" if bounds else "") + "."
    return sentence if key.default is not None or key.required else f"{sentence} Without it: {key.absent}."


def _bound(key: Key, bound: int | Decimal) -> str:
    return format_duration(int(bound)) if key.form is Kind.DURATION else plain(Decimal(bound))


def _item(item: Item) -> Node:
    if isinstance(item, Key):
        return _key(item)
    node = _group(item)
    about: Node = {"description": item.help + "."}
    if item.many:
        return {**about, "type": ["array", "null"], "items": node}
    return {**about, **node, "type": ["object", "null"]}


def _group(group: Group) -> Node:
    properties: Node = {item.name: _item(item) for item in group.items}
    required: list[Schema] = [it.name for it in group.items if isinstance(it, Key) and it.required]
    node: Node = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**node, "required": required} if required else node


def _key(key: Key) -> Node:
    about: Node = {"description": told(key)}
    if key.many:
        items: list[Schema] = [] if key.default is None else [*key.default.split(", ")]
        default: Node = {"default": items} if items else {}
        return {**about, **default, "anyOf": [_value(key), {"type": "array", "items": _value(key)}]}
    if key.default is not None:
        about["default"] = _default(key)
    return {**about, **_value(key)}


def _default(key: Key) -> Schema:
    if key.form is Kind.FLAG:
        return key.default == "true"
    if key.form is Kind.COUNT:
        return int(key.default or 0)
    if key.form is Kind.NUMBER:
        number = Decimal(key.default or 0)
        return int(number) if number == number.to_integral_value() else float(number)
    return key.default or ""


def _value(key: Key) -> Node:
    if key.form is Kind.CHOICE:
        words: list[Schema] = list(key.choices)
        return {"anyOf": [{"enum": words}, {"type": "string", "pattern": f"^{_VARIABLE}$"}]}
    types: list[Schema] = ["string"]
    node: Node = {}
    if key.form in _PLAIN_TYPES:
        types.append(_PLAIN_TYPES[Kind(key.form.value)])
        for name, bound in (("minimum", key.low), ("maximum", key.high)):
            if bound is not None:
                node[name] = bound if isinstance(bound, int) else float(bound)
    if key.form in _PATTERNS:
        node["pattern"] = rf"^({_PATTERNS[key.form]}|{_VARIABLE})$"
    if key.form in (Form.SECRET, Form.NAME, Form.ASSET, Form.PATH):
        types += ["integer", "number"]  # YAML reads 12345 as a number; mdsim takes every value as written
    node["type"] = types if len(types) > 1 else types[0]
    return node
