"""The result of a run that happened elsewhere, put together from what was told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdsim.core.durations import read_one
from mdsim.core.errors import ExitCode
from mdsim.core.events import Entry, Json
from mdsim.core.time import parse_utc
from mdsim.run.result import Check, RunResult, Verdict

if TYPE_CHECKING:
    from mdsim.engine.view import View


class Collected:
    """An observer that ends in a result.

    Attributes:
        start_ns: market time of the start.
        at_ns: scenario time of the newest entry.
        paused: the playbook's clock stands.
        ended: the last entry is in.
        aborted_by: what the exit code says when the run was ended from outside.
    """

    def __init__(self) -> None:
        self.start_ns = 0
        self.at_ns = 0
        self.paused = False
        self.ended = False
        self.aborted_by = ExitCode.INTERRUPTED
        self._seed = 0
        self._notes: tuple[str, ...] = ()
        self._checks: list[Check] = []
        self._end: dict[str, Json] = {}

    def on_entry(self, entry: Entry) -> None:
        """Take what matters for the result."""
        data = entry.data
        self.at_ns = max(self.at_ns, entry.at_ns)
        if entry.kind == "run_started":
            self.start_ns = parse_utc(str(data.get("start")))
            self._seed = int(str(data.get("seed", 0)))
            notes = data.get("notes")
            self._notes = tuple(map(str, notes)) if isinstance(notes, list) else ()
        elif entry.kind == "check":
            self._checks.append(_check(entry))
        elif entry.kind in ("paused", "resumed"):
            self.paused = entry.kind == "paused"
        elif entry.kind == "run_ended":
            self.ended = True
            self._end = data

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time that passes is no result."""

    def conclude(self, verdict: str, reason: str) -> RunResult:
        """The result; verdict and reason are those of the server, for a run whose last entry is lost."""
        end = self._end
        lasted = read_one(str(end.get("lasted", "")))
        return RunResult(
            verdict=Verdict(str(end.get("verdict") or verdict)),
            checks=tuple(self._checks),
            seed=self._seed,
            start_ns=self.start_ns,
            lasted_ns=lasted if isinstance(lasted, int) else self.at_ns,
            cycles=_count(end, "cycles"),
            ticks=_count(end, "ticks"),
            digest=str(end.get("digest", "")),
            symbols=(),
            notes=self._notes,
            reason=str(end.get("reason") or reason),
            aborted_by=self.aborted_by,
        )


def _check(entry: Entry) -> Check:
    data = entry.data
    seen = data.get("seen")
    return Check(
        kind=str(data.get("kind", "")),
        path=entry.path,
        place=str(data.get("place", "")),
        text=str(data.get("text", "")),
        verdict=Verdict(str(data.get("verdict"))),
        at_ns=entry.at_ns,
        seen=tuple((name, str(value)) for name, value in seen.items()) if isinstance(seen, dict) else (),
        level=str(data.get("level", "fail")),
        note=str(data.get("note", "")),
    )


def _count(data: dict[str, Json], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0
