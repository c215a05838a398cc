"""Reading playbooks: text stays text, every value has a place, and no file can do harm."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.playbook import loader
from mdsim.playbook.diagnostics import PlaybookError
from mdsim.playbook.loader import Data, load

STABLE = settings(derandomize=True, deadline=None, max_examples=100)


def refusal(raw: bytes | str) -> list[str]:
    """Every problem of a text: ``line:column+length CODE message => help``."""
    with pytest.raises(PlaybookError) as caught:
        load(raw, "x.yaml")
    return told(caught.value)


def told(error: PlaybookError) -> list[str]:
    """The problems of an error as lines."""
    return [
        f"{d.place.line}:{d.place.column}+{d.length} {d.problem.code} {d.problem.message} => {d.problem.help}"
        for d in error.diagnostics
    ]


def leaves(data: Data, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Data]]:
    """Every scalar with its path."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path, data


def test_scalars_stay_text_but_for_plain_constants() -> None:
    """What other readers turn into numbers, dates and truth values is left as it was written."""
    text = (
        "clock: 1:30\noctal: 010\nexponent: 1e3\ndate: 2024-08-05\nno: no\non: on\nbig: True\nhex: 0x10\n"
        "yes: true\nnot: false\nnothing:\nnull: null\ntilde: ~\nquoted: 'true'\nnan: .nan\nunder: 1_000\n"
    )
    assert load(text, "x").data == {
        "clock": "1:30",
        "octal": "010",
        "exponent": "1e3",
        "date": "2024-08-05",
        "no": "no",
        "on": "on",
        "big": "True",
        "hex": "0x10",
        "yes": True,
        "not": False,
        "nothing": None,
        "null": None,
        "tilde": None,
        "quoted": "true",
        "nan": ".nan",
        "under": "1_000",
    }


def test_bytes_and_text_read_alike() -> None:
    """A byte order mark, Windows line ends and bytes change neither data nor places."""
    plain = load("a: é\nb:\n  - c\n", "x")
    windows = load("\ufeffa: é\r\nb:\r\n  - c\r\n".encode(), "x")
    assert plain.data == windows.data == {"a": "é", "b": ["c"]}
    assert plain.marks.place("x", ("b", 0)) == windows.marks.place("x", ("b", 0))


def test_anchors_and_aliases_of_whole_values_work() -> None:
    """An alias stands for its anchor's data; its own place is where it is written."""
    document = load("base: &base {for: 2m, tags: [a]}\ncalm: *base\n", "x")
    assert document.data["calm"] == {"for": "2m", "tags": ["a"]}
    assert str(document.marks.place("x", ("calm",))) == "x:2:7"
    assert document.marks.length(("calm",)) == 5
    assert str(document.marks.place("x", ("calm", "for"))) == "x:1:19"


def _refused() -> list[tuple[bytes | str, list[str]]]:
    """The table of mistakes: the text as a Python literal, then each problem as ``refusal`` tells it."""
    rows = []
    for line in Path(__file__).with_name("refused.tsv").read_text(encoding="utf-8").splitlines():
        text, *problems = line.split("\t")
        rows.append((literal_eval(text), problems))
    return rows


REFUSED = _refused()


@pytest.mark.parametrize(("text", "problems"), REFUSED)
def test_what_cannot_be_read_is_explained(text: bytes | str, problems: list[str]) -> None:
    """Each mistake has its place, its sentence and its way out."""
    assert refusal(text) == problems


OURS = [row for row in REFUSED if "MD004" not in row[1][0] and "MD016" not in row[1][0]]
"""What the builder finds; the rest is the parser's complaint, and its two versions differ in places."""


@pytest.mark.parametrize(("text", "problems"), OURS)
def test_the_parser_in_python_gives_the_same_answers(
    text: bytes | str, problems: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the C library everything that is not the parser's own complaint is said in the same words."""
    monkeypatch.setattr(loader, "_LOADER", yaml.SafeLoader)
    assert refusal(text) == problems


def test_all_problems_before_a_broken_place_are_told() -> None:
    """A broken bracket does not hide the duplicate above it."""
    assert [line.split(" ")[1] for line in refusal("a: 1\na: 2\nb: !x y\nc: [\n")] == [
        "MD007",
        "MD009",
        "MD004",
    ]


def counted(error: PlaybookError) -> str:
    return error.diagnostics[-1].problem.code


def laughs() -> str:
    """Nine aliases of nine aliases of nine aliases, and so on: 400 million values in nine lines."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


def staircase() -> str:
    """Each line one level deeper than the one before, without a deep line."""
    return "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 60))])


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (b"a" * 10_000_000, "MD002"),
        ("a" * 10_000_000, "MD002"),
        ("é" * 140_000, "MD002"),
        ("[" * 200_000, "MD013"),
        ("{a: " * 60_000, "MD013"),
        ("- " * 100_000, "MD013"),
        ("a: [" + "x," * 30_000 + "]", "MD011"),
        (laughs(), "MD011"),
        (staircase(), "MD013"),
        ("? " * 100_000, "MD014"),
        ("a: " + ": " * 100_000, "MD004"),
        ("\n" * 250_000 + "a: [", "MD004"),
        ("a: b" + " " * 250_000 + "c: d", "MD004"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "bytes",
)
def test_a_bomb_is_refused(bomb: bytes | str, code: str) -> None:
    """Size, number of values and depth are bounded before they cost anything."""
    with pytest.raises(PlaybookError) as caught:
        load(bomb, "x")
    assert counted(caught.value) == code


def test_limits_are_where_they_are_said_to_be() -> None:
    """The last playbook inside each limit is read, the first beyond it is not."""
    deep = "a: " + "[" * 39 + "]" * 39
    assert load(deep, "x").data
    assert refusal("a: " + "[" * 40 + "]" * 40)[0].startswith("1:43+1 MD013")
    many = "a: [" + "x," * 19_997 + "]"
    assert len(list(leaves(load(many, "x").data))) == 19_997
    assert "MD011" in refusal("a: [" + "x," * 19_998 + "]")[0]
    large = "a: " + "x" * (256 * 1024 - 3)
    assert load(large, "x").data
    assert "MD002" in refusal(large + "x")[0]


def test_an_alias_counts_as_what_it_stands_for() -> None:
    """Expanded values count towards the limit, though they are never copied."""
    text = "a: &a [" + "x," * 9_000 + "]\n"
    document = load(text + "b: *a\n", "x")
    assert document.data["a"] is document.data["b"]
    assert "MD011" in refusal(text + "b: *a\nc: *a\n")[0]


WORDS = st.text(alphabet="abz09-%é日 '\"#:{}[],&*!|>?@`\\\n\t$.<", max_size=12)
TREES = st.recursive(
    WORDS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


@STABLE
@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=3), st.sampled_from([True, False, None]))
def test_data_survives_any_style_of_yaml(data: dict[str, Data], flow: bool | None) -> None:
    """What a writer of YAML writes, in block or flow, quoted or not, is read back."""
    text = yaml.dump(data, default_flow_style=flow, allow_unicode=True, Dumper=yaml.SafeDumper)
    if any("\n" in key or len(key) > 100 for key in _keys(data)) or "? " in text or "<<" in text:
        return
    document = load(text, "x")
    assert document.data == data


def _keys(data: Data) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _keys(value)
    elif isinstance(data, list):
        for value in data:
            yield from _keys(value)


PIECES = [
    "a: ",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "&x ",
    "*x",
    "'",
    '"',
    "|\n",
    ">",
    "!t ",
    "# c",
]
PIECES += ["<<: ", "? ", "---\n", "\t", "\\", "é", "%", "@", "true", "1:30", "\r", "\u2028", "\x00", "~"]
YAMLISH = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@settings(STABLE, max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60), YAMLISH))
def test_any_input_is_a_document_or_a_located_refusal(raw: bytes | str) -> None:
    """Nothing but a PlaybookError comes out, and it can be drawn."""
    error: PlaybookError | None = None
    try:
        document = load(raw, "x")
    except PlaybookError as caught:
        error = caught
    if error is None:
        assert isinstance(document.data, dict)
    else:
        assert all(d.place.line >= 1 and d.place.column >= 1 and d.length >= 1 for d in error.diagnostics)
        assert "Error" not in str(error)


@settings(STABLE, max_examples=200)
@given(YAMLISH)
def test_the_parser_in_python_never_fails_otherwise(text: str) -> None:
    """The fall-back reads the same language or refuses it; it never ends in a traceback."""
    builder_loader = loader._LOADER
    loader._LOADER = yaml.SafeLoader
    try:
        load(text, "x")
    except PlaybookError as error:
        assert error.diagnostics  # noqa: PT017 either outcome is right, any other exception is not
    finally:
        loader._LOADER = builder_loader
