"""The example, the schema and the reference: complete, fresh, and of one mind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mdsim.config import schema
from mdsim.config.grammar import Group, Key, walk
from mdsim.config.load import load
from mdsim.config.tables import CONFIGURATION

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = (ROOT / "config" / "config.example.yaml").read_text("utf-8")
KEYS = {"COINGECKO_API_KEY": "key-1", "COINMARKETCAP_API_KEY": "key-2", "BINANCE_API_KEY": "key-3"}


def uncommented(text: str) -> str:
    """The example with its commented keys in force."""
    return re.sub(
        r"(?m)^( *)# ((?:tls_|frequency|symbols|path|token|otlp_|smoothing|fill_in)[a-z_]*:)", r"\1\2", text
    )


def present(group: Group, data: Any) -> set[tuple[str, ...]]:
    """Paths of the tables that a parsed document holds."""
    found: set[tuple[str, ...]] = set()
    for item in group.items:
        for entry in data if isinstance(data, list) else [data]:
            if not isinstance(entry, dict) or item.name not in entry:
                continue
            found.add((item.name,))
            if isinstance(item, Group):
                found |= {(item.name, *below) for below in present(item, entry[item.name])}
    return found


def test_the_example_starts_without_any_variable() -> None:
    """Sources without their keys are off, each with a warning, and nothing else is wrong."""
    found = load(EXAMPLE, {}, {})

    assert [item.problem.code for sheet in found.warnings for item in sheet.diagnostics] == ["MD455"] * 3
    assert all(source.off for source in found.sources)


def test_the_example_with_its_keys_has_nothing_to_complain_about() -> None:
    """Every source is on."""
    found = load(EXAMPLE, KEYS, {})

    assert found.warnings == ()
    assert [source.off for source in found.sources] == ["", "", ""]


def test_the_example_says_what_holds_by_default() -> None:
    """Where the tables have a default, the example shows that value, except for limits it adds."""
    shown, plain = load(EXAMPLE, {}, {}), load(None, {}, {})

    assert (shown.server, shown.publication, shown.consensus, shown.history, shown.telemetry) == (
        plain.server,
        plain.publication,
        plain.consensus,
        plain.history,
        plain.telemetry,
    )
    on = [item for item in shown.catalogue if item.enabled]
    assert on == [item for item in plain.catalogue if item.enabled]
    assert [it.value for it in shown.chaos.ceilings] == [it.value for it in plain.chaos.ceilings]


def test_the_example_holds_every_key() -> None:
    """Commented ones included: a key that is added to the tables must be shown there."""
    text = uncommented(EXAMPLE)
    wanted = {tuple(step.removesuffix("[]") for step in path) for path, _ in walk(CONFIGURATION)}
    there = present(CONFIGURATION, yaml.safe_load(text))
    for tier in ("primary", "secondary", "exchange_feeds"):  # one list shows what all three hold
        wanted = {
            ("data_sources", "primary", *it[2:]) if it[:2] == ("data_sources", tier) else it for it in wanted
        }
        there = {
            ("data_sources", "primary", *it[2:]) if it[:2] == ("data_sources", tier) else it for it in there
        }

    assert sorted(wanted - there) == []
    load(text, {**KEYS, "CHAOS_TOKEN": "abcdef"}, {})


def test_the_schema_file_is_fresh() -> None:
    """``make schemas`` writes it again."""
    assert (ROOT / "schemas" / "config.schema.json").read_text("utf-8") == schema.text()


def test_the_schema_is_a_schema_and_takes_the_example() -> None:
    """With and without its comments."""
    built = json.loads(schema.text())
    jsonschema.Draft7Validator.check_schema(built)
    for text in (EXAMPLE, uncommented(EXAMPLE)):
        jsonschema.validate(yaml.safe_load(text), built, jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "text",
    [
        "server: {prot: 1}",
        "server: {port: 70000}",
        "server: {port: abc}",
        "publication: {tick_frequency_ms: 0}",
        "telemetry: {log_level: warn}",
        "data_sources: {primary: [{name: a, type: rest_api}]}",
        "data_sources: {primary: [{name: a, type: ftp, url: https://a.example}]}",
        "history: {retention: 30}",
        "chaos_scenarios: {price_shock: {gradual_only: true}}",
        "market_data: {supported_symbols: [{symbol: btc}]}",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    """An editor shows the same mistakes, as far as a schema can."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json.loads(schema.text()), jsonschema.Draft7Validator)


def test_every_key_explains_itself() -> None:
    """The reference and the schema show a sentence for each, and what holds without it."""
    for path, item in walk(CONFIGURATION):
        assert item.help, path
        assert item.help[-1] != ".", path
        if isinstance(item, Key):
            assert item.required or item.default is not None or item.absent, path
