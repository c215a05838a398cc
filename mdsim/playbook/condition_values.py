"""The right side of a comparison: values typed by what they are compared with."""

from __future__ import annotations

import re
from decimal import Decimal

from mdsim.core import values
from mdsim.core.conditions import METRICS, Metric, Subject
from mdsim.core.errors import Problem
from mdsim.core.params import DurationDraw, Kind
from mdsim.core.sourcing import STATES
from mdsim.core.spelling import shown
from mdsim.playbook.condition_subjects import describe
from mdsim.playbook.condition_tokens import Token, TokenKind

_NUMERIC = re.compile(r"[+-]?[0-9]")
_INSTEAD = {
    Kind.PRICE: "write a price, or ask deviation(SYMBOL) or change(SYMBOL over 5m) for a percentage",
}
_NOUNS = {
    Kind.PRICE: "a price",
    Kind.CHANGE: "a change",
    Kind.SHARE: "a share",
    Kind.DURATION: "a duration",
    Kind.RATE: "a rate",
    Kind.NUMBER: "a number",
    Kind.COUNT: "a count",
    Kind.TEXT: "a state",
}


class Literals:
    """Reads values and notes what is wrong with them; a value that is wrong reads as zero."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def one(self, subject: Subject, kind: Kind | None, op: str, token: Token) -> Decimal | str | bool:
        """The value of ``subject op value``; ``kind`` None is a probe's field, which may hold anything."""
        if _is_unknown(subject):
            return Decimal(0)
        if kind is None:
            return self._free(subject, op, token)
        if kind is Kind.TEXT:
            return self._state(subject, op, token)
        if kind is Kind.FLAG:
            return self._flag(subject, op, token)
        return self._number(subject, kind, token.text, token.offset, token.length)

    def range(self, subject: Subject, kind: Kind | None, token: Token) -> tuple[Decimal, Decimal]:
        """Both ends of ``within LOW..HIGH``."""
        if _is_unknown(subject):
            return Decimal(0), Decimal(0)
        low_text, dots, high_text = token.text.partition("..")
        if kind in (Kind.TEXT, Kind.FLAG):
            self._note("MD041", f"{describe(subject)} has no order, so no range", "compare it with ==", token)
            return Decimal(0), Decimal(0)
        if not dots or not low_text or not high_text or high_text.startswith("."):
            help_ = "write both ends with two dots between them, such as 0.995..1.005"
            self._note("MD030", f"{shown(token.text)} is no range", help_, token)
            return Decimal(0), Decimal(0)
        before = len(self._problems)
        wanted = kind or Kind.NUMBER
        low = self._number(subject, wanted, low_text, token.offset, len(low_text))
        high_offset = token.offset + len(low_text) + len(dots)
        high = self._number(subject, wanted, high_text, high_offset, len(high_text))
        if low > high and len(self._problems) == before:
            help_ = f"write {high_text}..{low_text}"
            self._note(
                "MD026", f"the range {shown(token.text)} runs downwards, so nothing lies in it", help_, token
            )
        return low, high

    def duration(self, token: Token, what: str) -> int:
        """A duration above zero, and not a draw."""
        try:
            value = values.parse(Kind.DURATION, token.text)
        except values.ValueProblem as problem:
            self._note(problem.code, problem.message, problem.help, token)
            return 0
        if isinstance(value, DurationDraw):
            self._note(
                "MD035", f"{shown(token.text)} is a draw, and {what} needs one duration", "write one", token
            )
            return 0
        if not isinstance(value, int) or value == 0:
            self._note("MD026", f"{what} needs a duration above zero", "write one, such as 5m", token)
            return 0
        return value

    def _number(self, subject: Subject, kind: Kind, text: str, offset: int, length: int) -> Decimal:
        token = Token(TokenKind.WORD, text, offset, length)
        try:
            value = values.parse(kind, text)
        except values.ValueProblem as problem:
            message, help_ = problem.message, problem.help
            if problem.code in ("MD020", "MD024") and kind in _NOUNS:
                noun = _NOUNS[kind]
                message = f"{describe(subject)} is {noun}, and {message.removesuffix(f', not {noun}')}"
                help_ = _INSTEAD.get(kind, help_) if problem.code == "MD024" else help_
            self._note(problem.code if problem.code != "MD024" else "MD035", message, help_, token)
            return Decimal(0)
        if isinstance(value, DurationDraw):
            self._note(
                "MD035", f"{shown(text)} is a draw, and a condition needs one duration", "write one", token
            )
            return Decimal(0)
        return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)

    def _state(self, subject: Subject, op: str, token: Token) -> str:
        if op not in ("==", "!="):
            self._note("MD041", f"{describe(subject)} has no order", "compare it with == or !=", token)
        try:
            values.parse(Kind.CHOICE, token.text, choices=STATES)
        except values.ValueProblem as problem:
            self._note("MD035", f"{describe(subject)} is a state, and {problem.message}", problem.help, token)
        return token.text

    def _flag(self, subject: Subject, op: str, token: Token) -> bool:
        name = describe(subject)
        if op not in ("==", "!=") or token.text not in ("true", "false"):
            help_ = f"write {name}, or not {name}"
            self._note("MD035", f"{name} is true or false, nothing else", help_, token)
        return token.text == "true"

    def _free(self, subject: Subject, op: str, token: Token) -> Decimal | str | bool:
        text = token.text
        if token.kind is TokenKind.QUOTED:
            value: Decimal | str | bool = text
        elif text in ("true", "false"):
            value = text == "true"
        else:
            value = self._free_number(text, token)
        if not isinstance(value, Decimal) and op not in ("==", "!="):
            message = f"{shown(text)} has no order, so {describe(subject)} cannot be '{op}' it"
            self._note("MD041", message, "compare it with == or !=, or with a plain number", token)
        return value

    def _free_number(self, text: str, token: Token) -> Decimal | str:
        if not _NUMERIC.match(text):
            return text
        try:
            value = values.parse(Kind.NUMBER, text)
        except values.ValueProblem as problem:
            if problem.code == "MD025":
                self._note(problem.code, problem.message, problem.help, token)
                return Decimal(0)
            return text
        return value if isinstance(value, Decimal) else text

    def _note(self, code: str, message: str, help_: str, token: Token) -> None:
        self._problems.append(Problem(code, message, help=help_, offset=token.offset, length=token.length))


def _is_unknown(subject: Subject) -> bool:
    """Nothing can be said about the values of a metric that does not exist."""
    return isinstance(subject, Metric) and subject.name not in METRICS
