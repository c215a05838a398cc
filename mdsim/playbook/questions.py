"""Questions of a playbook: conditions with their text and place, invariants, expectations."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from mdsim.core.conditions import METRICS, Metric, subjects
from mdsim.playbook import conditions
from mdsim.playbook.condition_subjects import describe
from mdsim.playbook.conditions import ConditionProblems, Context
from mdsim.playbook.grammar import EXPECT, FINAL, INVARIANT, Section
from mdsim.playbook.loader import Data, Document
from mdsim.playbook.plan import ExpectAct, Invariant, Question
from mdsim.playbook.reader import At, Reader

WAIT_FIRST = "wait before it: wait: {until: …, timeout: 10m, else: continue}"
"""How to ask for a condition that holds a while, where there is one look."""
_ASK_LATER = "ask it in the first step: wait: {until: …, timeout: 10m, else: continue}"
_TAKES = "a condition such as price(BTC-USD) > 40000"


class Questions:
    """Reads conditions.

    Attributes:
        used: symbols asked about so far.
    """

    def __init__(self, reader: Reader, document: Document, context: Context) -> None:
        self._reader = reader
        self._document = document
        self._context = context
        self.used: dict[str, None] = {}

    def condition(
        self,
        data: Data,
        what: str,
        at: At,
        *,
        final: bool = False,
        span_ns: int | None = None,
        longer: str = WAIT_FIRST,
    ) -> Question | None:
        """A condition as text, looked at for ``span_ns`` (0: once); ``longer`` says how to look longer."""
        filled = self._reader.filled_text(data, what, _TAKES, at)
        if filled is None:
            return None
        try:
            context = replace(self._context, final=final, span_ns=span_ns, longer=longer)
            condition = conditions.parse(filled.text, context)
        except ConditionProblems as error:
            for problem in error.problems:
                offset, length = filled.written(problem.offset, problem.length)
                self._reader.problems.append(replace(problem, at=at, offset=offset, length=length))
            return None
        for subject in subjects(condition):
            if isinstance(subject, Metric):
                self.used[subject.symbol] = None
                if subject.versus is not None:
                    self.used[subject.versus] = None
        place = self._document.marks.place(self._document.file, at)
        return Question(" ".join(filled.text.split()), condition, place)

    def requirements(self, data: Data, what: str, at: At) -> tuple[Question, ...]:
        """What is asked once, before anything runs."""
        items = self._reader.listing(data, what, "a list of conditions", at) or []
        longer = "leave the 'for' out, or wait for it in the first step"
        asked = [
            self.condition(item, what, (*at, index), span_ns=0, longer=longer)
            for index, item in enumerate(items)
        ]
        for index, question in enumerate(asked):
            for subject in () if question is None else subjects(question.condition):
                if isinstance(subject, Metric) and METRICS[subject.name].past:
                    message = f"{describe(subject)} is unknown here: a run that has not begun has no past"
                    self._reader.problem("MD043", message, (*at, index), _ASK_LATER, warning=True)
        return tuple(question for question in asked if question is not None)

    def expectations(self, data: Data, what: str, at: At) -> tuple[Question, ...]:
        """What is asked at the end of the run."""
        items = self._reader.listing(data, what, "a list of conditions", at) or []
        asked = [
            self._asked(item, FINAL, what, (*at, index), final=True)[0] for index, item in enumerate(items)
        ]
        return tuple(question for question in asked if question is not None)

    def invariants(self, data: Data, what: str, at: At) -> tuple[Invariant, ...]:
        """What must hold (``always``) or must not come true (``never``)."""
        found: list[Invariant] = []
        items = self._reader.listing(data, what, "a list of conditions", at) or []
        for index, item in enumerate(items):
            here = (*at, index)
            question, fields = self._asked(item, INVARIANT, what, here)
            allow = None
            if "allow" in fields:
                allow = self._reader.value(INVARIANT["allow"], fields["allow"], (*here, "allow"))
            if question is not None:
                share = allow if isinstance(allow, Decimal) else Decimal(0)
                found.append(Invariant(question, what == "never", share))
        return tuple(found)

    def expect(self, data: Data, at: At) -> ExpectAct | None:
        """The act of a step that asks."""
        within_ns: int | None = None
        span_ns: int | None = 0
        longer = "give it time: expect: {that: …, within: 10m}"
        if isinstance(data, dict) and "within" in data:
            within_ns = span_ns = self._reader.duration_ns(EXPECT["within"], data["within"], (*at, "within"))
            longer = "make 'within' longer, or the 'for' shorter"
        question, _ = self._asked(data, EXPECT, "expect", at, span_ns=span_ns, longer=longer)
        return None if question is None else ExpectAct(question, within_ns)

    def _asked(
        self,
        data: Data,
        section: Section,
        what: str,
        at: At,
        *,
        final: bool = False,
        span_ns: int | None = None,
        longer: str = "",
    ) -> tuple[Question | None, dict[str, Data]]:
        """A condition that stands alone, or under ``that`` in a mapping whose other fields are returned."""
        if not isinstance(data, dict):
            return self.condition(data, what, at, final=final, span_ns=span_ns, longer=longer), {}
        fields = self._reader.mapping(data, section, at) or {}
        level = (
            self._reader.value(section["level"], fields["level"], (*at, "level")) if "level" in fields else ""
        )
        if "that" not in fields:
            return None, fields
        question = self.condition(
            fields["that"], "that", (*at, "that"), final=final, span_ns=span_ns, longer=longer
        )
        if question is not None and isinstance(level, str) and level:
            question = replace(question, level=level)
        return question, fields
