"""A run in the log: its entries as lines that carry its id, the moves of prices in words of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from mdsim.core.decimals import CONTEXT, plain
from mdsim.core.events import Entry, Json
from mdsim.core.time import SECOND
from mdsim.telemetry.logs import Log

_QUIET = ("step_started", "step_ended", "lane_started", "lane_ended", "iteration", "branch_taken")
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
_PRICES = ("move", "restore")
_ITERATION = re.compile(r"#[0-9]+")


class RunLog:
    """Writes what happens in one run; give it to the run as an observer."""

    def __init__(self, log: Log, scenario_id: str, scenario_type: str) -> None:
        self._log = log.bind(correlation_id=scenario_id)
        self._type = scenario_type
        self._reverts_ns: dict[str, int] = {}
        self._verbs: dict[str, str] = {}

    def on_entry(self, entry: Entry) -> None:
        """Write one entry; a move gets a line for each instrument."""
        if entry.kind == "run_started":
            self._learn(entry.data.get("plan"))
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
            return _NAMES[entry.kind] if verb in _PRICES and entry.kind in _NAMES else entry.kind
        return _NAMES.get(entry.kind, entry.kind)

    def _moves(self, entry: Entry) -> None:
        data = entry.data
        over_ns, targets = data.get("over_ns"), data.get("targets")
        reverts_ns = self._reverts_ns.get(_ITERATION.sub("", entry.path), 0)
        for target in targets if isinstance(targets, list) else ():
            if not isinstance(target, dict):
                continue
            self._log.info(
                _NAMES[entry.kind],
                symbol=target.get("symbol"),
                scenario_type=self._type,
                original_price=target.get("from"),
                target_price=target_price(target),
                manipulation_duration_s=over_ns / SECOND if isinstance(over_ns, int) else None,
                recovery_duration_s=reverts_ns / SECOND,
                manipulation_type=data.get("effect"),
                at_s=entry.at_ns / SECOND,
                path=entry.path,
                summary=data.get("summary"),
            )

    def _learn(self, plan: Json) -> None:
        """How long each move takes to give its share back; only the plan knows it at the start."""
        for path, reverts_ns in _reverts(plan):
            self._reverts_ns[path] = reverts_ns


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
    start, move = target.get("from"), target.get("log_move")
    if not isinstance(start, str) or not isinstance(move, str):
        return None
    try:
        price = CONTEXT.multiply(Decimal(start), CONTEXT.exp(Decimal(move)))
    except InvalidOperation:
        return None
    return plain(CONTEXT.create_decimal(format(price, ".12g")))


def _reverts(node: Json) -> Iterator[tuple[str, int]]:
    """Path and time of every step of a canonical plan that reverts."""
    if isinstance(node, list):
        for item in node:
            yield from _reverts(item)
    if not isinstance(node, dict):
        return
    act = node.get("act")
    args = act.get("args") if isinstance(act, dict) else None
    then = args.get("then") if isinstance(args, dict) else None
    reverts = then.get("revert_ns") if isinstance(then, dict) else None
    path = node.get("path")
    if isinstance(path, str) and isinstance(reverts, int) and reverts:
        yield path, reverts
    for value in node.values():
        yield from _reverts(value)
