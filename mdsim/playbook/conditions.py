"""Reading conditions such as ``change(BTC-USD over 5m) < -10% for 2m`` into a typed tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mdsim.core.conditions import Condition
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue


@dataclass(frozen=True, slots=True)
class Context:
    """What a condition may name.

    Attributes:
        sources: names of the sources whose age may be asked.
        probes: probe → its fields; ``ok`` is always there and need not be listed.
        final: the condition is asked at the end of the run, where aggregates make sense.
    """

    catalogue: Catalogue
    sources: tuple[str, ...] = ()
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    final: bool = False


class ConditionProblems(Exception):
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
        ConditionProblems: every problem found.
    """
    raise NotImplementedError
