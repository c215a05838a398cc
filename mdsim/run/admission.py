"""May this playbook run on the live market? It is compiled, rehearsed, and held against the limits.

All of it is work without a wait, for a thread beside the pump: nothing here looks at the live market but
through a ``StillFeed`` that was made before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PurePosixPath

from mdsim.core.conditions import Subject, subjects
from mdsim.core.errors import LimitError, NotFoundError, UsageError
from mdsim.core.serving import RunRequest
from mdsim.core.spelling import shown, suggest
from mdsim.engine.corridor import Engine
from mdsim.playbook import limits
from mdsim.playbook.compiler import Compiled, World, compile_playbook
from mdsim.playbook.diagnostics import render
from mdsim.playbook.limits import Ceiling, Measure, Peak
from mdsim.playbook.loader import Document, load, load_json
from mdsim.playbook.plan import Plan
from mdsim.playbook.variants import variants
from mdsim.run.rehearsal import Pace, farthest, rehearse
from mdsim.run.runner import questions
from mdsim.run.still import StillFeed

METRICS_MOST = 100
"""Different metrics that one playbook may ask for; each is measured in every cycle."""

SLOWEST, FASTEST = 0.01, 1000.0
_SPEED_HINT = "1 is the market's own pace, 60 plays an hour in a minute"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A plan that may run.

    Attributes:
        speed: of the scenario's clock against the market's.
        touched: the instruments that its effects act on by name, in catalogue order.
        warnings: for whoever asked, as text.
    """

    plan: Plan
    speed: Fraction
    touched: tuple[str, ...]
    warnings: tuple[str, ...]


class Admission:
    """Reads what is asked, and refuses what must not run."""

    def __init__(
        self,
        world: World,
        library: Mapping[str, Path],
        ceilings: Callable[[str], Sequence[Ceiling]],
        cycle_ns: int,
        rehearsal_cycles: int,
    ) -> None:
        """Take the rules.

        Args:
            world: what a playbook may name here; its catalogue is the live market's.
            library: shipped playbooks by their path in the library; nothing else is ever read.
            ceilings: every limit that holds for a type of scenario.
            cycle_ns: the market's interval.
            rehearsal_cycles: that all ways of one plan may take together.
        """
        self._world = world
        self._library = library
        self._ceilings = ceilings
        self._cycle_ns = cycle_ns
        self._rehearsal_cycles = rehearsal_cycles

    def compile(self, request: RunRequest) -> Admitted:
        """The plan of a request; its ``touched`` is every instrument that it names.

        Raises:
            PlaybookError: it has mistakes.
            NotFoundError: the library has no such playbook.
            UsageError: a parameter, the speed or the request itself is wrong.
        """
        speed = _speed(request.speed)
        document = self._document(request)
        compiled = self._compiled(document, request)
        warnings = tuple(render([one], document.text) for one in compiled.warnings)
        return Admitted(compiled.plan, speed, compiled.plan.symbols, warnings + _strange(compiled.plan))

    async def admit(self, request: RunRequest, market: StillFeed) -> Admitted:
        """The plan of a request that keeps every limit, on the market as it is.

        Raises:
            PlaybookError, NotFoundError, UsageError: as ``compile``.
            LimitError: it goes past a limit, or asks for too much.
            UnavailableError: a step waits for what this market does not measure.
        """
        admitted = self.compile(request)
        plan = admitted.plan
        asked = metrics_of(plan)
        if len(asked) > METRICS_MOST:
            message = f"the playbook asks for {len(asked)} different metrics, past {METRICS_MOST}"
            raise LimitError("MD360", message, hint="ask for fewer, or split it into several playbooks")
        self._check(admitted, request, None)  # what is far too long is not rehearsed
        engine = Engine(market, self._world.effects, self._world.curves)
        for subject in asked:
            engine.view.reader(subject)
        peak, touched = await self._rehearse(plan, request.seed, market)
        self._check(admitted, request, peak)
        return replace(admitted, touched=touched)

    def _document(self, request: RunRequest) -> Document:
        if bool(request.library) == bool(request.playbook):
            raise UsageError(
                "MD357",
                "a run is of a playbook's text or of a library name, and of one of them",
                hint="give 'playbook' or 'library'",
            )
        if not request.library:
            if request.file.endswith(".json"):
                return load_json(request.playbook.encode("utf-8", "surrogatepass"), request.file)
            return load(request.playbook, request.file or "inline.yaml")
        for name, file in self._library.items():
            bare = PurePosixPath(name)
            if request.library in (name, str(bare.with_suffix("")), bare.name, bare.stem):
                return load(file.read_bytes(), name)
        near = suggest(request.library, self._library)
        hint = f"did you mean {near}?" if near else "'mdsim list playbooks' shows what there is"
        raise NotFoundError("MD356", f"the library has no playbook {shown(request.library)}", hint=hint)

    def _compiled(self, document: Document, request: RunRequest) -> Compiled:
        try:
            return compile_playbook(document, self._world, overrides=request.params)
        except UsageError as error:
            told = error.message.replace("--set ", "parameter ")
            known = ", ".join(_declared(document)) or "none"
            raise UsageError(error.code, told, hint=f"parameters of this playbook: {known}") from error

    def _check(self, admitted: Admitted, request: RunRequest, peak: Peak | None) -> None:
        """Own limits count the scenario's time, those of the server the market's."""
        plan = admitted.plan
        own = limits.check(limits.of_playbook(plan), peak, plan.expected_ns)
        lasting_ns = math.ceil(plan.expected_ns / admitted.speed)
        server = limits.check(self._ceilings(request.scenario_type), peak, lasting_ns)
        first: dict[Measure, limits.Breach] = {}
        for breach in sorted((*own, *server), key=lambda one: one.ceiling.value):
            first.setdefault(breach.ceiling.measure, breach)
        if first:
            raise limits.refusal(tuple(first[one] for one in Measure if one in first))

    async def _rehearse(
        self, plan: Plan, seed: int, market: StillFeed
    ) -> tuple[Peak | None, tuple[str, ...]]:
        left, done = self._rehearsal_cycles, []
        for variant in variants(plan):
            pace = Pace(self._cycle_ns, cycles_most=left)
            one = await rehearse(variant, market, seed, self._world.effects, self._world.curves, pace)
            if not one.finished:
                raise LimitError(
                    "MD355",
                    f"so much happens in the plan that its rehearsal took more than "
                    f"{self._rehearsal_cycles:,} cycles",
                    hint="repeat less often, or decide less, or split it into several playbooks",
                )
            left = max(left - one.cycles, 1)
            done.append(one)
        touched = {symbol: None for one in done for symbol in one.touched}
        return farthest(done), tuple(symbol for symbol in market.catalogue.symbols if symbol in touched)


def metrics_of(plan: Plan) -> tuple[Subject, ...]:
    """Everything that the questions of a plan look at, each once."""
    found = {one: None for question in questions(plan) for one in subjects(question.condition)}
    return tuple(found)


def _speed(speed: float) -> Fraction:
    if not SLOWEST <= speed <= FASTEST:  # NaN fails both
        bounds = f"{SLOWEST:g} to {FASTEST:g}"
        raise UsageError("MD357", f"the speed {speed:g} is out of bounds ({bounds})", hint=_SPEED_HINT)
    return Fraction(repr(float(speed)))


def _declared(document: Document) -> list[str]:
    params = document.data.get("params")
    return list(params) if isinstance(params, dict) else []


def _strange(plan: Plan) -> tuple[str, ...]:
    """What this market is not, though the playbook wants it."""
    if plan.baseline.source == "synthetic" and not plan.baseline.prices:
        return ()
    wanted = plan.baseline.dataset or plan.baseline.source
    return (f"warning: its baseline ({wanted}) counts offline alone; here it runs on the live market",)
