"""What the page of the HTTP interface tells of a body: its keys, what they take, and one to send."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a JSON body.

    Attributes:
        takes: what it takes, in a few words: ``number, -90 to 500``.
        default: as JSON text, empty where leaving it out means something else; None for a required key.
        about: prose with back ticks, may be empty.
    """

    name: str
    takes: str
    default: str | None
    about: str


def body_keys(shape: object) -> list[Key]:
    """The keys of a struct, in its order."""
    schema = _schema(shape)
    required = _names(schema.get("required"))
    return [
        Key(
            name=name,
            takes=_takes(kind),
            default=None if name in required else _json(kind.get("default")),
            about=str(kind.get("description", "")),
        )
        for name, kind in _properties(schema)
    ]


def body_example(shape: object) -> str:
    """A body that works: every key whose type brings an example, as one line of JSON."""
    found = {
        name: examples[0]
        for name, kind in _properties(_schema(shape))
        if isinstance(examples := kind.get("examples"), list)
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=0).decode()


def _schema(shape: object) -> dict[str, object]:
    """The JSON schema of one struct; `schema` alone answers with a reference to it."""
    (found,), components = msgspec.json.schema_components([shape])
    name = str(found.get("$ref", "")).rpartition("/")[2]
    schema: dict[str, object] = components[name]
    return schema


def _properties(schema: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    properties = schema["properties"]
    assert isinstance(properties, dict)
    return list(properties.items())


def _names(required: object) -> tuple[str, ...]:
    return tuple(str(name) for name in required) if isinstance(required, list) else ()


def _takes(kind: dict[str, object]) -> str:
    several = kind.get("anyOf")
    if isinstance(several, list):
        return " or ".join(dict.fromkeys(_takes(one) for one in several if one.get("type") != "null"))
    words = [kind["const"]] if "const" in kind else kind.get("enum")
    if isinstance(words, list):
        return ", ".join(str(word) for word in words)
    name = str(kind.get("type", "anything"))
    items = kind.get("items")
    if name == "array" and isinstance(items, dict):
        within = _takes(items)
        return f"list: {within}" if "enum" in items else f"list of {within}"
    least, most = kind.get("minimum"), kind.get("maximum")
    if isinstance(least, int | float) and isinstance(most, int | float):
        return f"{name}, {least} to {most}"
    return {"string": "text", "boolean": "true or false"}.get(name, name)


def _json(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
