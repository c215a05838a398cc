"""Fakes that the tests of playbooks share: two effects, one curve, and ways to compile a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from mdsim.core.errors import Problem
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.params import Args, Kind, Param
from mdsim.core.ports import Activation, CurveType, EffectType, Progress, Tap
from mdsim.core.registry import discover
from mdsim.playbook import loader
from mdsim.playbook.compiler import Compiled, World, compile_playbook
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError
from mdsim.playbook.plan import Plan, Step
from mdsim.venues.venue import Venue


def even(_args: Args, _rng: object, _over_ns: int) -> Progress:
    return lambda u: u


def sways(args: Args, catalogue: Catalogue) -> list[Problem]:
    del catalogue
    return [Problem("MD199", "too much", ("by",), "less")] if args["by"] == Decimal("-0.99") else []


def nothing(board: object, activation: Activation) -> None:
    del board, activation


NUDGE = EffectType(
    name="nudge",
    summary="a level, for tests",
    tap=Tap.REFERENCE,
    params=(
        Param("symbols", Kind.SYMBOLS, "which", required=True),
        Param("by", Kind.CHANGE, "how far"),
        Param("to", Kind.PRICE, "where"),
        Param("over", Kind.DURATION, "how long"),
        Param("curve", Kind.CURVE, "how"),
        Param("path", Kind.KEYFRAMES, "along"),
        Param("lag", Kind.DURATION, "later", default=0),
    ),
    check=sways,
    describe=lambda args: f"nudge by {args['by']}",
    activate=nothing,
)
FOG = EffectType(
    name="fog",
    summary="a condition in force, for tests",
    tap=Tap.FEED,
    params=(Param("loss", Kind.SHARE, "how much", required=True),),
    check=lambda _args, _catalogue: [],
    describe=lambda _args: "fog",
    activate=nothing,
    lasting=True,
)
BENT = CurveType("bent", "for tests", (Param("knee", Kind.SHARE, "where", default=Decimal("0.5")),), even)
FAKE = World(
    effects={"fog": FOG, "nudge": NUDGE},
    curves={"bent": BENT},
    catalogue=ALL,
    feeds=("replay", "synthetic"),
    datasets=("2024-08-05",),
)


@pytest.fixture
def fake_world() -> World:
    """An effect that is a level, one that is in force, one curve; every instrument."""
    return FAKE


@pytest.fixture(scope="session")
def real_world() -> World:
    """What is shipped."""
    return World(
        effects=discover("mdsim.chaos.effects", "EFFECT", EffectType),
        curves=discover("mdsim.chaos.curves", "CURVE", CurveType),
        catalogue=ALL,
        feeds=("replay", "synthetic"),
        datasets=("2024-08-05",),
    )


@pytest.fixture(scope="session")
def sourced_world(real_world: World) -> World:
    """The same with the sources that are simulated offline."""
    return replace(real_world, sources=tuple(discover("mdsim.venues.profiles", "VENUE", Venue)))


def compile_text(text: str, **overrides: str) -> Compiled:
    return compile_playbook(loader.load("mdsim: 1\n" + text, "test.yaml"), FAKE, overrides=overrides)


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Compiles a text after its first line: ``plan("steps: [{wait: 5m}]", low="0.9")``."""
    return lambda text, **overrides: compile_text(text, **overrides).plan


@pytest.fixture
def step() -> Callable[[str], Step]:
    """Compiles one step, written in flow style."""
    return lambda text: compile_text(f"steps:\n  - {text}\n").plan.phases[0].lanes[0].body.steps[0]


@pytest.fixture
def mistakes() -> Callable[[str], tuple[Diagnostic, ...]]:
    """What is wrong with a text."""

    def refused(text: str) -> tuple[Diagnostic, ...]:
        with pytest.raises(PlaybookError) as caught:
            compile_text(text)
        return caught.value.diagnostics

    return refused


@pytest.fixture
def warnings() -> Callable[[str], tuple[Diagnostic, ...]]:
    """What is odd about a text."""
    return lambda text: compile_text(text).warnings
