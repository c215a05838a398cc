"""A run on the ``events`` channel: that it began, where it is, what it does to prices, how it ended."""

from __future__ import annotations

from collections.abc import Callable

from mdsim.core.events import Entry, Json
from mdsim.core.serving import RunInfo
from mdsim.publish.event_desk import EventDesk

EVENT = "scenario"

_TOLD: dict[str, tuple[str, ...]] = {
    "run_started": ("playbook",),
    "phase_started": ("name",),
    "phase_ended": ("name", "cut"),
    "effect_started": ("effect", "summary", "over_ns"),
    "effect_ended": ("effect", "reason", "reverts_over_ns"),
    "effect_reverted": ("effect", "reason"),
    "paused": ("text",),
    "resumed": ("text",),
    "run_ended": ("verdict", "reason"),
}
"""Kinds of entries that consumers of prices are told, each with the fields that fit into a message."""


class ScenarioEvents:
    """Tells the desk of one run; give it to the run as an observer.

    An effect concerns the instruments that it acts on, everything else those that the whole run acts on.
    The full journal is at ``GET /chaos/scenarios/{scenario_id}/events``.
    """

    def __init__(self, desk: EventDesk, run: RunInfo, now_ns: Callable[[], int]) -> None:
        """``now_ns`` gives market time."""
        self._desk = desk
        self._run = run
        self._now_ns = now_ns
        self._acting: dict[str, tuple[str, ...]] = {}

    def on_entry(self, entry: Entry) -> None:
        """Pass on what consumers are told."""
        fields = _TOLD.get(entry.kind)
        if fields is None:
            return
        symbols = self._symbols(entry)
        data: dict[str, Json] = {
            "kind": entry.kind,
            "scenario_id": self._run.scenario_id,
            "scenario_type": self._run.scenario_type,
            "symbols": list(symbols),
            "at_ns": entry.at_ns,
            "path": entry.path,
        }
        data |= {name: entry.data[name] for name in fields if entry.data.get(name) not in (None, "")}
        self._desk.tell(EVENT, symbols, self._now_ns(), data)

    def on_progress(self, view: object, now_ns: int, at_ns: int) -> None:
        """Time passing is no news."""

    def _symbols(self, entry: Entry) -> tuple[str, ...]:
        if not entry.kind.startswith("effect_"):
            return self._run.symbols
        if entry.kind == "effect_started":
            acting = self._acting[entry.path] = _named(entry.data) or self._run.symbols
            return acting
        comes_back = entry.kind == "effect_ended" and entry.data.get("reverts_over_ns")
        if comes_back:
            return self._acting.get(entry.path, self._run.symbols)
        return self._acting.pop(entry.path, self._run.symbols)


def _named(data: dict[str, Json]) -> tuple[str, ...]:
    """The instruments of an effect's first entry: its own list, or those of its targets."""
    named, targets = data.get("symbols"), data.get("targets")
    found = list(named) if isinstance(named, list) else []
    found += [it.get("symbol") for it in targets if isinstance(it, dict)] if isinstance(targets, list) else []
    return tuple(dict.fromkeys(it for it in found if isinstance(it, str)))
