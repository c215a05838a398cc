"""Playbooks sent as JSON: numbers as written, places, and the limits of a file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.playbook.diagnostics import PlaybookError
from mdsim.playbook.loader import Data, load_json

STABLE = settings(derandomize=True, deadline=None, max_examples=100)


def told(error: PlaybookError) -> list[str]:
    """The problems of an error as lines."""
    return [
        f"{d.place.line}:{d.place.column}+{d.length} {d.problem.code} {d.problem.message} => {d.problem.help}"
        for d in error.diagnostics
    ]


def test_json_keeps_its_numbers_as_written() -> None:
    """Decimals never pass through float."""
    body = b'{"mdsim": 1, "to": 0.1000000000000000055511151231257827, "n": -1E5, "t": true, "z": null}'
    assert load_json(body, "body").data == {
        "mdsim": "1",
        "to": "0.1000000000000000055511151231257827",
        "n": "-1E5",
        "t": True,
        "z": None,
    }


def test_json_values_have_places() -> None:
    """A problem in a body is shown in the body."""
    document = load_json(b'{\n  "a": [ 1, {"b": "x\\u0041y"} ]\n}', "body")
    assert document.data == {"a": ["1", {"b": "xAy"}]}
    assert str(document.marks.place("body", ("a", 1, "b"))) == "body:2:19"
    assert str(document.marks.place("body", ("a", 1, "b"), offset=2)) == "body:2:27"
    assert document.marks.length(("a", 1, "b"), on_key=True) == 3


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", '1:1+1 MD003 the playbook is empty => begin it with "mdsim: 1"'),
        (b"null", '1:1+4 MD006 a playbook is a mapping, not a text => begin with "mdsim: 1"'),
        (b'{"a": 1, "a": 2}', "1:10+3 MD007 'a' is written twice => keep one; the first is in line 1"),
        (b'{"a": NaN}', "1:7+3 MD015 'NaN' is no JSON value => put text in double quotes: \"NaN\""),
        (b'{"a": 01}', "1:7+2 MD015 '01' is no JSON value => put text in double quotes: \"01\""),
        (b'{"a": }', "1:7+1 MD015 a value is missing here => write the value"),
        (b'{"a" 1}', "1:6+1 MD015 ':' is missing after the key => write \"key\": value"),
        (b"{'a': 1}", '1:2+1 MD015 a key in double quotes is missing here => write "key": value'),
        (b'{"a": 1,}', '1:9+1 MD015 a key in double quotes is missing here => write "key": value'),
        (b'{"a": [1 2]}', "1:10+1 MD015 ',' or ']' is missing here => separate entries with ','"),
        (b'{"a": 1', "1:8+1 MD015 ',' or '}' is missing here => separate entries with ','"),
        (
            b'{"a": "x',
            "1:7+1 MD015 this text is not closed or holds a bad escape => close it with a quote",
        ),
        (b'{"a": 1} x', "1:10+1 MD015 text follows the end of the JSON value => remove it"),
        (
            b'{"a": "\\ud800"}',
            "1:7+8 MD001 half a surrogate pair is no character => write the character itself",
        ),
        (b'{"a": "\\u0000"}', "1:7+8 MD001 the value holds the control character U+0000 => remove it"),
    ],
)
def test_broken_json_is_explained(body: bytes, problem: str) -> None:
    """The grammar of JSON is kept strictly, with places."""
    with pytest.raises(PlaybookError) as caught:
        load_json(body, "body")
    assert told(caught.value) == [problem]


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (b"[" * 200_000, "MD013"),
        (b'{"a":' * 50_000, "MD013"),
        (b"[" + b"1," * 30_000, "MD011"),
        (b" " * 300_000, "MD002"),
    ],
    ids=["brackets", "braces", "values", "bytes"],
)
def test_a_json_bomb_is_refused(bomb: bytes, code: str) -> None:
    """The limits of a file hold for a body."""
    with pytest.raises(PlaybookError) as caught:
        load_json(bomb, "body")
    assert caught.value.diagnostics[-1].problem.code == code


def _as_text(value: object) -> Data:
    if isinstance(value, dict):
        return {str(key): _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value if isinstance(value, bool) or value is None else str(value)


JSON_TEXTS = st.text(alphabet='aé"\\/\n\t 😀{}[],:', max_size=8)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), JSON_TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from('a"\\ é'), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(STABLE, max_examples=60)
@given(st.dictionaries(st.sampled_from("xyz"), JSON), st.booleans(), st.sampled_from([None, 2]))
def test_json_reads_what_json_writes(data: dict[str, object], ascii_only: bool, indent: int | None) -> None:
    """Any JSON object comes back with its numbers as text."""
    body = json.dumps(data, ensure_ascii=ascii_only, indent=indent).encode()
    assert load_json(body, "body").data == _as_text(data)


@STABLE
@given(
    st.one_of(st.binary(max_size=40), st.text(alphabet='{}[]",: 01\\uabtrue\n', max_size=40).map(str.encode))
)
def test_any_body_is_a_document_or_a_located_refusal(raw: bytes) -> None:
    """Nothing but a PlaybookError comes out."""
    try:
        load_json(raw, "body")
    except PlaybookError as error:
        assert error.diagnostics  # noqa: PT017 either outcome is right, any other exception is not
