"""A compiled playbook: frozen, typed, complete; everything the run needs and nothing it must look up.

Paths name places for people and for seeds: ``panic/peg/2`` is the second step of lane ``peg`` of phase
``panic``; a named step uses its name instead of its number. Orders are tuples of positions in the
document and sort as it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from mdsim.core.conditions import Condition
from mdsim.core.decimals import plain
from mdsim.core.events import Json
from mdsim.core.params import Args, DurationDraw, Value

Duration: TypeAlias = int | DurationDraw


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in its file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Question:
    """A condition with its text and place, so that a verdict can point at the line.

    Attributes:
        level: ``fail`` counts, ``warn`` is only reported.
    """

    text: str
    condition: Condition
    place: Place
    level: str = "fail"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A question that must hold (``always``) or must not come true (``never``) while its block runs.

    Attributes:
        allow: share of cycles that may break it.
    """

    question: Question
    never: bool = False
    allow: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class EffectAct:
    """Start an effect of the registry.

    Attributes:
        lasts: ``over`` of a level, ``for`` of a condition in force; None means at once, or (in force)
            until the enclosing block ends.
        lasting: copied from the effect's type.
    """

    effect: str
    args: Args
    lasts: Duration | None
    lasting: bool


@dataclass(frozen=True, slots=True)
class WaitAct:
    """Let time pass (``lasts``), or wait for a condition at most ``timeout``."""

    lasts: Duration | None = None
    until: Question | None = None
    timeout_ns: int | None = None
    on_timeout: str = "fail"


@dataclass(frozen=True, slots=True)
class ExpectAct:
    """Ask now, or until it holds within ``within_ns``."""

    question: Question
    within_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Steps one after another, or (``scheduled``) each at its own offset from the start of the body."""

    steps: tuple[Step, ...]
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A named body among others that run at once; the name is empty for a block with plain steps."""

    name: str
    path: str
    order: tuple[int, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class LanesAct:
    """Nested concurrency."""

    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class RepeatAct:
    """Repeat a body: at most ``times``, a new iteration ``every``, ``until`` a condition, ``lasts`` long."""

    body: Body
    times: int | None = None
    every: Duration | None = None
    until: Question | None = None
    lasts_ns: int | None = None


@dataclass(frozen=True, slots=True)
class IfAct:
    """Ask once, run one of two bodies; unknown counts as false."""

    question: Question
    then: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Branch:
    """One way of a ``choose``."""

    name: str
    weight: Decimal
    body: Body


@dataclass(frozen=True, slots=True)
class ChooseAct:
    """Draw one branch by weight, seeded by the step's path."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class SayAct:
    """A verb that takes no time: ``mark``, ``fail``, ``stop`` or ``pause``, with its text."""

    verb: str
    text: str


Act: TypeAlias = EffectAct | WaitAct | ExpectAct | LanesAct | RepeatAct | IfAct | ChooseAct | SayAct


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest act.

    Attributes:
        verb: as written, such as ``move``.
        summary: one line for people.
        at_ns: offset from the start of a scheduled body.
        when: guards it; a false or unknown guard skips the step.
    """

    verb: str
    path: str
    order: tuple[int, ...]
    place: Place
    summary: str
    act: Act
    name: str | None = None
    at_ns: int | None = None
    when: Question | None = None
    timeout_ns: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A phase: lanes at once, invariants while it runs, one end.

    Attributes:
        for_ns: it lasts exactly this long, or None: until its last lane ends.
        timeout_ns: it fails when it takes longer.
        reaches: must come true while it runs, or the run tested nothing.
    """

    name: str
    path: str
    order: tuple[int, ...]
    place: Place
    lanes: tuple[Lane, ...]
    for_ns: int | None = None
    timeout_ns: int | None = None
    always: tuple[Invariant, ...] = ()
    never: tuple[Invariant, ...] = ()
    reaches: Question | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The base feed wanted when run offline.

    Attributes:
        source: ``synthetic``, ``replay``, ``recording`` or ``still``.
        dataset: name or path of the recording, for ``replay`` and ``recording``.
        start_ns: instant the run starts at, or None for the feed's own default.
        prices: start levels in USD by asset code, for ``synthetic`` and ``still``.
        cycle_ns: cycle interval, or None to choose one.
    """

    source: str = "synthetic"
    dataset: str | None = None
    start_ns: int | None = None
    prices: tuple[tuple[str, Decimal], ...] = ()
    cycle_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound that a playbook sets for itself, such as ``max_deviation: 20%``.

    Attributes:
        key: ``max_deviation`` or ``max_duration``.
        value: a fraction for deviations, ns for durations.
    """

    key: str
    value: Decimal | int
    place: Place


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter as people write it: ``--set name=text`` gives the same again."""

    name: str
    text: str
    kind: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole playbook, compiled.

    Attributes:
        params: every parameter with its value in this run, in the order declared; given: the same in text.
        symbols: every instrument named anywhere, in catalogue order.
        expected_ns: the longest it can take as far as its bounds tell (timeouts counted in full).
    """

    name: str
    about: str
    tags: tuple[str, ...]
    file: str
    params: tuple[tuple[str, Value], ...]
    baseline: Baseline
    requires: tuple[Question, ...]
    always: tuple[Invariant, ...]
    never: tuple[Invariant, ...]
    phases: tuple[Block, ...]
    expect: tuple[Question, ...]
    finally_: tuple[Step, ...]
    symbols: tuple[str, ...]
    expected_ns: int
    limits: tuple[Limit, ...] = ()
    given: tuple[Given, ...] = ()


def canonical(value: object) -> Json:
    """Any part of a plan as JSON without floats: Decimals as plain text, absent fields left out."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Place):
            return f"{value.line}:{value.column}"
        shown: dict[str, Json] = {"is": type(value).__name__}
        for field in fields(value):
            item = getattr(value, field.name)
            if item is not None and item != ():
                shown[field.name.rstrip("_")] = canonical(item)
        return shown
    if hasattr(value, "items"):
        return {str(key): canonical(item) for key, item in sorted(value.items())}
    raise TypeError(f"no canonical form for {type(value).__name__}")
