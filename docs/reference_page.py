"""The reference of the playbook language, made from the tables that check playbooks."""

from __future__ import annotations

from collections.abc import Iterable

from mdsim.cli import wiring
from mdsim.core.conditions import METRICS, Aggregation
from mdsim.core.decimals import plain
from mdsim.core.params import Kind, Param
from mdsim.core.time import format_duration
from mdsim.engine.view import known_metrics
from mdsim.playbook import grammar
from mdsim.playbook.grammar import Form, Key, Section
from mdsim.playbook.verbs import Grammar

WRITTEN = {
    Kind.DURATION: "`90s` `1h30m`",
    Kind.CHANGE: "`-12%` `+50bp` `0%`",
    Kind.SHARE: "`15%` `5bp`",
    Kind.FACTOR: "`20x`",
    Kind.SCALE: "`20x` or `10%`",
    Kind.RATE: "`5/s`",
    Kind.PRICE: "`0.92`",
    Kind.NUMBER: "`0.85`",
    Kind.COUNT: "`4`",
    Kind.FLAG: "`true` `false`",
    Kind.SYMBOL: "`BTC-USD`",
    Kind.SYMBOLS: "`BTC-USD`, a list, a glob, `all`, or symbol: weight",
    Kind.CURVE: "`exp` or `{shape: exp, half_life: 3m}`",
    Kind.KEYFRAMES: "`[{at: 5m, by: -3%}, …]`",
    Kind.THEN: "`hold` or `revert over 60s`",
}
SECTIONS: tuple[tuple[str, Section], ...] = (
    ("A playbook", grammar.DOCUMENT),
    ("A parameter", grammar.PARAMETER),
    ("`baseline`", grammar.BASELINE),
    ("`limits`", grammar.LIMITS),
    ("A phase", grammar.PHASE),
    ("A step: keys beside its verb", grammar.STEP),
    ("`wait` for a condition", grammar.WAIT),
    ("`expect`", grammar.EXPECT),
    ("An entry of `always` and `never`", grammar.INVARIANT),
    ("`repeat`", grammar.REPEAT),
    ("A branch of `choose`", grammar.BRANCH),
)


def page(generated: str) -> str:
    """The whole page; ``generated`` is the line that says so."""
    parts = [generated, "# Reference of the playbook language", ""]
    parts += ["How it all fits together is told in [Playbooks](playbooks.md).", ""]
    parts += _values()
    for title, section in SECTIONS:
        parts += [f"## {title}", "", *_keys(section.keys), ""]
    tables = Grammar(wiring.effects(), wiring.curves())
    parts += ["## Verbs", "", "| verb | does |", "|---|---|"]
    parts += [f"| `{name}` | {_help(verb.key)} |" for name, verb in tables.verbs.items()]
    parts.append("")
    for name, section in tables.sections.items():
        effect = wiring.effects()[name]
        lasting = " In force until its block ends, or for `for`." if effect.lasting else ""
        parts += [f"### {name}", "", f"{_sentence(effect.summary)}{lasting}", "", *_keys(section.keys), ""]
    parts += ["## Curves", ""]
    for name, curve in wiring.curves().items():
        parts += [f"### curve {name}", "", _sentence(curve.summary), ""]
        parts += [*_params(curve.params), ""] if curve.params else []
    return "\n".join([*parts, *_metrics()])


def _values() -> list[str]:
    rows = [f"| {kind.value} | {text} |" for kind, text in WRITTEN.items()]
    return ["## Values", "", "| kind | written as |", "|---|---|", *rows, ""]


def _keys(keys: Iterable[Key]) -> list[str]:
    rows = ["| key | takes | |", "|---|---|---|"]
    for key in keys:
        name = f"`{key.name}`" + (" (required)" if key.required else "")
        takes = f"{_kind(key.form, key.choices)}{_bounds(key.low, key.high, key.form)}"
        rows.append(f"| {name} | {takes} | {_help(key)} |")
    return rows


def _params(params: Iterable[Param]) -> list[str]:
    rows = ["| argument | takes | |", "|---|---|---|"]
    for param in params:
        takes = f"{_kind(param.kind, param.choices)}{_bounds(param.low, param.high, param.kind)}"
        rows.append(f"| `{param.name}` | {takes} | {param.help} |")
    return rows


def _kind(form: Form | Kind, choices: tuple[str, ...]) -> str:
    return " or ".join(f"`{choice}`" for choice in choices) if choices else form.value


def _bounds(low: object, high: object, form: Form | Kind) -> str:
    def shown(bound: object) -> str:
        if form is Kind.DURATION and isinstance(bound, int):
            return format_duration(bound)
        return str(bound) if isinstance(bound, int) else plain(bound)  # type: ignore[arg-type]  # a Decimal

    if low is None and high is None:
        return ""
    if high is None:
        return f", from {shown(low)}"
    return f", {shown(low)} to {shown(high)}" if low is not None else f", up to {shown(high)}"


def _help(key: Key) -> str:
    return f"{key.help} (not in this version)" if key.later else key.help


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _metrics() -> list[str]:
    known, rows = known_metrics(), []
    for name, metric in METRICS.items():
        later = "" if name in known else " (not in this version)"
        rows.append(f"| `{metric.signature}` | {metric.kind.value} | {metric.summary}{later} |")
    over = ", ".join(f"`{one.value}(…)`" for one in Aggregation)
    return [
        "## Metrics",
        "",
        "| metric | compared with | |",
        "|---|---|---|",
        *rows,
        "",
        f"At the end of a run, in the top-level `expect`, {over} ask for any of them over every cycle.",
        "",
    ]
