"""From a document to a plan: every problem found at once, each with its place, or a frozen plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import PurePath
from types import MappingProxyType
from typing import TypeVar

from mdsim.core.errors import UsageError
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import Curves, Registry
from mdsim.core.spelling import shown, suggest
from mdsim.playbook.arguments import Arguments, Market
from mdsim.playbook.baselines import Baselines
from mdsim.playbook.conditions import Context
from mdsim.playbook.declarations import Declarations
from mdsim.playbook.diagnostics import Diagnostic, PlaybookError, locate
from mdsim.playbook.grammar import DOCUMENT, LIMITS, NAME_PATTERN, PHASE, VERSION
from mdsim.playbook.lint import lint
from mdsim.playbook.loader import Data, Document
from mdsim.playbook.plan import Baseline, Block, Given, Lane, Limit, Plan, Step
from mdsim.playbook.questions import Questions
from mdsim.playbook.reader import At, Reader, scalar_text
from mdsim.playbook.spans import expected
from mdsim.playbook.steps import Spot, Steps
from mdsim.playbook.verbs import Grammar

ONLY_BLOCK = "main"
"""Name of the one block of a playbook that has ``steps`` instead of ``phases``."""

_RESERVED = ("finally",)
_PROSE = ("mdsim", "name", "about", "tags", "params")

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class World:
    """What this installation offers to playbooks.

    Attributes:
        feeds: names of the base feeds.
        datasets: names of the recordings that are shipped.
        sources: names of the sources, whose age may be asked and whose feed disturbed.
        offline: no real source is connected.
        listings: the instruments that a source itself tells, where that is known before it is opened.
    """

    effects: Registry
    curves: Curves
    catalogue: Catalogue
    feeds: tuple[str, ...]
    datasets: tuple[str, ...]
    sources: tuple[str, ...] = ()
    offline: bool = True
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan, and what is odd about it without being wrong."""

    plan: Plan
    warnings: tuple[Diagnostic, ...]


def compile_playbook(
    document: Document, world: World, *, overrides: Mapping[str, str] = MappingProxyType({})
) -> Compiled:
    """Check a playbook completely and compile it.

    ``overrides`` are values of parameters as text, from ``--set``.

    Raises:
        PlaybookError: with every problem and warning.
        UsageError: an override names no parameter, or its value is wrong.
    """
    return _Compiler(document, world).compile(overrides)


def only(plan: Plan, names: Iterable[str]) -> Plan:
    """The plan with these phases alone, in the order of the playbook.

    Raises:
        UsageError: there is no such phase.
    """
    known = tuple(block.name for block in plan.phases)
    wanted = tuple(names)
    for name in wanted:
        if name not in known:
            near = suggest(name, known)
            hint = f"did you mean {shown(near)}?" if near else "its phases are " + ", ".join(known)
            raise UsageError("MD082", f"{plan.file} has no phase {shown(name)}", hint=hint)
    phases = tuple(block for block in plan.phases if block.name in wanted)
    return replace(plan, phases=phases, expected_ns=expected(phases, plan.finally_))


class _Compiler:
    """One compilation; ``compile`` is called once."""

    def __init__(self, document: Document, world: World) -> None:
        self._document = document
        self._data = document.data
        self._world = world
        self._reader = Reader()
        self._grammar = Grammar(world.effects, world.curves)

    def compile(self, overrides: Mapping[str, str]) -> Compiled:
        reader = self._reader
        self._version()
        own: dict[str, Data] = {key: item for key, item in self._data.items() if not key.startswith("x-")}
        own.setdefault("mdsim", VERSION)  # its absence has been told
        fields = reader.mapping(own, DOCUMENT, ()) or {}
        reader.parameters = Declarations(reader, overrides).read(fields.get("params"), ("params",))
        market = self._market()
        arguments = Arguments(reader, self._grammar, market)
        questions = Questions(reader, self._document, self._context())
        steps = Steps(reader, self._grammar, self._document, arguments, questions)
        about = reader.value(DOCUMENT["about"], fields["about"], ("about",)) if "about" in fields else ""
        tags = reader.words(fields["tags"], "tags", ("tags",)) if "tags" in fields else ()
        requires = self._asked(questions.requirements, fields, "requires")
        always = self._asked(questions.invariants, fields, "always")
        never = self._asked(questions.invariants, fields, "never")
        phases = self._phases(fields, steps, questions)
        expect = self._asked(questions.expectations, fields, "expect")
        finally_ = self._finally(fields, steps, len(phases))
        named = {**arguments.used, **questions.used}
        plan = Plan(
            name=self._name(fields),
            about=" ".join(about.split()) if isinstance(about, str) else "",
            tags=tags,
            file=self._document.file,
            params=reader.parameters.values,
            baseline=self._baseline(fields),
            requires=requires,
            always=always,
            never=never,
            phases=phases,
            expect=expect,
            finally_=finally_,
            symbols=tuple(symbol for symbol in self._world.catalogue.symbols if symbol in named),
            expected_ns=expected(phases, finally_),
            limits=self._limits(fields),
            given=tuple(
                Given(it.param.name, it.text, it.param.kind.value, it.param.help)
                for it in reader.parameters.all
            ),
        )
        self._unused(fields)
        return self._finish(plan)

    def _finish(self, plan: Plan) -> Compiled:
        found = locate(self._reader.problems, self._document)
        if any(not diagnostic.problem.warning for diagnostic in found):
            raise PlaybookError(found, self._document.text)
        found = tuple(sorted((*found, *lint(plan)), key=_reading_order))
        if any(not diagnostic.problem.warning for diagnostic in found):
            raise PlaybookError(found, self._document.text)
        return Compiled(plan, found)

    # ------------------------------------------------------------------ head

    def _version(self) -> None:
        if "mdsim" not in self._data:
            help_ = f"begin with the line mdsim: {VERSION}"
            self._reader.problem("MD050", "this is no playbook: 'mdsim' is missing", (), help_)
            return
        version = scalar_text(self._data["mdsim"])
        if version != VERSION:
            help_ = f"this mdsim reads version {VERSION}"
            said = "nothing" if version is None else shown(version)
            self._reader.problem("MD050", f"there is no version {said} of the language", ("mdsim",), help_)
        if next(iter(self._data)) != "mdsim":
            message = "'mdsim' must be the first key of a playbook"
            self._reader.problem("MD050", message, ("mdsim",), "move it to the top", on_key=True)

    def _name(self, fields: dict[str, Data]) -> str:
        if "name" in fields:
            return self._reader.name(fields["name"], "name", ("name",)) or ""
        stem = PurePath(self._document.file).stem
        return stem if re.fullmatch(NAME_PATTERN, stem) else "playbook"

    def _baseline(self, fields: dict[str, Data]) -> Baseline:
        if "baseline" not in fields:
            return Baseline()
        world = self._world
        return Baselines(self._reader, world.feeds, world.datasets, world.catalogue).read(
            fields["baseline"], ("baseline",)
        )

    def _limits(self, fields: dict[str, Data]) -> tuple[Limit, ...]:
        if "limits" not in fields:
            return ()
        found: list[Limit] = []
        for name, item in (self._reader.mapping(fields["limits"], LIMITS, ("limits",)) or {}).items():
            at: At = ("limits", name)
            value = self._reader.value(LIMITS[name], item, at)
            if isinstance(value, int | Decimal):
                found.append(Limit(name, value, self._document.marks.place(self._document.file, at)))
        return tuple(found)

    def _market(self) -> Market:
        """The instruments; one that is off by default is on when the playbook names it."""
        said: list[str] = [str(value) for _, value in self._reader.parameters.values if value is not None]
        pending: list[Data] = [item for key, item in self._data.items() if key not in _PROSE]
        while pending:
            item = pending.pop()
            if isinstance(item, dict):
                said.extend(item)
                pending.extend(item.values())
            elif isinstance(item, list):
                pending.extend(item)
            elif isinstance(item, str):
                said.append(item)
        known = self._world.catalogue
        enabled = [item.symbol for item in known if item.enabled or _named(item.symbol, said)]
        listings = self._world.listings if self._world.offline else {}
        return Market(known, known.only(enabled), self._world.sources, listings)

    def _context(self) -> Context:
        probes: dict[str, tuple[str, ...]] = {}
        declared = self._data.get("probes")
        for name, body in declared.items() if isinstance(declared, dict) else ():
            found = body.get("values") if isinstance(body, dict) else None
            probes[name] = tuple(found) if isinstance(found, dict) else ()
        return Context(self._world.catalogue, self._world.sources, probes)

    # ------------------------------------------------------------------ body

    def _asked(
        self,
        read: Callable[[Data, str, At], tuple[Asked, ...]],
        fields: dict[str, Data],
        name: str,
        at: At = (),
    ) -> tuple[Asked, ...]:
        return read(fields[name], name, (*at, name)) if name in fields else ()

    def _phases(self, fields: dict[str, Data], steps: Steps, questions: Questions) -> tuple[Block, ...]:
        reader = self._reader
        if "phases" in fields and "steps" in fields:
            message, help_ = "a playbook has 'phases' or 'steps', not both", "move the steps into a phase"
            reader.problem("MD059", message, ("steps",), help_, on_key=True)
        if "phases" not in fields and "steps" not in fields:
            reader.problem("MD059", "the playbook does nothing", (), "add 'steps', or 'phases' with steps")
        if "phases" not in fields:
            body = {"name": ONLY_BLOCK, "steps": fields["steps"]} if "steps" in fields else None
            return () if body is None else self._block(body, (), 0, steps, questions)
        items = reader.listing(fields["phases"], "phases", "a list of phases, each with a name", ("phases",))
        found: list[Block] = []
        names: dict[str, None] = {}
        for index, item in enumerate(items or []):
            at: At = ("phases", index)
            body = reader.mapping(item, PHASE, at)
            if body is None:
                continue
            name = reader.name(body["name"], "name", (*at, "name")) if "name" in body else None
            if name is not None and (name in names or name in _RESERVED):
                message = (
                    f"there is another phase {shown(name)}" if name in names else f"'{name}' is reserved"
                )
                reader.problem("MD058", message, (*at, "name"), "give it another name")
            names[name or ""] = None
            found.extend(self._block({**body, "name": name or ""}, at, index, steps, questions))
        return tuple(found)

    def _block(
        self, body: dict[str, Data], at: At, index: int, steps: Steps, questions: Questions
    ) -> tuple[Block, ...]:
        reader, name = self._reader, str(body["name"])
        times = {
            key: reader.duration_ns(PHASE[key], body[key], (*at, key))
            for key in ("for", "timeout")
            if key in body
        }
        if "steps" in body and "lanes" in body:
            message, help_ = "a phase has 'steps' or 'lanes', not both", "make the steps a lane"
            reader.problem("MD059", message, (*at, "lanes"), help_, on_key=True)
        if "steps" not in body and "lanes" not in body and "for" not in body:
            message, help_ = "the phase does nothing", "add 'steps', 'lanes', or 'for' to let time pass"
            reader.problem("MD059", message, at, help_)
        spot = Spot(at, name, (index,), bounded=bool(times))
        lanes: tuple[Lane, ...] = ()
        if "lanes" in body:
            lanes = steps.lanes(body["lanes"], replace(spot, at=(*at, "lanes")))
        elif "steps" in body:
            order = (*spot.order, 0)
            lanes = (Lane("", name, order, steps.body(body["steps"], "steps", spot.below("steps"))),)
        reaches = None
        if "reaches" in body:
            reaches = questions.condition(body["reaches"], "reaches", (*at, "reaches"))
        place = self._document.marks.place(self._document.file, at)
        return (
            Block(
                name=name,
                path=name,
                order=(index,),
                place=place,
                lanes=lanes,
                for_ns=times.get("for"),
                timeout_ns=times.get("timeout"),
                always=self._asked(questions.invariants, body, "always", at),
                never=self._asked(questions.invariants, body, "never", at),
                reaches=reaches,
            ),
        )

    def _finally(self, fields: dict[str, Data], steps: Steps, index: int) -> tuple[Step, ...]:
        if "finally" not in fields:
            return ()
        spot = Spot(("finally",), "finally", (index,), ending=True)
        return steps.body(fields["finally"], "finally", spot).steps

    def _unused(self, fields: dict[str, Data]) -> None:
        for item in self._reader.parameters.unused:
            message = f"parameter '{item.param.name}' is used nowhere"
            help_ = f"put ${item.param.name} where it belongs, or take it away"
            self._reader.problem("MD140", message, item.at, help_, on_key=True, warning=True)
        for name in ("matrix", "seeds"):
            if name in fields:
                message = f"'play' ignores '{name}' and makes one run"
                self._reader.problem("MD145", message, (name,), on_key=True, warning=True)


def _named(symbol: str, texts: list[str]) -> bool:
    pattern = re.compile(rf"(?<![A-Z0-9-]){re.escape(symbol)}(?![A-Z0-9-])")
    return any(symbol in text and pattern.search(text) for text in texts)


def _reading_order(item: Diagnostic) -> tuple[int, int, str]:
    return (item.place.line, item.place.column, item.problem.code)
