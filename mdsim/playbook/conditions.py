"""Reading conditions such as ``change(BTC-USD over 5m) < -10% for 2m`` into a typed tree.

Syntax stops at the first error, because what follows cannot be trusted; what is wrong with names and
values is collected, so that one look at a condition shows all of it.

    condition  any
    any        all {"or" all}
    all        part {"and" part}
    part       "not" part | "(" any ")" | term
    term       subject [op value | "within" low ".." high] ["for" duration]
    subject    metric | aggregate "(" metric ")" | probe "." field
    metric     name "(" symbol ["@" source] {"over" duration | "vs" symbol} ")"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mdsim.core.conditions import All, Any, Compare, Condition, Flag, Not, ProbeField, Subject, Within
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.params import Kind
from mdsim.core.spelling import shown
from mdsim.core.time import format_duration
from mdsim.playbook.condition_subjects import SubjectReader, describe
from mdsim.playbook.condition_tokens import Cursor, SyntaxProblem, Token, TokenKind, tokenize
from mdsim.playbook.condition_values import Literals

CHARACTERS_MOST = 1_000
DEPTH_MOST = 32

_OPERATORS = ("<", "<=", ">", ">=", "==", "!=")
_MEANT = {
    "=": "==",
    "=>": ">=",
    "=<": "<=",
    "<>": "!=",
    "===": "==",
    "!==": "!=",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition may name.

    Attributes:
        sources: names of the sources whose age may be asked.
        probes: probe → its fields; ``ok`` is always there and need not be listed.
        final: the condition is asked at the end of the run, where aggregates make sense.
        span_ns: how long it is looked at, 0: once; None: as long as it takes.
        longer: what to write when a ``for`` does not fit into that.
    """

    catalogue: Catalogue
    sources: tuple[str, ...] = ()
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    final: bool = False
    span_ns: int | None = None
    longer: str = ""


class ConditionProblems(Exception):  # noqa: N818 it carries problems of the document
    """A condition cannot be read.

    Attributes:
        problems: at least one; ``offset`` and ``length`` point into the condition's text, ``at`` is empty.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = list(problems)


def parse(text: str, context: Context) -> Condition:
    """Read a condition.

    Raises:
        ConditionProblems: every problem found, in the order of the text.
    """
    if len(text) > CHARACTERS_MOST:
        message = f"the condition is longer than {CHARACTERS_MOST} characters"
        raise ConditionProblems([Problem("MD038", message, help="split it into several")])
    problems: list[Problem] = []
    condition: Condition | None = None
    try:
        condition = _Reader(Cursor(tokenize(text)), context, problems).whole()
    except SyntaxProblem as stop:
        problems.append(stop.problem)
    if problems or condition is None:
        raise ConditionProblems(sorted(problems, key=lambda p: p.offset))
    return condition


class _Reader:
    """Recursive descent over the tokens; recursion is bounded by ``DEPTH_MOST``."""

    def __init__(self, cursor: Cursor, context: Context, problems: list[Problem]) -> None:
        self._cursor = cursor
        self._problems = problems
        self._depth = 0
        self._span_ns, self._longer = context.span_ns, context.longer
        self._subjects = SubjectReader(
            cursor, context.catalogue, context.sources, context.probes, context.final, problems
        )
        self._literals = Literals(problems)

    def whole(self) -> Condition:
        cursor = self._cursor
        if cursor.peek() is None:
            raise cursor.error("MD030", "the condition is empty", "write one, such as price(BTC-USD) < 50000")
        condition = self._any()
        left = cursor.peek()
        if left is not None:
            raise self._unexpected(left)
        return condition

    def _any(self) -> Condition:
        terms = [self._all()]
        while self._cursor.take_word("or"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _all(self) -> Condition:
        terms = [self._part()]
        while self._cursor.take_word("and"):
            terms.append(self._part())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _part(self) -> Condition:
        cursor = self._cursor
        token = cursor.peek()
        if token is None:
            raise cursor.error(
                "MD030", "the condition ends where a term is needed", "write a term, or remove the last word"
            )
        opened = cursor.take(TokenKind.OPEN)
        if opened is None and not (token.text == "not" and cursor.take_word("not")):
            return self._term()
        self._depth += 1
        if self._depth > DEPTH_MOST:
            message = f"the condition is nested more than {DEPTH_MOST} deep"
            raise cursor.error("MD038", message, "split it into several", token)
        if opened is None:
            part: Condition = Not(self._part())
        else:
            part = self._any()
            if cursor.take(TokenKind.CLOSE) is None:
                left = cursor.peek()
                if left is not None:
                    raise self._unexpected(left)
                raise cursor.error("MD030", "this '(' is never closed", "close it with ')'", opened)
        self._depth -= 1
        return part

    def _term(self) -> Condition:
        cursor = self._cursor
        first = cursor.peek()
        assert first is not None
        if self._turned_round(first):
            raise self._turned_error(first)
        subject, first_token = self._subjects.read()
        kind = self._subjects.kind(subject)
        operator = cursor.take(TokenKind.OPERATOR)
        if operator is not None:
            return self._compare(subject, kind, operator)
        if cursor.take_word("within"):
            return self._within(subject, kind)
        if isinstance(subject, ProbeField):
            return Flag(subject, self._for(subject))
        raise self._compared_with_nothing(subject, first_token)

    def _compared_with_nothing(self, subject: Subject, first: Token) -> SyntaxProblem:
        left = self._cursor.peek()
        if left is not None and left.kind is TokenKind.CLOSE and not self._depth:
            return self._unexpected(left)
        if left is not None and left.kind is TokenKind.WORD and left.text not in ("and", "or", "for"):
            help_ = "write < <= > >= == or != and a value, or within LOW..HIGH"
            return self._cursor.error("MD037", f"{shown(left.text)} is no comparison", help_, left)
        name = describe(subject)
        help_ = f"write {name} < VALUE, or {name} within LOW..HIGH"
        return self._cursor.error("MD030", f"{name} is compared with nothing", help_, first)

    def _compare(self, subject: Subject, kind: Kind | None, operator: Token) -> Condition:
        cursor = self._cursor
        op = operator.text
        if op not in _OPERATORS:
            meant = _MEANT.get(op)
            if meant is None:
                raise cursor.error(
                    "MD037", f"{shown(op)} is no comparison", "write < <= > >= == or !=", operator
                )
            self._note("MD037", f"{shown(op)} is no comparison", f"write {meant}", operator)
            op = meant
        value_token = cursor.take(TokenKind.WORD, TokenKind.QUOTED)
        bare = value_token is not None and value_token.kind is TokenKind.WORD
        if value_token is None or (bare and value_token.text in ("and", "or", "for", "within")):
            raise cursor.error(
                "MD030", f"a value is missing after '{operator.text}'", "write the value", operator
            )
        if cursor.peek_is(TokenKind.OPEN):
            help_ = "the right side is a value; a condition asks one metric at a time"
            raise cursor.error("MD035", "metrics cannot be compared with each other", help_, value_token)
        value = self._literals.one(subject, kind, op, value_token)
        chained = cursor.peek()
        if chained is not None and chained.kind is TokenKind.OPERATOR:
            help_ = f"write {describe(subject)} within LOW..HIGH, or two comparisons joined by 'and'"
            raise cursor.error("MD040", "comparisons cannot be chained", help_, chained)
        return Compare(subject, op, value, self._for(subject))

    def _within(self, subject: Subject, kind: Kind | None) -> Condition:
        cursor = self._cursor
        token = cursor.take(TokenKind.WORD)
        if token is None:
            help_ = "write both ends, such as within 0.995..1.005"
            raise cursor.error("MD030", "a range is missing after 'within'", help_)
        low, high = self._literals.range(subject, kind, token)
        return Within(subject, low, high, self._for(subject))

    def _for(self, subject: Subject) -> int:
        cursor = self._cursor
        word = cursor.take_word("for")
        if word is None:
            return 0
        token = cursor.take(TokenKind.WORD)
        if token is None:
            raise cursor.error("MD030", "a duration is missing after 'for'", "write it, such as for 2m", word)
        if self._subjects.is_aggregate(subject):
            message = f"{describe(subject)} looks at the whole run, so it cannot be held 'for' a while"
            self._note("MD039", message, "remove the 'for'", word)
        held_ns, span_ns = self._literals.duration(token, "'for'"), self._span_ns
        if span_ns is not None and held_ns > span_ns:
            looked = f"for {format_duration(span_ns)}" if span_ns else "once"
            message = f"this is looked at {looked}, so it cannot be held for {format_duration(held_ns)}"
            self._note("MD042", message, self._longer, token)
        return held_ns

    def _turned_round(self, token: Token) -> bool:
        following = self._cursor.peek(1)
        return (
            token.kind is TokenKind.WORD
            and following is not None
            and following.kind is TokenKind.OPERATOR
            and (token.text[:1].isdigit() or token.text[:1] in "+-")
        )

    def _turned_error(self, token: Token) -> SyntaxProblem:
        operator = self._cursor.peek(1)
        assert operator is not None
        turned = _TURNED.get(_MEANT.get(operator.text, operator.text), "<")
        help_ = f"write METRIC {turned} {token.text}, or METRIC within LOW..HIGH"
        return self._cursor.error(
            "MD030", "a condition begins with what it asks, not with a value", help_, token
        )

    def _note(self, code: str, message: str, help_: str, token: Token) -> None:
        self._problems.append(Problem(code, message, help=help_, offset=token.offset, length=token.length))

    def _unexpected(self, token: Token) -> SyntaxProblem:
        cursor = self._cursor
        if token.kind is TokenKind.CLOSE:
            return cursor.error("MD030", "this ')' closes nothing", "remove it, or open it with '('", token)
        lowered = token.text.lower()
        joined = {"&&": "and", "&": "and", "||": "or", "|": "or"}.get(token.text, lowered)
        if joined in ("and", "or", "not", "for", "within") and joined != token.text:
            return cursor.error("MD030", f"{shown(token.text)} is not written so", f"write {joined}", token)
        help_ = "join terms with 'and' or 'or'; text with blanks stands in quotes"
        return cursor.error("MD030", f"{shown(token.text)} is not expected here", help_, token)
