"""The engine: commands in, one synchronous cycle, what fired and what changed out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from mdsim.chaos.board import Board
from mdsim.core.events import Notice
from mdsim.core.factors import CALM, Factors
from mdsim.core.impairing import Disturbable, Disturbance
from mdsim.core.ports import Activation, BaseFeed, Curves, Registry
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import JudgedFeed
from mdsim.core.spreads import SpreadParameters
from mdsim.engine.commands import Command, CutEffect, ReleaseRun, StartEffect
from mdsim.engine.market import Market
from mdsim.engine.view import Reading, View
from mdsim.engine.watches import ScenarioTime, Watch
from mdsim.microstructure.room import Microstructure

_REAL = Fraction(1)


@dataclass(slots=True)
class Outcome:
    """What a cycle leaves behind: watches that fired, in document order, and news of effects."""

    fired: list[Watch]
    notices: list[Notice]


class Engine:
    """One market: a base feed, the board of effects on it, and the published result.

    It never waits and never asks the time: ``cycle(now_ns)`` is given it, in rising order.

    Attributes:
        on_base: told in each cycle when the base prices are known and effects are about to act on them, for
            whoever measures how long each takes.
        edges: where delivery faults act: the sources of the feed, and whoever sends to clients.
    """

    def __init__(
        self,
        feed: BaseFeed,
        effects: Registry,
        curves: Curves,
        *,
        seeds: SeedTree | None = None,
        probes: Mapping[str, Mapping[str, Reading]] | None = None,
        spreads: Mapping[str, SpreadParameters] | None = None,
    ) -> None:
        """Open a market.

        Args:
            feed: base prices, advanced to their start.
            effects: verbs by name.
            curves: shapes by name.
            seeds: of the microstructure's draws; a fixed tree when they do not matter.
            probes: last answers by probe and field, kept up to date by whoever asks.
            spreads: what makes the spread of an instrument, by symbol, where it is not the profile's.
        """
        self.feed = feed
        self.judged = feed if isinstance(feed, JudgedFeed) else None
        self.edges: list[Disturbable] = [] if self.judged is None else [self.judged]
        self.board = Board(feed.catalogue, curves, feed.step_ns)
        self.market = Market(feed.catalogue)
        self.micro = Microstructure(
            feed.catalogue, seeds or SeedTree(1), feed.start_ns, feed.step_ns, spreads=spreads
        )
        self._probes = probes or {}
        self._views: list[View] = []
        self.view = self.open_view()
        self.effects = effects
        self.curves = curves
        self.on_base: Callable[[], None] = _nothing
        self._pending: list[Command] = []
        self._disturbed: tuple[Disturbance, ...] = ()
        self._watches: list[Watch] = []

    def submit(self, command: Command) -> None:
        """Take a command; it acts in the first cycle strictly after its stamp."""
        self._pending.append(command)

    def watch(self, watch: Watch) -> None:
        """Look at a condition from the first cycle strictly after ``watch.since_ns``."""
        self._watches.append(watch)
        self._watches.sort(key=lambda one: (one.order, one.path))

    def unwatch(self, watch: Watch) -> None:
        """Stop looking; a watch that has gone already is no error."""
        if watch in self._watches:
            self._watches.remove(watch)

    def open_view(self, speed: Fraction = _REAL) -> View:
        """A view with a memory of its own: what is measured over a time begins now.

        Each run on a server has one, so that "since the start of the run" means that run; ``speed`` is how
        fast its scenario goes.
        """
        view = View(self.market, self.feed, self.micro, self._probes, speed)
        self._views.append(view)
        return view

    def forget(self, clock: ScenarioTime) -> None:
        """Drop every watch of a run that has ended; one that ended well has left none."""
        self._watches = [watch for watch in self._watches if watch.clock is not clock]

    def close_view(self, view: View) -> None:
        """Stop to measure for a view, and forget it."""
        self._views.remove(view)

    def hold(self, run: str, by_ns: int) -> None:
        """Let the moves of a paused run stand where they are for ``by_ns`` more."""
        self.board.hold(run, by_ns)

    def next_due_ns(self, now_ns: int) -> int | None:
        """When a cycle is wanted beyond the regular ones: the next end of a running move."""
        return self.board.next_due_ns(now_ns)

    def cycle(self, now_ns: int) -> Outcome:
        """Advance the market to ``now_ns``: commands, base feed, effects, publication, watches."""
        if self._disturbed:
            self._gather(now_ns)
        if self._pending:
            self._apply(now_ns)
        if self.board.faults.disturbances is not self._disturbed:
            self._disturb(now_ns)
        feed = self.feed
        feed.advance(now_ns)
        self.on_base()
        base_logs = feed.log_prices
        market, micro, board = self.market, self.micro, self.board
        mids = market.on_grid(board.compute(now_ns, base_logs))
        factors = board.factors
        halted = factors.halted if factors is not CALM and True in factors.halted else None
        if self.judged is not None:
            halted = _either(halted, self.judged.halted)
        if halted is not None:
            mids = market.holding(mids, halted)
            factors = _stopping(factors, halted)
        micro.advance(now_ns, mids, factors)
        market.publish(now_ns, mids, micro.bids, micro.asks, base_logs, halted)
        for view in self._views:
            view.refresh(now_ns)
        fired = [
            watch
            for watch in self._watches
            if now_ns > watch.since_ns and not watch.clock.paused and watch.step(now_ns)
        ]
        for watch in fired:
            if watch.once:
                self._watches.remove(watch)
        return Outcome(fired, self.board.notices())

    def _gather(self, now_ns: int) -> None:
        """Hear what delivery faults did, before anything ends: all of it belongs to those in force."""
        for edge in self.edges:
            self.board.faults.injected(edge.injections(), now_ns)

    def _disturb(self, now_ns: int) -> None:
        """Let the edges know what is in force now, before anything of this cycle reaches them."""
        self._disturbed = self.board.faults.disturbances
        for edge in self.edges:
            edge.disturb(self._disturbed)
        self._gather(now_ns)

    def _apply(self, now_ns: int) -> None:
        due = sorted((one for one in self._pending if one.ts_ns < now_ns), key=lambda one: one.sort_key)
        self._pending = [one for one in self._pending if one.ts_ns >= now_ns]
        for command in due:
            action = command.action
            if isinstance(action, StartEffect):
                self.effects[action.effect].activate(self.board, self._activation(command, action))
            elif isinstance(action, CutEffect):
                self.board.cut(command.run, command.path, command.ts_ns)
            elif isinstance(action, ReleaseRun):
                self.board.release(command.run)

    @staticmethod
    def _activation(command: Command, action: StartEffect) -> Activation:
        return Activation(
            run=command.run,
            order=command.order,
            path=command.path,
            ts_ns=command.ts_ns,
            over_ns=action.over_ns,
            args=action.args,
            rng=functools.partial(action.seeds.stream, "step", command.path),
        )


def _either(asked: list[bool] | None, stopped: list[bool] | None) -> list[bool] | None:
    """Instruments that a playbook halts, or that their sources cannot price."""
    if asked is None or stopped is None:
        return stopped if asked is None else asked
    return [one or other for one, other in zip(asked, stopped, strict=True)]


def _stopping(factors: Factors, halted: list[bool]) -> Factors:
    """What playbooks ask for, and everything halted that is, whoever does it: no price, no trade."""
    if factors.halted is halted:
        return factors
    return replace(Factors.unit(len(halted)) if factors is CALM else factors, halted=halted)


def _nothing() -> None:
    """Nobody measures."""
