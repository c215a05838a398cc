"""A run in the log: its entries as lines that carry its id, the moves of prices in words of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.events import Entry, Json
from mdsim.core.time import SECOND
from mdsim.telemetry.logs import Log
from mdsim.telemetry.recoveries import recoveries

_QUIET = ("step_started", "step_ended", "lane_started", "lane_ended", "iteration", "branch_taken", "injected")
_LOUD = ("warning", "move_replaced", "wait_timed_out")
_WITHOUT = ("plan", "about", "notes", "params")
"""Fields of a run's first entry that are too long for a line; the plan is at GET /chaos/scenarios/{id}."""
_NAMES = {
    "run_started": "scenario_started",
    "run_ended": "scenario_ended",
    "release": "effects_released",
    "effect_started": "price_manipulation_started",
    "effect_ended": "price_manipulation_ended",
    "effect_reverted": "price_recovery_ended",
    "move_replaced": "price_manipulation_replaced",
}
_BACK = {"effect_started": "price_recovery_started", "effect_ended": "price_recovery_ended"}
"""What a restore does has names of its own."""
_PRICES = ("move", "restore")
_ITERATION = re.compile(r"#[0-9]+")


class RunLog:
    """Writes what happens in one run; give it to the run as an observer."""

    def __init__(self, log: Log, scenario_id: str, scenario_type: str) -> None:
        self._log = log.bind(correlation_id=scenario_id)
        self._type = scenario_type
        self._back_ns: dict[str, int | None] = {}
        self._verbs: dict[str, str] = {}

    def on_entry(self, entry: Entry) -> None:
        """Write one entry; a move gets a line for each instrument."""
        if entry.kind == "run_started":
            self._back_ns = recoveries(entry.data.get("plan"))
        if entry.kind == "effect_started":
            verb = str(entry.data.get("effect", ""))
            self._verbs[entry.path] = verb
            if verb in _PRICES:
                self._moves(entry)
                return
        fields = {name: value for name, value in entry.data.items() if name not in _WITHOUT}
        if "kind" in fields:  # of a check
            fields["check"] = fields.pop("kind")
        write = self._log.info
        if entry.kind in _LOUD or (entry.kind == "check" and entry.data.get("verdict") != "passed"):
            write = self._log.warning
        elif entry.kind in _QUIET:
            write = self._log.debug
        write(
            self._name(entry),
            scenario_type=self._type,
            at_s=entry.at_ns / SECOND,
            path=entry.path,
            **{name if name not in _TAKEN else f"{name}_": value for name, value in fields.items()},
        )

    def on_progress(self, view: object, now_ns: int, at_ns: int) -> None:
        """Time passing is not worth a line."""

    def _name(self, entry: Entry) -> str:
        if entry.kind.startswith("effect_"):
            verb = str(entry.data.get("effect") or self._verbs.get(entry.path, ""))
            if verb == "restore" and entry.kind in _BACK:
                return _BACK[entry.kind]
            return _NAMES[entry.kind] if verb in _PRICES and entry.kind in _NAMES else entry.kind
        return _NAMES.get(entry.kind, entry.kind)

    def _moves(self, entry: Entry) -> None:
        data = entry.data
        over_ns, targets = data.get("over_ns"), data.get("targets")
        there_ns = over_ns if isinstance(over_ns, int) else None
        back_ns = self._back_ns.get(_ITERATION.sub("", entry.path), 0)
        if data.get("effect") == "restore":
            there_ns, back_ns = 0, there_ns
        for target in targets if isinstance(targets, list) else ():
            if not isinstance(target, dict):
                continue
            self._log.info(
                self._name(entry),
                symbol=target.get("symbol"),
                scenario_type=self._type,
                original_price=target.get("from"),
                target_price=target_price(target),
                manipulation_duration_s=None if there_ns is None else there_ns / SECOND,
                recovery_duration_s=None if back_ns is None else back_ns / SECOND,
                manipulation_type=data.get("effect"),
                at_s=entry.at_ns / SECOND,
                path=entry.path,
                summary=data.get("summary"),
            )


_TAKEN = (
    "event",
    "scenario_type",
    "at_s",
    "path",
    "correlation_id",
    "level",
    "timestamp",
    "service",
    "exc_info",
)


def target_price(target: Mapping[str, Json]) -> str | None:
    """Where a move takes an instrument, as text; None when only its path is known."""
    if isinstance(target.get("to"), str):
        return str(target["to"])
    start, move, shares = target.get("from"), target.get("log_move"), target.get("log_moves")
    moves = [move] if move is not None else list(shares.values()) if isinstance(shares, dict) else []
    if not isinstance(start, str) or not moves:
        return None
    try:
        log_move = Decimal(0)
        for one in moves:
            log_move = CONTEXT.add(log_move, Decimal(str(one)))
        price = CONTEXT.multiply(Decimal(start), CONTEXT.exp(log_move))
    except InvalidOperation:
        return None
    return plain(CONTEXT.create_decimal(format(price, ".12g")))
