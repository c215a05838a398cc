"""The reference of the configuration, made from the tables that check it."""

from __future__ import annotations

from collections.abc import Iterator

from mdsim.config.grammar import Form, Group, Item, Key
from mdsim.config.load import known_variables
from mdsim.config.schema import told
from mdsim.config.tables import CONFIGURATION
from mdsim.core.params import Kind

WRITTEN: dict[Kind | Form, str] = {
    Kind.DURATION: "duration, `5s`",
    Kind.NUMBER: "number",
    Kind.PRICE: "price",
    Kind.COUNT: "whole number",
    Kind.FLAG: "`true` or `false`",
    Kind.SYMBOL: "symbol",
    Form.BIND: "address",
    Form.PATH: "path",
    Form.HTTP: "http address",
    Form.STREAM: "http or ws address",
    Form.NAME: "name",
    Form.ASSET: "asset",
    Form.SECRET: "key",
}

INTRODUCTION = """# Configuration

`mdsim serve` needs no configuration. What it takes comes from four places; the first that says something
counts:

1. a flag of the command line, such as `--port 9000`;
2. the environment, such as `MARKET_DATA_PORT=9000` (an empty variable counts as unset);
3. the file given with `--config`, such as `server: {port: 9000}`;
4. the default.

```console
$ mdsim config example > config.yaml      # every key with its default, commented
$ mdsim config check config.yaml          # every mistake at once; exit 3 when there is one
$ mdsim config check config.yaml --show   # every value, and where it comes from
```

`config/config.example.yaml` holds every key with its default; `schemas/config.schema.json` lets an editor
complete and check it (`mdsim config schema` prints it).

## How a file is read

It is YAML under the rules of playbooks: values are read as they are written (`010` is not 8, `1:30` is not
90), a key written twice or unknown is an error, and so is a tag. Keys at the top that begin with `x-` are
free, for anchors. `${NAME}` anywhere in a value is replaced by that variable; a variable that is not set is
an error that names it, with one exception: a key of a source. Then the source is off, and a warning says
so; so the copied example starts.

Keys and tokens are never shown: not in messages (the line of a mistake is printed with them masked), not in
`--show`, logs, metrics or `/debug`. Write them as `${NAME}`; one that stands in the file itself is a
warning. A variable whose name holds KEY, TOKEN, SECRET, PASSWORD or CREDENTIAL is refused in every place
that is not secret. Addresses beyond this machine must use TLS (`https`, `wss`).

A misspelt variable is not passed over either: whatever begins with `MARKET_DATA_` or `CHAOS_` and is none
of those below is a warning.

## What is not in force yet

These keys are read, checked and shown, and wait for the room that will use them: `history.path` with
`history.retention` (history is in memory).
"""


def page(generated: str) -> str:
    """The whole page; ``generated`` is the line that says so."""
    parts = [generated, INTRODUCTION, "## Environment", "", "| variable | sets |", "|---|---|"]
    parts += [
        f"| `{name}` | `{path}` |" if "." in path else f"| `{name}` | {path} |"
        for name, path in known_variables().items()
    ]
    parts.append("")
    for path, group in _groups(CONFIGURATION, ()):
        parts += [f"## `{'.'.join(path)}`", "", f"{group.help}.", ""]
        keys = [item for item in group.items if isinstance(item, Key)]
        if keys:
            parts += ["| key | value | default | |", "|---|---|---|---|", *map(_row, keys), ""]
    return "\n".join(parts)


def _groups(group: Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Group]]:
    seen: list[tuple[Item, ...]] = []
    for item in group.items:
        if not isinstance(item, Group):
            continue
        here = (*path, item.name + ("[]" if item.many else ""))
        if item.items in seen:  # the three lists of sources have the same keys: once is enough
            yield here, Group(item.name, f"{item.help}; the keys are those above", ())
            continue
        seen.append(item.items)
        yield here, item
        yield from _groups(item, here)


def _row(key: Key) -> str:
    value = " or ".join(f"`{choice}`" for choice in key.choices) or WRITTEN[key.form]
    value += ", or a list" if key.many else ""
    default = "needed" if key.required else "" if key.default is None else f"`{key.default}`"
    also = [*(f"`{name}`" for name in key.env), *([f"`{key.flag}`"] if key.flag else [])]
    words = told(key) + (f" Also {' and '.join(also)}." if also else "")
    return f"| `{key.name}` | {value} | {default} | {words} |".replace(
        "|published / base - 1|", "\\|published / base − 1\\|"
    )
