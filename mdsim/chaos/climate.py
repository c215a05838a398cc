"""Conditions in force: what a playbook asks of the market for as long as a block or a ``for`` lasts.

A condition begins with its command and ends when it is cut or released. Factors of conditions that overlap
multiply; when none is left, everything is calm again, exactly. What acts on the base feed's own movement
is a layer of ``overlay`` and fades out after its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mdsim.chaos.feed_faults import FeedFaults
from mdsim.chaos.layers import Layer, Louder, Signal, Sound, Swing, Together
from mdsim.chaos.notices import Active, number
from mdsim.chaos.overlay import EASE_NS, Fade, Overlays, Parts, Voice
from mdsim.core.errors import InternalError
from mdsim.core.events import Json, Notice
from mdsim.core.factors import CALM, Factors
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import Activation


@dataclass(frozen=True, slots=True)
class Condition:
    """What a step asks for while it is in force.

    Attributes:
        effect: the verb, such as ``market``.
        description: one line for people.
        symbols: the instruments, in the order of the catalogue or as written.
        spread, depth, volume: factors on calm values.
        trades_off, halted: no prints; nothing published at all.
        sound: what happens to the base feed's own movement, if anything.
    """

    effect: str
    description: str
    symbols: tuple[str, ...]
    spread: float = 1.0
    depth: float = 1.0
    volume: float = 1.0
    trades_off: bool = False
    halted: bool = False
    sound: Sound | None = None

    @property
    def calm(self) -> bool:
        """Whether no factor differs from its calm value."""
        return (self.spread, self.depth, self.volume, self.trades_off, self.halted) == _CALM


_CALM = (1.0, 1.0, 1.0, False, False)
MOST = 1e9
"""Bound of a product of factors, and its inverse below: hundreds of conditions, each within its own bounds,
would come to numbers that no quote and no size can be."""


@dataclass(frozen=True, slots=True)
class _InForce:
    condition: Condition
    activation: Activation
    reach: int
    since_cycle: int


class Climate:
    """The conditions of one market.

    Attributes:
        factors: what all of them ask for; ``CALM`` itself when they ask for nothing.
        awake: something is in force or fades out, so that every cycle must come by ``levels``; otherwise
            only those that differ from the last of ``past``.
        past: what was heard of the base feed, see ``Overlays``.
        faults: the delivery faults in force; they leave prices alone.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        parts: Parts,
        keys: dict[str, int],
        step_ns: int,
        tell: Callable[[Notice], None],
    ) -> None:
        """Take the shape of a market.

        Args:
            catalogue: the instruments.
            parts: by instrument, the keys of base, quote and itself.
            keys: by name, the keys of the board without that of USD.
            step_ns: step of the base feed.
            tell: takes notices.
        """
        self.factors: Factors = CALM
        self.awake = False
        self.faults = FeedFaults(tell)
        self._catalogue = catalogue
        self._parts = parts
        self._keys = keys
        self._step_ns = step_ns
        self._tell = tell
        self._overlays = Overlays(parts, len(keys) + 1, step_ns)
        self.past = self._overlays.past
        self._cycle = 0  # counted while awake, to tell how many a condition touched
        self._in_force: list[_InForce] = []

    def levels(self, now_ns: int, base_logs: list[float]) -> list[float]:
        """Log prices before any move: the base feed's, or (while a layer is in force) a list of its own."""
        overlays = self._overlays
        if self.awake:
            self._cycle += 1
            for fade in overlays.faded(now_ns):
                self._tell(_reverted(fade, "done"))
            self.awake = bool(self._in_force or overlays.fades)
        return overlays.levels(now_ns, base_logs)

    def next_due_ns(self, now_ns: int) -> int | None:
        """Earliest end of a fade strictly after ``now_ns``."""
        return min((fade.end_ns for fade in self._overlays.fades if fade.end_ns > now_ns), default=None)

    def start(self, activation: Activation, condition: Condition) -> None:
        """Put a condition in force, from the next cycle on.

        Raises:
            InternalError: it names an instrument that this market lacks.
        """
        for symbol in condition.symbols:
            if symbol not in self._catalogue:
                raise InternalError("MD930", f"{activation.path}: this market has no {symbol}")
        reach = 0
        for symbol in condition.symbols:
            reach |= 1 << self._catalogue.index[symbol]
        if condition.sound is not None:
            layer = self._layer(condition.sound, condition.symbols, activation.ts_ns)
            about = (activation.run, activation.path, condition.effect, condition.description)
            self._overlays.start(Voice(*about, layer))
            for at, parts in enumerate(self._parts):
                if any(key in layer.keys for key in parts):
                    reach |= 1 << at
        self._in_force.append(_InForce(condition, activation, reach, self._cycle))
        self._weigh()
        self._tell(_started(condition, activation))

    def cut(self, run: str, path: str, ts_ns: int) -> None:
        """End a condition as of ``ts_ns``; one that is not in force is no error."""
        for one in [
            one for one in self._in_force if (one.activation.run, one.activation.path) == (run, path)
        ]:
            self._in_force.remove(one)
            self._tell(self._ended(one, "ended", self._overlays.end(run, path, ts_ns)))
        self.faults.cut(run, path)
        self._weigh()

    def hold(self, run: str, by_ns: int) -> None:
        """Put off what a run's conditions have before them: ramps and ways back; factors stay as they are."""
        self._in_force = [
            replace(one, activation=replace(one.activation, ts_ns=one.activation.ts_ns + by_ns))
            if one.activation.run == run
            else one
            for one in self._in_force
        ]
        self._overlays.hold(run, by_ns)

    def release(self, run: str) -> None:
        """End everything of a run at once, without a trace."""
        for one in [one for one in self._in_force if one.activation.run == run]:
            self._in_force.remove(one)
            self._tell(self._ended(one, "released", None))
        for fade in self._overlays.release(run):
            self._tell(_reverted(fade, "released"))
        self.faults.release(run)
        self._weigh()

    def active(self, now_ns: int) -> tuple[Active, ...]:
        """What is in force, in the order of its start, and then what fades out."""
        in_force = [
            Active(
                one.activation.run,
                one.activation.path,
                one.condition.description,
                one.condition.symbols,
                _share(now_ns - one.activation.ts_ns, one.activation.over_ns),
            )
            for one in self._in_force
        ]
        fading = [
            Active(
                fade.voice.run,
                fade.voice.path,
                fade.voice.description,
                tuple(name for name, key in self._keys.items() if key in fade.voice.layer.keys),
                1.0 - fade.left(now_ns),
                reverting=True,
            )
            for fade in self._overlays.fades
        ]
        return (*in_force, *self.faults.active(now_ns), *fading)

    def held(self, run: str, now_ns: int) -> list[float]:
        """Log offsets of a run's layers, by key, that of USD last and 0."""
        return self._overlays.held(run, now_ns)

    def _weigh(self) -> None:
        self.awake = bool(self._in_force or self._overlays.fades)
        asking = [one.condition for one in self._in_force if not one.condition.calm]
        if not asking:
            self.factors = CALM
            return
        factors = Factors.unit(len(self._catalogue))
        for condition in asking:
            for symbol in condition.symbols:
                at = self._catalogue.index[symbol]
                factors.spread[at] = times(factors.spread[at], condition.spread)
                factors.depth[at] = times(factors.depth[at], condition.depth)
                factors.volume[at] = times(factors.volume[at], condition.volume)
                factors.trades_off[at] |= condition.trades_off
                factors.halted[at] |= condition.halted
        self.factors = factors

    def _layer(self, sound: Sound, symbols: tuple[str, ...], start_ns: int) -> Layer:
        if isinstance(sound, Swing):
            return Louder(sound, self._signals(symbols))
        return Together(sound, self._signals(symbols), start_ns, self._step_ns)

    def _signals(self, symbols: tuple[str, ...]) -> list[Signal]:
        """What to listen to, so that each instrument as a whole is heard once.

        A USD spot stands for its asset. Of any other instrument it is what its legs do not bring along
        already: of a cross rate beside both its legs, that is its own slack.
        """
        index = self._catalogue.index
        items = [self._catalogue[symbol] for symbol in dict.fromkeys(symbols)]
        spots = {item.base: index[item.symbol] for item in items if item.usd_spot}
        found = []
        for item in items:
            terms = [(index[item.symbol], 1.0)]
            if not item.usd_spot:
                terms += [
                    (spots[code], sign)
                    for code, sign in ((item.base, -1.0), (item.quote, 1.0))
                    if code in spots
                ]
            name = item.base if item.usd_spot else item.symbol
            found.append(Signal(self._keys[name], tuple(terms)))
        return found

    def _ended(self, one: _InForce, reason: str, fade: Fade | None) -> Notice:
        cycles = self._cycle - one.since_cycle
        data: dict[str, Json] = {
            "effect": one.condition.effect,
            "reason": reason,
            "ticks_touched": cycles * one.reach.bit_count(),
        }
        if fade is not None:
            layer = fade.voice.layer
            offsets = dict(zip(layer.keys, layer.offsets, strict=True))
            kept = {name: number(offsets[key]) for name, key in self._keys.items() if offsets.get(key)}
            data |= {"kept": dict(kept), "reverts_over_ns": EASE_NS}
        return Notice("effect_ended", one.activation.run, one.activation.path, data)


def times(one: float, other: float) -> float:
    """The product of two factors within the bounds; nothing stays nothing."""
    product = one * other
    if one and other and not 1.0 / MOST <= product <= MOST:
        return min(MOST, max(1.0 / MOST, product))
    return product


def _started(condition: Condition, activation: Activation) -> Notice:
    data: dict[str, Json] = {
        "effect": condition.effect,
        "summary": condition.description,
        "symbols": list(condition.symbols),
    }
    if activation.over_ns:
        data["for_ns"] = activation.over_ns
    return Notice("effect_started", activation.run, activation.path, data)


def _reverted(fade: Fade, reason: str) -> Notice:
    data: dict[str, Json] = {"effect": fade.voice.effect, "reason": reason}
    return Notice("effect_reverted", fade.voice.run, fade.voice.path, data)


def _share(since_ns: int, span_ns: int) -> float:
    """Progress of something that may have no known end."""
    return min(1.0, max(0.0, since_ns / span_ns)) if span_ns else 0.0
