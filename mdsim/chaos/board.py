"""The board: every offset from the base feed, who holds it, and what the published levels are now.

Offsets live in log price on keys: one for each asset (its value in USD) and one for each instrument (its
own). The published log mid of an instrument is

    base + offset of its base asset - offset of its quote asset + its own offset

so that moving BTC moves every cross rate of BTC with it. Offsets add, so that those of moves which overlap
do not depend on their order; a move towards a price (``To``) is worked out after all others, on the level
that they leave. Conditions in force are kept by ``climate``; what they add to the base feed's own movement
lies under every move.
"""

from __future__ import annotations

from operator import add

from mdsim.chaos.climate import Climate, Condition
from mdsim.chaos.ledger import Ledger
from mdsim.chaos.moves import Again, Along, By, Change, Gap, GiveBack, Leg, Move, To, aim_of, depth_of
from mdsim.chaos.notices import Active, ended, started, taken_over, under_way
from mdsim.chaos.travel import Way, ways
from mdsim.core.errors import InternalError
from mdsim.core.events import Notice
from mdsim.core.factors import Factors
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import Activation, Curves
from mdsim.core.time import SECOND

NEVER_NS = 1 << 63
"""Later than any instant of a run."""


class Board:
    """The offsets and conditions of one market.

    Starting, cutting and releasing may come at any time between two calls of ``compute``; what they do
    shows at the next. Runs are kept apart, so that releasing one leaves no trace of it.

    Attributes:
        catalogue: the instruments, in the order of the lists of ``compute``.
        faults: delivery faults in force.
    """

    def __init__(self, catalogue: Catalogue, curves: Curves, step_ns: int = SECOND) -> None:
        """Take the shape of a market whose base feed moves every ``step_ns``."""
        self._curves = curves
        self.catalogue = catalogue
        assets = [asset.code for asset in catalogue.assets]
        self._asset_keys = len(assets)
        self._names: tuple[str, ...] = (*assets, *catalogue.symbols)
        self._keys = {name: at for at, name in enumerate(self._names)}
        nothing = len(self._names)  # one key more that stays 0: the offset of USD
        self._parts = [
            (self._keys.get(item.base, nothing), self._keys.get(item.quote, nothing), self._keys[item.symbol])
            for item in catalogue
        ]
        self._reach = [0] * nothing
        for at, parts in enumerate(self._parts):
            for key in parts:
                if key != nothing:
                    self._reach[key] |= 1 << at
        self._ledger = Ledger(nothing)
        self._sums: list[float] | None = None  # of settled offsets, by instrument; None: all 0
        self._waiting: list[Move] = []  # started, and no cycle has come since
        self._running: list[Move] = []  # in the order of their start
        self._relative: list[Leg] = []
        self._towards: list[Leg] = []  # assets before instruments
        self._wake_ns = NEVER_NS  # from here on a start or an end is due
        self._now_ns = 0
        self._notices: list[Notice] = []
        self._climate = Climate(catalogue, self._parts, self._keys, step_ns, self._notices.append)
        self.faults = self._climate.faults

    # what the engine asks

    def compute(self, now_ns: int, base_logs: list[float]) -> list[float]:
        """Published log mids at ``now_ns``, in catalogue order.

        Called once a cycle with rising time; starts what is due, settles what has ended. May return
        ``base_logs`` itself.
        """
        self._now_ns = now_ns
        climate = self._climate
        if climate.awake or base_logs != climate.past[-1]:
            base_logs = climate.levels(now_ns, base_logs)
        if now_ns >= self._wake_ns:
            self._catch_up(now_ns, base_logs)
        if self._running:
            offsets = self._evaluate(now_ns, base_logs)
            for move in self._running:
                move.touch(now_ns)
            return [
                level + offsets[base] - offsets[quote] + offsets[own]
                for level, (base, quote, own) in zip(base_logs, self._parts, strict=True)
            ]
        sums = self._sums
        return base_logs if sums is None else list(map(add, base_logs, sums))

    @property
    def factors(self) -> Factors:
        """What conditions in force ask of spread, depth, trades and publication; ``CALM`` when nothing."""
        return self._climate.factors

    def next_due_ns(self, now_ns: int) -> int | None:
        """Earliest end of a move, or of a way back, strictly after ``now_ns``."""
        due_ns = self._climate.next_due_ns(now_ns)
        ends = [] if due_ns is None else [due_ns]
        for moves in (self._waiting, self._running):
            ends += [move.end_ns for move in moves if move.end_ns > now_ns]
        return min(ends, default=None)

    def notices(self) -> list[Notice]:
        """What happened since the last call."""
        told = self._notices.copy()
        self._notices.clear()
        return told

    def active(self) -> tuple[Active, ...]:
        """The moves under way at the last cycle, in the order of their start, and then the conditions."""
        moves = [under_way(move, self._now_ns) for move in self._running]
        return (*moves, *self._climate.active(self._now_ns))

    def offsets(self, run: str) -> dict[str, float]:
        """Log offsets that a run holds now, however they came about, by asset code or symbol; 0 left out."""
        held = map(add, self._held(run), self._climate.held(run, self._now_ns))
        return {name: offset for name, offset in zip(self._names, held, strict=False) if offset != 0.0}

    # what effects and the run ask

    def start(self, activation: Activation, change: Change) -> None:
        """Put a change on the board; it acts from the first cycle strictly after ``activation.ts_ns``.

        Raises:
            InternalError: it names an instrument or a curve that this market lacks.
        """
        against = [change.goal.base] if isinstance(change.goal, Gap) else []
        for symbol in (*(target.symbol for target in change.targets), *against):
            if symbol not in self.catalogue:
                raise InternalError("MD930", f"{activation.path}: this market has no {symbol}")
        if change.curve.shape not in self._curves:
            raise InternalError("MD931", f"{activation.path}: no curve is called {change.curve.shape!r}")
        if activation.over_ns <= change.lag_ns and (change.lag_ns or isinstance(change.goal, Again | Along)):
            raise InternalError("MD932", f"{activation.path}: {activation.over_ns} ns are too short for it")
        self._waiting.append(
            Move(
                run=activation.run,
                order=activation.order,
                path=activation.path,
                start_ns=activation.ts_ns,
                end_ns=activation.ts_ns + activation.over_ns,
                change=change,
                rng=activation.rng,
            )
        )
        self._waiting.sort(key=lambda move: move.sort_key)
        self._plan_wake()

    def put(self, activation: Activation, condition: Condition) -> None:
        """Put a condition in force, until it is cut or released.

        Raises:
            InternalError: it names an instrument that this market lacks.
        """
        self._climate.start(activation, condition)

    def cut(self, run: str, path: str, ts_ns: int) -> None:
        """End what a step does because its block ended at ``ts_ns``: moves keep what they had reached.

        A move whose own end is not later than that is left to finish, and one that is on its way back
        goes on: that lies outside its block.
        """

        def hit(move: Move) -> bool:
            return move.run == run and move.path == path and move.end_ns > ts_ns and not move.reverting

        for move in [move for move in self._waiting if hit(move)]:
            self._waiting.remove(move)
            self._notices.append(started(move, self._names, []))
            self._notices.append(ended(move, self._names, "cut"))
        for move in [move for move in self._running if hit(move)]:
            self._freeze(move, move.legs)
            self._running.remove(move)
            self._notices.append(ended(move, self._names, "cut"))
        self._climate.cut(run, path, ts_ns)
        self._rebuild()

    def hold(self, run: str, by_ns: int) -> None:
        """Put off all that a run's effects have before them by ``by_ns``: they stand where they are."""
        for move in (*self._waiting, *self._running):
            if move.run == run:
                move.start_ns += by_ns
                move.end_ns += by_ns
                for leg in move.legs:
                    leg.start_ns += by_ns
        self._climate.hold(run, by_ns)
        self._plan_wake()

    def release(self, run: str) -> None:
        """Take every offset and condition of a run away, as if it had never been."""
        for move in [move for move in self._waiting if move.run == run]:
            self._waiting.remove(move)
            self._notices.append(started(move, self._names, []))
            self._notices.append(ended(move, self._names, "released"))
        for move in [move for move in self._running if move.run == run]:
            self._running.remove(move)
            move.kept.clear()
            self._notices.append(ended(move, self._names, "released"))
        self._ledger.release(run)
        self._climate.release(run)
        self._rebuild()

    # the timeline between two cycles

    def _catch_up(self, now_ns: int, base_logs: list[float]) -> None:
        """Every start and end up to now, in the order of time; ends come before starts of one instant.

        Each happens at its own instant and not at the cycle's, so that the interval of the cycles has no
        say in what a move reaches or finds.
        """
        due = [move for move in self._waiting if move.start_ns < now_ns]
        self._waiting = self._waiting[len(due) :]
        for move in due:
            self._settle_until(move.start_ns, base_logs)
            self._begin(move, base_logs)
        self._settle_until(now_ns, base_logs)
        self._plan_wake()

    def _settle_until(self, limit_ns: int, base_logs: list[float]) -> None:
        while True:
            end_ns = min((move.end_ns for move in self._running), default=NEVER_NS)
            if end_ns > limit_ns:
                return
            self._evaluate(end_ns, base_logs)
            for move in [move for move in self._running if move.end_ns == end_ns]:
                self._finish(move)
            self._rebuild()

    def _finish(self, move: Move) -> None:
        move.touch(self._now_ns)
        if move.change.revert_ns and not move.reverting:
            self._notices.append(ended(move, self._names, "done"))
            for leg in move.legs:
                leg.fade(move.end_ns, move.change.revert_ns)
            move.reverting = True
            move.end_ns += move.change.revert_ns
            return
        self._freeze(move, move.legs)
        self._running.remove(move)
        self._notices.append(ended(move, self._names, "done"))

    def _begin(self, move: Move, base_logs: list[float]) -> None:
        change, at_ns = move.change, move.start_ns
        self._evaluate(at_ns, base_logs)
        if isinstance(change.goal, GiveBack) and change.goal.ends:
            keys = {self._keys[name] for target in change.targets for name in target.keys}
            self._take_over(move, keys, "restored")
        move.legs = self._legs(move)
        if isinstance(change.goal, To | Gap):
            self._take_over(move, {leg.key for leg in move.legs}, "replaced")
        offsets = self._evaluate(at_ns, base_logs)
        index = self.catalogue.index
        levels = [self._level(index[target.symbol], base_logs, offsets) for target in change.targets]
        self._notices.append(started(move, self._names, levels))
        self._running.append(move)
        self._rebuild()

    def _legs(self, move: Move) -> list[Leg]:
        change = move.change
        over_ns = move.end_ns - move.start_ns
        if over_ns:
            travels = ways(change, self._curves, over_ns, move.rng)
        else:
            travels = [Way(lambda _u: 1.0, None) for _ in change.targets]
        goal, legs = change.goal, []
        held = self._held(move.run)
        for at, (target, way) in enumerate(zip(change.targets, travels, strict=True)):
            lag_ns = change.lag_ns if at else 0
            for name in target.keys:
                key = self._keys[name]
                amount = target.beta
                if isinstance(goal, By):
                    amount *= goal.log_move
                elif isinstance(goal, GiveBack):
                    amount *= -goal.share * held[key]
                    if amount == 0.0:
                        continue
                legs.append(
                    Leg(
                        symbol=target.symbol,
                        instrument=self.catalogue.index[target.symbol],
                        key=key,
                        reach=self._reach[key],
                        start_ns=move.start_ns + lag_ns,
                        span_ns=over_ns - lag_ns,
                        progress=way.progress,
                        noise=way.noise,
                        amount=amount,
                        log_price=aim_of(goal),
                        above=self.catalogue.index[goal.base] if isinstance(goal, Gap) else None,
                    )
                )
        return legs

    def _take_over(self, newcomer: Move, keys: set[int], reason: str) -> None:
        """Freeze what stands in the newcomer's way on these keys.

        ``replaced``: moves towards a price, of any run. ``restored``: everything of the newcomer's run.
        """
        replaced = reason == "replaced"
        for move in list(self._running):
            if not replaced and move.run != newcomer.run:
                continue
            gone = [
                leg for leg in move.legs if leg.key in keys and (leg.log_price is not None or not replaced)
            ]
            if not gone:
                continue
            self._freeze(move, gone)
            if replaced:
                self._notices.append(taken_over(move, gone, newcomer))
            if not move.legs:
                self._running.remove(move)
                self._notices.append(ended(move, self._names, reason))
        self._rebuild()

    # offsets

    def _evaluate(self, at_ns: int, base_logs: list[float]) -> list[float]:
        """Offsets by key at an instant; leaves each leg's share as of then."""
        offsets = self._ledger.totals.copy()
        for leg in self._relative:
            since_ns = at_ns - leg.start_ns
            if since_ns < 0:
                share = 0.0
            else:
                u = since_ns / leg.span_ns if since_ns < leg.span_ns else 1.0
                share = leg.amount * leg.progress(u)
                if leg.noise is not None:
                    share += leg.noise(u)
            leg.share = share
            offsets[leg.key] += share
        for leg in self._towards:
            since_ns = at_ns - leg.start_ns
            if since_ns < 0 or leg.log_price is None:
                leg.share = 0.0
                continue
            u = since_ns / leg.span_ns if since_ns < leg.span_ns else 1.0
            aim = leg.log_price
            if leg.above is not None:
                aim += self._level(leg.above, base_logs, offsets)
            share = leg.progress(u) * (aim - self._level(leg.instrument, base_logs, offsets))
            if leg.noise is not None:
                share += leg.noise(u)
            leg.share = share
            offsets[leg.key] += share
        return offsets

    def _level(self, at: int, base_logs: list[float], offsets: list[float]) -> float:
        """Published log price of an instrument under these offsets."""
        base, quote, own = self._parts[at]
        return base_logs[at] + offsets[base] - offsets[quote] + offsets[own]

    def _held(self, run: str) -> list[float]:
        """Settled and running offsets of a run, by key, as last computed."""
        held = self._ledger.of(run)
        for move in self._running:
            if move.run == run:
                for leg in move.legs:
                    held[leg.key] += leg.share
        return held

    def _freeze(self, move: Move, legs: list[Leg]) -> None:
        """Turn the present shares of some legs into settled offsets and drop the legs."""
        for leg in legs:
            if leg.share != 0.0:
                name = self._names[leg.key]
                move.kept[name] = move.kept.get(name, 0.0) + leg.share
                self._ledger.add(move.run, leg.key, leg.share)
        gone = {id(leg) for leg in legs}
        move.legs = [leg for leg in move.legs if id(leg) not in gone]

    def _rebuild(self) -> None:
        """Everything that follows from the running moves and the settled offsets."""
        legs = [leg for move in self._running for leg in move.legs]
        self._relative = [leg for leg in legs if leg.log_price is None]
        towards = [leg for leg in legs if leg.log_price is not None]
        self._towards = sorted(towards, key=lambda leg: (depth_of(leg, towards), leg.key >= self._asset_keys))
        settled = self._ledger.totals
        sums = [settled[base] - settled[quote] + settled[own] for base, quote, own in self._parts]
        self._sums = sums if any(sums) else None
        self._plan_wake()

    def _plan_wake(self) -> None:
        starts = [move.start_ns + 1 for move in self._waiting]
        self._wake_ns = min((move.end_ns for move in self._running), default=NEVER_NS)
        self._wake_ns = min([self._wake_ns, *starts])
