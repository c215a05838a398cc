"""The generated schema: fresh, valid, agreeing with what the compiler takes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core import values
from mdsim.core.params import Kind
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.playbook import loader, schema
from mdsim.playbook.verbs import Grammar

ROOT = Path(__file__).parent.parent.parent
SHIPPED = sorted((ROOT / "playbooks").glob("*.yaml"))
EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
BUILT = schema.build(EFFECTS, CURVES)
VALIDATOR = jsonschema.Draft7Validator(BUILT)


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: numbers and true/false are typed, dates are text."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(text, EditorLoader))]


def accepts(definition: str, text: str) -> bool:
    definitions = BUILT["definitions"]
    assert isinstance(definitions, dict)
    found = definitions[definition]
    assert isinstance(found, dict)
    return jsonschema.Draft7Validator(found).is_valid(text)


def test_the_file_that_editors_use_is_up_to_date() -> None:
    """schemas/playbook.schema.json is what these verbs and curves generate."""
    shipped = (ROOT / "schemas" / "playbook.schema.json").read_text("utf-8")
    assert shipped == schema.text(EFFECTS, CURVES), "run mdsim schema --write schemas/playbook.schema.json"


def test_the_schema_is_valid_draft_07() -> None:
    """Editors refuse a schema that is not."""
    jsonschema.Draft7Validator.check_schema(BUILT)
    assert BUILT["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_reference_leads_somewhere() -> None:
    """A dangling $ref would silently switch completion off."""

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for item in node.values() for ref in references(item)]
        return [ref for item in node for ref in references(item)] if isinstance(node, list) else []

    definitions = BUILT["definitions"]
    assert isinstance(definitions, dict)
    targets = {ref.removeprefix("#/definitions/") for ref in references(BUILT)}
    assert targets <= set(definitions)


def test_every_property_says_what_it_is() -> None:
    """An editor shows the description beside each completion."""
    silent = []

    def walk(node: object, path: str) -> None:
        if isinstance(node, dict):
            for name, item in (node.get("properties") or {}).items():
                if not item.get("description"):
                    silent.append(f"{path}/{name}")
            for name, item in node.items():
                walk(item, f"{path}/{name}")

    walk(BUILT, "")
    assert silent == []


def test_every_available_verb_stands_in_a_step_and_no_other() -> None:
    """What this version cannot do is not offered."""
    definitions = BUILT["definitions"]
    assert isinstance(definitions, dict)
    step = definitions["step"]
    assert isinstance(step, dict)
    offered = step["properties"]
    assert isinstance(offered, dict)
    grammar = Grammar(EFFECTS, CURVES)
    for name, verb in grammar.verbs.items():
        assert (name in offered) is not verb.key.later


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_playbooks_are_valid_for_an_editor_and_for_the_loader(path: Path) -> None:
    """Typed by YAML 1.2, or all text as the loader reads it: both fit the schema."""
    assert complaints(path.read_text("utf-8")) == []
    document = loader.load(path.read_bytes(), path.name)
    assert [error.message for error in VALIDATOR.iter_errors(document.data)] == []


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ("mdsim: 2\nsteps: [{wait: 5m}]", "2 is not one of [1, '1']"),
        ("mdsim: 1\nsteps: [{wiat: 5m}]", "'wiat' was unexpected"),
        ("mdsim: 1\nsteps: [{move: {symbl: BTC-USD}}]", "'symbl' was unexpected"),
        ("mdsim: 1\nsteps: [{move: {symbol: BTC-USD, by: 5%}}]", "'5%' does not match"),
        ("mdsim: 1\nsteps: [{move: {symbol: BTC-USD, over: 90}}]", "90 is not of type 'string'"),
        ("mdsim: 1\nsteps: [{then: [{wait: 5m}]}]", "'if' is a dependency of 'then'"),
        ("mdsim: 1\nsteps: []", "[]"),
        ("mdsim: 1\nphases: [{for: 5m}]", "'name' is a required property"),
        ("steps: [{wait: 5m}]", "'mdsim' is a required property"),
        ("mdsim: 1\nparams: {a: {type: percent}}", "'percent' is not valid"),
    ],
)
def test_an_editor_underlines_mistakes(body: str, about: str) -> None:
    """One mistake gives one complaint that names it."""
    found = complaints(body)
    assert len(found) == 1
    assert about in found[0]


@pytest.mark.parametrize(
    "body",
    [
        "x-shared: {any: thing}\nmdsim: 1\nsteps: [{wait: 5m}]",
        'mdsim: "1"\nsteps: [{pause: }]',
        "mdsim: 1\nparams: {p: {type: price, default: 1}}\nsteps: [{move: {symbol: $c, to: $p, over: $t}}]",
        "mdsim: 1\nsteps: [{move: {symbols: {BTC-USD: 1, ETH-USD: $b}, by: 0%, curve: {shape: exp}}}]",
        "mdsim: 1\nsteps: [{if: price(BTC-USD) > 1, then: [{stop: }], else: [{mark: 5}]}]",
    ],
)
def test_an_editor_accepts_what_the_language_allows(body: str) -> None:
    """Parameters in any place, empty notes, both ways of writing the version."""
    assert complaints(body) == []


UNITS = {
    Kind.CHANGE: ("%", "bp"),
    Kind.SHARE: ("%", "bp"),
    Kind.FACTOR: ("x",),
    Kind.SCALE: ("x", "%"),
    Kind.RATE: ("/s",),
}
NUMERIC = (Kind.CHANGE, Kind.SHARE, Kind.FACTOR, Kind.SCALE, Kind.RATE, Kind.PRICE, Kind.NUMBER, Kind.COUNT)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    kind=st.sampled_from(NUMERIC),
    sign=st.sampled_from(["", "-", "+"]),
    number=st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?", fullmatch=True),
    unit=st.sampled_from(["", "%", "bp", "x", "/s"]),
)
def test_an_editor_never_underlines_an_amount_that_the_compiler_takes(
    kind: Kind, sign: str, number: str, unit: str
) -> None:
    """Whatever values.parse reads, the schema's pattern accepts."""
    text = sign + number + unit
    try:
        values.parse(kind, text)
    except values.ValueProblem:
        return
    assert accepts(kind.value, text)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.from_regex(
        r"[0-9]{1,3}(\.[0-9])?(ms|us|ns|[dhms])([0-9]{1,2}(ms|us|ns|[dhms]))?(\.\.[0-9]{1,2}[hms])?",
        fullmatch=True,
    )
)
def test_an_editor_never_underlines_a_duration_that_the_compiler_takes(text: str) -> None:
    """Sums, decimals and draws included."""
    try:
        values.parse(Kind.DURATION, text)
    except values.ValueProblem:
        return
    assert accepts("duration", text)


def test_the_text_is_the_built_schema_as_json() -> None:
    """What is written to the file loses nothing, and ends in one line end."""
    text = schema.text(EFFECTS, CURVES)
    assert json.loads(text) == BUILT
    assert text.endswith("}\n")
