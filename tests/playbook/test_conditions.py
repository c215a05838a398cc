"""Conditions: read into typed trees, or refused with every problem placed inside the text."""

from __future__ import annotations

from ast import literal_eval
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.conditions import (
    METRICS,
    Aggregation,
    All,
    Any,
    Compare,
    Condition,
    Flag,
    Metric,
    Not,
    ProbeField,
    Within,
    subjects,
)
from mdsim.core.instruments import ALL
from mdsim.core.params import Kind
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.playbook.condition_subjects import describe
from mdsim.playbook.conditions import ConditionProblems, Context, parse

STEP = Context(ALL, ("binance", "kraken"), {"risk": ("mode", "stale", "latency")})
END = Context(ALL, ("binance",), {}, final=True)

BTC = Metric("price", "BTC-USD")
OK = Flag(ProbeField("risk", "ok"))
MODE = ProbeField("risk", "mode")


def below(value: int) -> Compare:
    """``price(BTC-USD) < value``."""
    return Compare(BTC, "<", Decimal(value))


def told(text: str, context: Context = STEP) -> list[str]:
    """Every problem as ``CODE [part of the text] message => help``."""
    with pytest.raises(ConditionProblems) as caught:
        parse(text, context)
    return [
        f"{p.code} [{text[p.offset : p.offset + p.length]}] {p.message} => {p.help}"
        for p in caught.value.problems
    ]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("price(BTC-USD) < 50000", below(50000)),
        ("price(BTC-USD)<50000", below(50000)),
        ("  price( BTC-USD )  <  50000  ", below(50000)),
        ("price(BTC-USD) >= 0.5 for 2m", Compare(BTC, ">=", Decimal("0.5"), 2 * MINUTE)),
        ("price(UST-USD) < 0.9", Compare(Metric("price", "UST-USD"), "<", Decimal("0.9"))),
        ("spread(ETH-USD) > 50bp", Compare(Metric("spread", "ETH-USD"), ">", Decimal("0.005"))),
        ("spread(ETH-USD) > 0.5%", Compare(Metric("spread", "ETH-USD"), ">", Decimal("0.005"))),
        (
            "change(BTC-USD over 5m) < -10% for 90s",
            Compare(Metric("change", "BTC-USD", over_ns=5 * MINUTE), "<", Decimal("-0.1"), 90 * SECOND),
        ),
        (
            "drawdown(BTC-USD over 1h) > 5%",
            Compare(Metric("drawdown", "BTC-USD", over_ns=HOUR), ">", Decimal("0.05")),
        ),
        ("deviation(BTC-USD) != 0%", Compare(Metric("deviation", "BTC-USD"), "!=", Decimal(0))),
        ("price(BTC-USD) within 1..2", Within(BTC, Decimal(1), Decimal(2))),
        ("price(BTC-USD) within 1..1 for 3m", Within(BTC, Decimal(1), Decimal(1), 3 * MINUTE)),
        (
            "basis(BTC-USD-PERP vs BTC-USD) within -0.5%..+2.5%",
            Within(Metric("basis", "BTC-USD-PERP", "BTC-USD"), Decimal("-0.005"), Decimal("0.025")),
        ),
        (
            "correlation(BTC-USD vs ETH-USD over 30m) > -0.2",
            Compare(Metric("correlation", "BTC-USD", "ETH-USD", over_ns=30 * MINUTE), ">", Decimal("-0.2")),
        ),
        (
            "correlation(BTC-USD over 30m vs ETH-USD) > 0.8",
            Compare(Metric("correlation", "BTC-USD", "ETH-USD", over_ns=30 * MINUTE), ">", Decimal("0.8")),
        ),
        ("age(BTC-USD) > 20s", Compare(Metric("age", "BTC-USD"), ">", Decimal(20 * SECOND))),
        (
            "age(BTC-USD@binance) within 1s..5s",
            Within(Metric("age", "BTC-USD", source="binance"), Decimal(SECOND), Decimal(5 * SECOND)),
        ),
        ("rate(BTC-USD) < 5/s", Compare(Metric("rate", "BTC-USD"), "<", Decimal(5))),
        ("sources(BTC-USD) >= 3", Compare(Metric("sources", "BTC-USD"), ">=", Decimal(3))),
        ("state(BTC-USD) == HALTED", Compare(Metric("state", "BTC-USD"), "==", "HALTED")),
        ("risk.ok", OK),
        ("risk.ok for 5s", Flag(ProbeField("risk", "ok"), 5 * SECOND)),
        ("risk.ok == false", Compare(ProbeField("risk", "ok"), "==", False)),
        ("risk.mode == NORMAL", Compare(MODE, "==", "NORMAL")),
        ('risk.mode != "not ready"', Compare(MODE, "!=", "not ready")),
        ("risk.mode == 'and'", Compare(MODE, "==", "and")),
        ("risk.mode == true", Compare(MODE, "==", True)),
        ('risk.mode == "true"', Compare(MODE, "==", "true")),
        ("risk.stale < 3", Compare(ProbeField("risk", "stale"), "<", Decimal(3))),
        ("risk.mode == 2024-08-05", Compare(MODE, "==", "2024-08-05")),
        ("risk.latency within 0..5", Within(ProbeField("risk", "latency"), Decimal(0), Decimal(5))),
        ("not risk.ok", Not(OK)),
        ("not not risk.ok", Not(Not(OK))),
        ("not(risk.ok)", Not(OK)),
        ("((risk.ok))", OK),
        ("risk.ok and risk.mode", All((OK, Flag(MODE)))),
        ("risk.ok or risk.ok and not risk.ok", Any((OK, All((OK, Not(OK)))))),
        ("(risk.ok or risk.ok) and risk.ok", All((Any((OK, OK)), OK))),
        ("not risk.ok and risk.ok", All((Not(OK), OK))),
        ("not (risk.ok and risk.ok)", Not(All((OK, OK)))),
        ("risk.ok or risk.ok or risk.ok", Any((OK, OK, OK))),
        ("price(BTC-USD) < 5 for 2m and risk.ok", All((Compare(BTC, "<", Decimal(5), 2 * MINUTE), OK))),
    ],
)
def test_a_condition_becomes_a_typed_tree(text: str, condition: Condition) -> None:
    """Values have the type of their metric; not binds before and, and before or."""
    assert parse(text, STEP) == condition


@pytest.mark.parametrize("name", [item.value for item in Aggregation])
def test_the_end_of_a_run_may_ask_about_all_of_it(name: str) -> None:
    """An aggregate is compared as its metric is, a count as a count."""
    value = "50" if name == "count" else "50bp"
    condition = parse(f"{name}(spread(BTC-USD)) < {value}", END)
    number = Decimal(50) if name == "count" else Decimal("0.005")
    assert condition == Compare(Metric("spread", "BTC-USD", aggregate=Aggregation(name)), "<", number)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("max(state(BTC-USD)) == LIVE", "MD035 [max] state is a word, so it has no max"),
        (
            "max(price(BTC-USD)) < 5 for 5m",
            "MD039 [for] max(price(BTC-USD)) looks at the whole run, so it cannot",
        ),
        ("max(max(price(BTC-USD))) < 5", "MD036 [max] aggregates cannot stand inside one another"),
        ("max(BTC-USD) < 5", "MD036 [BTC-USD] 'max' needs a metric inside"),
        ("max() < 5", "MD036 [max] 'max' needs a metric inside"),
        ("avg(price(BTC-USD)) < 5", "MD031 [avg] 'avg' is no aggregate => write mean"),
        (
            "p50(price(BTC-USD)) < 5",
            "MD031 [p50] 'p50' is no aggregate => write one of min, max, mean, p99, count around a metric",
        ),
        ("max < 5", "MD036 [max] 'max' does not say of which symbol => write max(METRIC)"),
        ("age(BTC-USD@kraken) < 5s", "MD033 [kraken] 'kraken' is not a source => the sources are binance"),
        ("risk.ok", "MD034 [risk.ok] 'risk' is not a probe => this playbook has no probes"),
    ],
)
def test_wrong_aggregates_are_explained(text: str, problem: str) -> None:
    """What cannot be asked of a whole run, and what this run does not have, is said."""
    assert told(text, END)[0].startswith(problem)


def _wrong() -> list[tuple[str, list[str]]]:
    """The table of mistakes: the text as a Python literal, then each problem as ``told`` tells it."""
    rows = []
    for line in Path(__file__).with_name("wrong_conditions.tsv").read_text(encoding="utf-8").splitlines():
        text, *problems = line.split("\t")
        rows.append((str(literal_eval(text)), problems))
    return rows


@pytest.mark.parametrize(("text", "problems"), _wrong())
def test_a_wrong_condition_is_told_what_to_write(text: str, problems: list[str]) -> None:
    """Each mistake has its part of the text, its sentence and its way out."""
    assert told(text) == problems


def test_every_metric_is_read_as_its_signature_says() -> None:
    """Each metric of the language works, with a value of its kind, and describes itself as it was written."""
    for name, metric in METRICS.items():
        inner = "BTC-USD" + (" vs ETH-USD" if metric.versus else "") + (" over 5m" if metric.over else "")
        value = {
            Kind.PRICE: "< 5",
            Kind.CHANGE: "< -5%",
            Kind.SHARE: "< 5%",
            Kind.DURATION: "< 5s",
            Kind.RATE: "< 5/s",
            Kind.NUMBER: "< 0.5",
            Kind.COUNT: "< 5",
            Kind.TEXT: "== LIVE",
        }[metric.kind]
        condition = parse(f"{name}({inner}) {value}", STEP)
        (subject,) = subjects(condition)
        assert describe(subject) == f"{name}({inner})"


@pytest.mark.parametrize("prefix", ["(", "not ", "not ("])
def test_nesting_is_bounded(prefix: str) -> None:
    """A deep condition is refused, never a RecursionError; 32 levels are read."""
    levels = prefix.count("(") + prefix.count("not")
    deep = prefix * 200
    assert told(deep + "risk.ok" + ")" * deep.count("("))[0].startswith("MD038")
    fits = prefix * (32 // levels)
    parse(fits + "risk.ok" + ")" * fits.count("("), STEP)


def test_length_is_bounded() -> None:
    """A generated condition of any length is refused before it is looked at."""
    assert told("risk.ok and " * 1_000 + "risk.ok") == [
        "MD038 [] the condition is longer than 1000 characters => split it into several"
    ]


def test_no_condition_raises_its_problems_without_one() -> None:
    """Blanks alone are a problem too."""
    assert told("   ")[0].startswith("MD030 [] the condition is empty")


LEAVES = st.sampled_from(
    ["risk.ok", "price(BTC-USD) < 5", "change(ETH-USD over 5m) within -1%..+1% for 3m", "risk.mode == A"]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda term: f"not ({term})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: "(" + " and ".join(terms) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: "(" + " or ".join(terms) + ")"),
    ),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(TREES)
def test_blanks_and_outer_parentheses_change_nothing(text: str) -> None:
    """A condition means the same however it is spaced."""
    condition = parse(text, STEP)
    assert parse(f"( {text.replace(' ', '   ')} )", STEP) == condition


PIECES = st.sampled_from(
    [
        "price",
        "BTC-USD",
        "(",
        ")",
        "<",
        ">=",
        "=",
        "5",
        "-5%",
        "+5%",
        "and",
        "or",
        "not",
        "for",
        "within",
        "1..2",
        "2m",
        "over",
        "vs",
        "risk.ok",
        "risk.mode",
        "==",
        "max",
        "@",
        ",",
        "'",
        '"',
        "age",
        "state",
        "HALTED",
        "..",
        "[",
        "&&",
        "0x",
        "é",
        "change",
        "basis",
        "ETH-USD",
        "$x",
    ]
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.one_of(st.lists(PIECES, max_size=14).map(" ".join), st.text(max_size=40)), st.booleans())
def test_any_text_is_a_condition_or_has_placed_problems(text: str, final: bool) -> None:
    """Nothing but ConditionProblems comes out, and each points inside the text."""
    problems = []
    try:
        parse(text, Context(ALL, ("binance",), {"risk": ("mode",)}, final=final))
    except ConditionProblems as caught:
        problems = caught.problems
        assert problems
    for problem in problems:
        assert 0 <= problem.offset <= problem.offset + problem.length <= len(text)
        assert problem.at == ()
        assert problem.help
