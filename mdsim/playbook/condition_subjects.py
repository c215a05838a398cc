"""The left side of a comparison: metrics of the market and fields of probes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mdsim.core import values
from mdsim.core.conditions import METRICS, Aggregation, Metric, MetricType, ProbeField, Subject
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import DurationDraw, Kind
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import format_duration
from mdsim.playbook.condition_tokens import Cursor, SyntaxProblem, Token, TokenKind

AGGREGATES = tuple(item.value for item in Aggregation)

_ALSO = {
    **dict.fromkeys(("mid", "last", "close"), "price"),
    **dict.fromkeys(("avg", "average"), "mean"),
    **dict.fromkeys(("p90", "p95", "p999"), "p99"),
    "maximum": "max",
    "minimum": "min",
    "corr": "correlation",
    "return": "change",
}
_PROBE_FIELD = re.compile(r"[A-Za-z_][\w-]*\.[A-Za-z_][\w.-]*")


def describe(subject: Subject) -> str:
    """A subject as it is written: ``change(BTC-USD over 5m)``, ``risk.mode``."""
    if isinstance(subject, ProbeField):
        return f"{subject.probe}.{subject.field}"
    inner = subject.symbol + (f"@{subject.source}" if subject.source else "")
    inner += f" vs {subject.versus}" if subject.versus else ""
    inner += f" over {format_duration(subject.over_ns)}" if subject.over_ns else ""
    text = f"{subject.name}({inner})"
    return f"{subject.aggregate.value}({text})" if subject.aggregate else text


class SubjectReader:
    """Reads subjects at a cursor; unknown names are noted and stand as they are."""

    def __init__(
        self,
        cursor: Cursor,
        catalogue: Catalogue,
        sources: tuple[str, ...],
        probes: Mapping[str, tuple[str, ...]],
        final: bool,
        problems: list[Problem],
    ) -> None:
        self._cursor = cursor
        self._catalogue = catalogue
        self._sources = sources
        self._probes = probes
        self._final = final
        self._problems = problems

    def read(self) -> tuple[Subject, Token]:
        """A subject and its first token.

        Raises:
            SyntaxProblem: nothing that can be read as one stands here.
        """
        cursor = self._cursor
        token = cursor.take(TokenKind.WORD)
        if token is None:
            found = cursor.peek()
            what = (
                "')'"
                if found and found.kind is TokenKind.CLOSE
                else shown(found.text)
                if found
                else "the end"
            )
            help_ = "write a metric such as price(BTC-USD), or a probe's field"
            raise cursor.error("MD030", f"a metric is missing before {what}", help_)
        if not cursor.peek_is(TokenKind.OPEN):
            return self._probe(token), token
        if token.text in AGGREGATES or (token.text not in METRICS and _ALSO.get(token.text) in AGGREGATES):
            return self._aggregate(token), token
        return self._metric(token), token

    def kind(self, subject: Subject) -> Kind | None:
        """What a subject is compared with; None: anything."""
        if isinstance(subject, ProbeField):
            return Kind.FLAG if subject.field == "ok" else None
        return subject.kind if subject.name in METRICS else None

    def is_aggregate(self, subject: Subject) -> bool:
        """Whether a subject looks at the whole run."""
        return isinstance(subject, Metric) and subject.aggregate is not None

    def _aggregate(self, token: Token) -> Metric:
        cursor = self._cursor
        name = token.text if token.text in AGGREGATES else _ALSO[token.text]
        if name != token.text:
            self._note("MD031", f"{shown(token.text)} is no aggregate", f"write {name}", token)
        if not self._final:
            message = f"'{name}' looks at the whole run, and the run is not over here"
            self._note(
                "MD039", message, "move it into the playbook's own 'expect', which is asked at the end", token
            )
        opened = cursor.take(TokenKind.OPEN)
        inner = cursor.take(TokenKind.WORD)
        if inner is None or not cursor.peek_is(TokenKind.OPEN):
            help_ = f"write {name} around a metric, such as {name}(spread(BTC-USD))"
            raise cursor.error("MD036", f"'{name}' needs a metric inside", help_, inner or token)
        if inner.text in AGGREGATES:
            help_ = f"write {name} around a metric, such as {name}(spread(BTC-USD))"
            raise cursor.error("MD036", "aggregates cannot stand inside one another", help_, inner)
        metric = self._metric(inner)
        self._close(opened)
        aggregate = Aggregation(name)
        if (
            aggregate is not Aggregation.COUNT
            and metric.name in METRICS
            and METRICS[metric.name].kind is Kind.TEXT
        ):
            message = f"{metric.name} is a word, so it has no {name}"
            self._note("MD035", message, "count it, or ask a metric that is a number", token)
        return Metric(metric.name, metric.symbol, metric.versus, metric.source, metric.over_ns, aggregate)

    def _metric(self, token: Token) -> Metric:
        cursor = self._cursor
        kind = METRICS.get(token.text)
        if kind is None and cursor.peek_is(TokenKind.WORD, 1) and cursor.peek_is(TokenKind.OPEN, 2):
            help_ = f"write one of {', '.join(AGGREGATES)} around a metric"
            raise cursor.error("MD031", f"{shown(token.text)} is no aggregate", help_, token)
        if kind is None:
            self._unknown_metric(token)
        opened = cursor.take(TokenKind.OPEN)
        first = cursor.take(TokenKind.WORD)
        if first is None:
            signature = kind.signature if kind else f"{token.text}(SYMBOL)"
            raise cursor.error(
                "MD036", f"'{token.text}' does not say of which symbol", f"write {signature}", token
            )
        symbol_text, at, source_text = first.text.partition("@")
        symbol = self._symbol(first, symbol_text)
        source = self._source(token, kind, first, source_text) if at else None
        versus, over_ns = self._clauses(token, kind, symbol)
        self._close(opened)
        if kind is not None:
            self._complete(token, kind, symbol, versus, over_ns)
        return Metric(token.text, symbol, versus, source, max(0, over_ns or 0))

    def _clauses(self, token: Token, kind: MetricType | None, symbol: str) -> tuple[str | None, int | None]:
        """``over DURATION`` and ``vs SYMBOL``, in any order; a wrong window counts as given (-1)."""
        cursor = self._cursor
        versus: str | None = None
        over_ns: int | None = None
        while (word := cursor.take(TokenKind.WORD)) is not None:
            argument = cursor.take(TokenKind.WORD) if word.text in ("over", "vs") else None
            if argument is None:
                raise self._stray(token, kind, symbol, word)
            if word.text == "over":
                over_ns = self._window(argument) or -1
                if kind is not None and not kind.over:
                    self._note("MD036", f"'{token.text}' takes no window", f"write {kind.signature}", word)
            else:
                versus = self._symbol(argument, argument.text)
                if kind is not None and not kind.versus:
                    self._note("MD036", f"'{token.text}' takes one symbol", f"write {kind.signature}", word)
                elif versus == symbol:
                    self._note(
                        "MD036", f"'{token.text}' compares {symbol} with itself", "name two symbols", argument
                    )
        return versus, over_ns

    def _complete(
        self, token: Token, kind: MetricType, symbol: str, versus: str | None, over_ns: int | None
    ) -> None:
        """Note the clauses that the metric needs and does not have."""
        wanted = symbol + (f" vs {versus or 'SYMBOL'}" if kind.versus else "")
        window = format_duration(over_ns) if over_ns and over_ns > 0 else "5m"
        wanted = f"{token.text}({wanted}{f' over {window}' if kind.over else ''})"
        if kind.versus and versus is None:
            self._note("MD036", f"'{token.text}' needs two symbols", f"write {wanted}", token)
        if kind.over and over_ns is None:
            self._note("MD036", f"'{token.text}' needs a window", f"write {wanted}", token)

    def _stray(self, token: Token, kind: MetricType | None, symbol: str, word: Token) -> SyntaxProblem:
        cursor = self._cursor
        signature = kind.signature if kind else f"{token.text}(SYMBOL)"
        if word.text in ("over", "vs"):
            what = "a duration" if word.text == "over" else "a symbol"
            return cursor.error("MD036", f"{what} is missing after '{word.text}'", f"write {signature}", word)
        if kind is not None and kind.versus and word.text in self._catalogue:
            signature = f"{token.text}({symbol} vs {word.text}{' over DURATION' if kind.over else ''})"
        elif kind is not None and kind.over and not kind.versus and word.text[:1].isdigit():
            signature = f"{token.text}({symbol} over {word.text})"
        message = f"{shown(word.text)} is not expected inside '{token.text}'"
        return cursor.error("MD036", message, f"write {signature}", word)

    def _close(self, opened: Token | None) -> None:
        cursor = self._cursor
        if cursor.take(TokenKind.CLOSE) is None:
            raise cursor.error("MD030", "this '(' is never closed", "close it with ')'", opened)

    def _window(self, token: Token) -> int:
        try:
            value = values.parse(Kind.DURATION, token.text)
        except values.ValueProblem as problem:
            self._note(problem.code, problem.message, problem.help, token)
            return 0
        if isinstance(value, DurationDraw) or not isinstance(value, int) or value == 0:
            self._note(
                "MD036",
                f"{shown(token.text)} is no window",
                "write one duration above zero, such as 5m",
                token,
            )
            return 0
        return value

    def _symbol(self, token: Token, text: str) -> str:
        text = text.rstrip(",")
        if text in self._catalogue:
            return text
        if "*" in text:
            self._note(
                "MD032", f"{shown(text)} is a pattern, and a metric is of one symbol", "name one", token
            )
            return text
        near = self._catalogue.nearest(text)
        help_ = (
            f"did you mean '{near[0]}'?" if near else f"the symbols are {', '.join(self._catalogue.symbols)}"
        )
        self._problems.append(
            Problem(
                "MD032",
                f"{shown(text)} is not a symbol of this market",
                help=help_,
                offset=token.offset,
                length=len(text) or 1,
            )
        )
        return text

    def _source(self, token: Token, kind: MetricType | None, first: Token, name: str) -> str:
        if kind is not None and not kind.source:
            self._note("MD036", f"'{token.text}' takes no source", f"write {kind.signature}", first)
        elif name not in self._sources:
            near = suggest(name, self._sources)
            listed = (
                f"the sources are {', '.join(self._sources)}" if self._sources else "this run has no sources"
            )
            part = Token(first.kind, name, first.offset + first.length - len(name), len(name) or 1)
            self._note(
                "MD033", f"{shown(name)} is not a source", f"did you mean '{near}'?" if near else listed, part
            )
        return name

    def _probe(self, token: Token) -> ProbeField:
        text = token.text
        if text in METRICS or text in AGGREGATES:
            signature = METRICS[text].signature if text in METRICS else f"{text}(METRIC)"
            raise self._cursor.error(
                "MD036", f"'{text}' does not say of which symbol", f"write {signature}", token
            )
        if _PROBE_FIELD.fullmatch(text) is None:
            raise self._not_a_subject(token)
        probe, _, field = text.partition(".")
        if probe not in self._probes:
            near = suggest(probe, self._probes)
            listed = (
                f"the probes are {', '.join(self._probes)}" if self._probes else "this playbook has no probes"
            )
            self._note(
                "MD034",
                f"{shown(probe)} is not a probe",
                f"did you mean '{near}'?" if near else listed,
                token,
            )
        else:
            fields = ("ok", *(name for name in self._probes[probe] if name != "ok"))
            if field not in fields:
                near = suggest(field, fields)
                listed = f"its fields are {', '.join(fields)}"
                message = f"the probe '{probe}' has no field {shown(field)}"
                self._note("MD034", message, f"did you mean '{near}'?" if near else listed, token)
        return ProbeField(probe, field)

    def _not_a_subject(self, token: Token) -> SyntaxProblem:
        text = token.text
        lowered = text.lower()
        if lowered in ("and", "or", "not", "for", "within") and text != lowered:
            return self._cursor.error("MD030", f"{shown(text)} is not written so", f"write {lowered}", token)
        if lowered in ("and", "or", "for", "within"):
            return self._cursor.error(
                "MD030", f"a term is missing before '{text}'", "write what is asked", token
            )
        if text in self._catalogue:
            help_ = f"write what is asked of it, such as price({text})"
            return self._cursor.error("MD031", f"'{text}' is a symbol, not a metric", help_, token)
        if text in self._probes:
            help_ = f"write one of its fields, such as {text}.ok"
            return self._cursor.error(
                "MD034", f"'{text}' is a probe, and a condition asks its fields", help_, token
            )
        near = suggest(text, METRICS)
        help_ = f"did you mean {METRICS[near].signature}?" if near else _listed()
        return self._cursor.error("MD031", f"{shown(text)} is not a metric", help_, token)

    def _unknown_metric(self, token: Token) -> None:
        near = _ALSO.get(token.text.lower()) or suggest(token.text, (*METRICS, *AGGREGATES))
        help_ = f"did you mean '{near}'?" if near else _listed()
        self._note("MD031", f"{shown(token.text)} is not a metric", help_, token)

    def _note(self, code: str, message: str, help_: str, token: Token) -> None:
        self._problems.append(Problem(code, message, help=help_, offset=token.offset, length=token.length))


def _listed() -> str:
    return f"the metrics are {', '.join(METRICS)}"
