"""What a page tells of a run, read from its entries alone.

So a run that has just ended and a journal of last year give the same page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mdsim.core.events import Entry, Json
from mdsim.run.result import Check, Verdict

_ROUND = re.compile(r"#\d+")
_UNFINISHED = "unfinished"
BARS_MOST = 2_000
"""Steps that are drawn; a playbook that repeats something thousands of times is told in words."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One step as it ran, in ns since the start of the run.

    Attributes:
        place: line and column in the playbook, ``12:9``; empty when unknown.
        tail_ns: end of what went on after the step: a condition in force, a move on its way back.
        cut: it was ended from outside, or the journal ends before it.
    """

    path: str
    verb: str
    summary: str
    place: str
    start_ns: int
    end_ns: int
    tail_ns: int
    cut: bool


@dataclass(frozen=True, slots=True)
class LaneRows:
    """One lane; bars of one row do not overlap."""

    phase: str
    name: str
    rows: tuple[tuple[Bar, ...], ...]


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """When a phase ran."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Story:
    """A run, told.

    Attributes:
        verdict: a value of ``Verdict``, or ``unfinished`` when the journal ends before the run did.
        head: what ``run_started`` holds.
        lasted_ns: scenario time from the start to the last entry.
        digest: SHA-256 over every published tick, hex; empty when unfinished.
        marks: labels that the playbook set, with their time.
        touched: instruments that a step moved or a check asked about, in the order this happened.
        steps: how many steps ran; more than there are bars when there were too many.
    """

    verdict: str
    reason: str
    head: dict[str, Json]
    ending: dict[str, Json]
    lasted_ns: int
    digest: str
    phases: tuple[PhaseSpan, ...]
    lanes: tuple[LaneRows, ...]
    checks: tuple[Check, ...]
    marks: tuple[tuple[int, str], ...]
    warnings: tuple[tuple[int, str], ...]
    touched: tuple[str, ...]
    steps: int

    def text(self, name: str) -> str:
        """A field of ``run_started`` as text."""
        return plain(self.head.get(name))


@dataclass(slots=True)
class _Draft:
    """A bar whose end is not known yet."""

    path: str
    verb: str
    summary: str
    start_ns: int
    end_ns: int | None = None
    tail_ns: int = 0
    cut: bool = True


def plain(value: Json) -> str:
    """A journal's value as text; nothing as an empty string."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def tell(entries: Iterable[Entry]) -> Story:
    """Read a run's entries, from its start on."""
    teller = _Teller()
    for entry in entries:
        teller.take(entry)
    return teller.story()


@dataclass(slots=True)
class _Teller:
    head: dict[str, Json] = field(default_factory=dict)
    ending: dict[str, Json] = field(default_factory=dict)
    phases: dict[str, tuple[str, int, int | None]] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    drafts: list[_Draft] = field(default_factory=list)
    latest: dict[str, _Draft] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    touched: dict[str, None] = field(default_factory=dict)
    at_ns: int = 0

    def take(self, entry: Entry) -> None:
        """Take the next entry in; kinds that a page does not tell are passed over."""
        self.at_ns = max(self.at_ns, entry.at_ns)
        data, path, at_ns = entry.data, entry.path, entry.at_ns
        match entry.kind:
            case "run_started":
                self.head = data
            case "run_ended":
                self.ending = data
            case "phase_started":
                self.phases[path] = (plain(data.get("name")), at_ns, None)
                self.lanes.setdefault(path, "")
            case "phase_ended":
                name, start_ns, _ = self.phases.get(path, (path, at_ns, None))
                self.phases[path] = (name, start_ns, at_ns)
            case "lane_started":
                self.lanes.setdefault(_written(path), plain(data.get("name")))
            case "step_started":
                draft = _Draft(path, plain(data.get("verb")), plain(data.get("summary")), at_ns)
                self.drafts.append(draft)
                self.latest[path] = draft
            case "step_ended" if path in self.latest:
                self.latest[path].end_ns = at_ns
                self.latest[path].cut = data.get("cut") is True
            case "effect_started" | "effect_ended" | "effect_reverted":
                self._effect(path, data, at_ns)
            case "check":
                self.checks.append(self._check(path, data, at_ns))
            case "mark":
                self.marks.append((at_ns, plain(data.get("text"))))
            case "warning" | "ending_early":
                self.warnings.append((at_ns, plain(data.get("text") or data.get("reason"))))

    def _effect(self, path: str, data: dict[str, Json], at_ns: int) -> None:
        if path in self.latest:
            self.latest[path].tail_ns = at_ns
        targets = data.get("targets")
        for target in targets if isinstance(targets, list) else []:
            if isinstance(target, dict):
                self.touched.setdefault(plain(target.get("symbol")))

    def _check(self, path: str, data: dict[str, Json], at_ns: int) -> Check:
        seen = data.get("seen")
        verdict = data.get("verdict")
        return Check(
            kind=plain(data.get("kind")),
            path=path,
            place=f"{plain(self.head.get('file'))}:{plain(data.get('place'))}",
            text=plain(data.get("text")),
            verdict=next((one for one in Verdict if one.value == verdict), Verdict.INCONCLUSIVE),
            at_ns=at_ns,
            seen=tuple((key, plain(item)) for key, item in seen.items()) if isinstance(seen, dict) else (),
            level=plain(data.get("level")) or "fail",
            note=plain(data.get("note")),
        )

    def story(self) -> Story:
        """Everything, once the last entry is in."""
        places = dict(_places(self.head.get("plan")))
        symbols = self.head.get("symbols")
        known = [plain(item) for item in symbols] if isinstance(symbols, list) else []
        asked = [symbol for check in self.checks for symbol in known if mentions(check, symbol)]
        bars = [self._bar(draft, places) for draft in self.drafts[:BARS_MOST]]
        return Story(
            verdict=plain(self.ending.get("verdict")) or _UNFINISHED,
            reason=plain(self.ending.get("reason")),
            head=self.head,
            ending=self.ending,
            lasted_ns=self.at_ns,
            digest=plain(self.ending.get("digest")),
            phases=tuple(
                PhaseSpan(name, start_ns, self.at_ns if end_ns is None else end_ns)
                for name, start_ns, end_ns in self.phases.values()
            ),
            lanes=tuple(self._lanes(bars)),
            checks=tuple(self.checks),
            marks=tuple(self.marks),
            warnings=tuple(self.warnings),
            touched=tuple(dict.fromkeys(one for one in (*self.touched, *asked) if one in known)),
            steps=len(self.drafts),
        )

    def _bar(self, draft: _Draft, places: dict[str, str]) -> Bar:
        end_ns = self.at_ns if draft.end_ns is None else draft.end_ns
        return Bar(
            path=draft.path,
            verb=draft.verb,
            summary=draft.summary,
            place=places.get(_written(draft.path), ""),
            start_ns=draft.start_ns,
            end_ns=end_ns,
            tail_ns=max(end_ns, draft.tail_ns),
            cut=draft.cut,
        )

    def _lanes(self, bars: list[Bar]) -> Iterator[LaneRows]:
        found: dict[str, list[Bar]] = {path: [] for path in self.lanes}
        for bar in bars:
            path = _written(bar.path)
            while path and path not in found:
                path = path.rpartition("/")[0]
            found.setdefault(path, []).append(bar)
        for path, inside in found.items():
            if inside:
                phase = self.phases.get(path.partition("/")[0])
                yield LaneRows(phase[0] if phase else "finally", self.lanes.get(path, ""), _packed(inside))


def _packed(bars: list[Bar]) -> tuple[tuple[Bar, ...], ...]:
    """Bars in as few rows as they need, whatever encloses others above them."""
    rows: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.start_ns, -bar.tail_ns)):
        free = next((row for row in rows if row[-1].tail_ns <= bar.start_ns), None)
        if free is None:
            rows.append([bar])
        else:
            free.append(bar)
    return tuple(tuple(row) for row in rows)


def _written(path: str) -> str:
    """A path as the playbook has it: without the numbers of iterations."""
    return _ROUND.sub("", path)


def _places(node: Json) -> Iterator[tuple[str, str]]:
    """Path and place of every step of a plan in its canonical form."""
    if isinstance(node, dict):
        if node.get("is") == "Step":
            yield plain(node.get("path")), plain(node.get("place"))
        for item in node.values():
            yield from _places(item)
    elif isinstance(node, list):
        for item in node:
            yield from _places(item)


def mentions(check: Check, symbol: str) -> bool:
    """Whether a check asks about an instrument."""
    pattern = rf"(?<![A-Z0-9-]){re.escape(symbol)}(?![A-Z0-9-])"
    return re.search(pattern, check.text) is not None
