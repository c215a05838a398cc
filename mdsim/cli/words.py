"""How one entry of a run reads as one line: the same words on a terminal and in a log."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mdsim.core.events import Entry, Json

_TICKS = {"passed": "✓", "failed": "✗", "inconclusive": "?"}
_ASCII = {"✓": "ok", "✗": "FAIL", "·": "-", "▶": ">", "⚑": "*", "→": "->"}
_SAID = ("mark", "fail", "stop", "pause")
"""Verbs that take no time and have an entry of their own."""
_STYLES = {"passed": "green", "failed": "bold red", "inconclusive": "yellow"}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry for people.

    Attributes:
        mark: one sign that tells the kind at a glance.
        style: colour of the line where there is colour.
        passing: of interest while it happens, but not worth a line above a live view.
    """

    mark: str
    text: str
    style: str = ""
    passing: bool = False

    def ascii(self) -> Line:
        """The same for a terminal that knows no more than ASCII."""
        return Line(_ASCII.get(self.mark, self.mark), self.text, self.style, self.passing)


class Narrator:
    """Turns entries into lines; remembers what a step is called from its start to its end."""

    def __init__(self) -> None:
        self._summaries: dict[str, str] = {}

    def line(self, entry: Entry) -> Line | None:
        """The line of an entry, or None when it says nothing that another entry does not."""
        tell = getattr(self, f"_on_{entry.kind}", None)
        if tell is None:
            return Line("·", f"{entry.kind.replace('_', ' ')}{_fields(entry.data)}", "dim")
        line: Line | None = tell(entry.data, entry.path)
        return line

    def _on_run_started(self, data: dict[str, Json], _path: str) -> Line:
        return Line(
            "▶",
            f"{data.get('playbook')}: {data.get('feed')} prices from {data.get('start')}, "
            f"a cycle every {data.get('cycle')}, {data.get('clock')} time, seed {data.get('seed')}",
            "bold",
        )

    def _on_run_ended(self, _data: dict[str, Json], _path: str) -> None:
        """The recap says it better."""

    def _on_release(self, _data: dict[str, Json], _path: str) -> Line:
        return Line("·", "every effect is released", "dim", passing=True)

    def _on_phase_started(self, data: dict[str, Json], _path: str) -> Line:
        lasting = f" for {data['for']}" if "for" in data else ""
        return Line("▶", f"phase {data.get('name')}{lasting}", "bold")

    def _on_phase_ended(self, data: dict[str, Json], _path: str) -> Line:
        how = "is cut short" if data.get("cut") else "ends"
        return Line("·", f"phase {data.get('name')} {how}", "dim", passing=True)

    def _on_lane_started(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"lane {data.get('name')} starts", "dim", passing=True)

    def _on_lane_ended(self, data: dict[str, Json], _path: str) -> Line:
        how = "is cut at the end of its phase" if data.get("cut") else "is done"
        return Line("·", f"lane {data.get('name')} {how}", "dim", passing=True)

    def _on_step_started(self, data: dict[str, Json], path: str) -> Line | None:
        self._summaries[path] = str(data.get("summary", data.get("verb", "")))
        return None if data.get("verb") in _SAID else Line("→", self._summaries[path], passing=True)

    def _on_step_ended(self, data: dict[str, Json], path: str) -> Line | None:
        summary = self._summaries.pop(path, str(data.get("verb", "")))
        if data.get("cut"):
            return Line("·", f"cut: {summary}", "yellow")
        if data.get("verb") in (*_SAID, "expect") or summary.startswith("wait until "):
            return None  # it has been said, or answered
        return Line("·", f"done: {summary}")

    def _on_step_skipped(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"skipped {data.get('verb')}, as not {data.get('when')}{_saw(data)}", "dim")

    def _on_effect_started(self, data: dict[str, Json], _path: str) -> Line | None:
        if data.get("effect") == "feed":
            return None  # the step has said it
        return Line("·", f"{data.get('effect')} acts on {_targets(data)}", "dim", passing=True)

    def _on_effect_ended(self, data: dict[str, Json], _path: str) -> Line | None:
        if data.get("effect") == "feed":
            return None  # feed_ended says it better
        kept = _kept(data)
        tail = f", its share {kept}" if kept else ""
        touched = f"{data.get('reason')} after {data.get('ticks_touched')} ticks{tail}"
        return Line("·", f"{data.get('effect')} {touched}", "dim", passing=True)

    def _on_injected(self, _data: dict[str, Json], _path: str) -> None:
        """Message by message it is in the journal; feed_ended gives the sums."""

    def _on_feed_ended(self, data: dict[str, Json], _path: str) -> Line:
        faults = data.get("faults")
        told = [f"{name} {count}" for name, count in faults.items()] if isinstance(faults, dict) else []
        on = f" on {data['connections']} connections" if data.get("connections") else ""
        return Line("·", f"feed: did {', '.join(told)}{on}" if told else "feed: did nothing")

    def _on_feed_received(self, data: dict[str, Json], _path: str) -> Line:
        listed = data.get("connections")
        readers = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        sums = {
            name: sum(value for one in readers if isinstance(value := one.get(name), int))
            for name in ("received", "late", "damaged", "lost")
        }
        told = ", ".join(f"{count} {name}" for name, count in sums.items())
        return Line("·", f"{len(readers)} virtual subscribers: {told}", "dim")

    def _on_effect_reverted(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"{data.get('effect')} has given its share back", "dim")

    def _on_move_replaced(self, data: dict[str, Json], _path: str) -> Line:
        symbols = _plain(data.get("symbols"))
        return Line("·", f"warning: {data.get('by')} takes {symbols} over from it", "yellow")

    def _on_check(self, data: dict[str, Json], _path: str) -> Line:
        verdict = str(data.get("verdict"))
        counts = verdict if data.get("level") != "warn" or verdict == "passed" else f"warning, {verdict}"
        note = f" {data['note']}" if data.get("note") else ""
        style = "yellow" if data.get("level") == "warn" and verdict == "failed" else _STYLES.get(verdict, "")
        return Line(
            _TICKS.get(verdict, "?"),
            f"{counts}: {data.get('kind')} {data.get('text')}{note}{_saw(data)}",
            style,
        )

    def _on_mark(self, data: dict[str, Json], _path: str) -> Line:
        return Line("⚑", str(data.get("text")), "magenta")

    def _on_paused(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"paused: {data.get('text')}", "yellow")

    def _on_resumed(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"goes on: {data.get('text')}", "yellow")

    def _on_branch_taken(self, data: dict[str, Json], _path: str) -> Line:
        return Line("→", f"takes the branch {data.get('branch')}")

    def _on_iteration(self, data: dict[str, Json], _path: str) -> Line:
        return Line("→", f"round {data.get('number')}", "dim", passing=True)

    def _on_wait_timed_out(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"goes on: {data.get('text')} did not come in {data.get('waited')}", "yellow")

    def _on_ending_early(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"ends early: {data.get('reason')}", "yellow")

    def _on_warning(self, data: dict[str, Json], _path: str) -> Line:
        return Line("·", f"warning: {data.get('text')}", "yellow")


def _saw(data: dict[str, Json]) -> str:
    seen = data.get("seen")
    if not isinstance(seen, dict) or not seen:
        return ""
    return " (saw " + ", ".join(f"{metric} = {value}" for metric, value in seen.items()) + ")"


def _targets(data: dict[str, Json]) -> str:
    symbols = data.get("symbols")
    if isinstance(symbols, list):  # of a condition in force
        return ", ".join(map(str, symbols))
    targets = data.get("targets")
    shown = [
        f"{target['symbol']} from {_short(target.get('from'))}"
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, dict) and "symbol" in target
    ]
    return ", ".join(shown) or "nothing"


def _kept(data: dict[str, Json]) -> str:
    """Offsets in log price, as the change of price that they are."""
    kept = data.get("kept")
    if not isinstance(kept, dict):
        return ""
    return ", ".join(f"{key} {math.expm1(float(str(value))):+.2%}" for key, value in kept.items())


def _short(value: Json) -> str:
    try:
        return f"{float(str(value)):.6g}"
    except ValueError:
        return str(value)


def _fields(data: dict[str, Json]) -> str:
    shown = ", ".join(f"{key.replace('_', ' ')} {_plain(value)}" for key, value in data.items())
    return f": {shown}" if shown else ""


def _plain(value: Json) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return " ".join(map(_plain, value)) if isinstance(value, list) else str(value)
