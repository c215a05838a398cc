"""Layers on the base feed: the offsets that its own movement brings about while they are in force.

Only steps in which the base feed moved count, so that an extra cycle of the engine changes nothing; steps
before an effect began are kept, so that it knows the market from its first moment. When a layer ends, its
offset goes back to 0 in a straight line over ``EASE_NS``, outside its block.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import add, sub

from mdsim.chaos.innovations import MEMORY
from mdsim.chaos.layers import FARTHEST, Layer, within
from mdsim.core.time import MINUTE

EASE_NS = 5 * MINUTE
"""Time over which the offset of a layer that has ended goes back to 0."""
PAST = 2 * MEMORY
"""Steps of the base feed that are kept."""

Parts = Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A layer and the step that it belongs to.

    Attributes:
        effect: the verb; ``description`` is one line for people.
    """

    run: str
    path: str
    effect: str
    description: str
    layer: Layer


@dataclass(frozen=True, slots=True, eq=False)
class Fade:
    """The offsets of a layer that has ended, on their way back to 0 since ``start_ns``."""

    voice: Voice
    start_ns: int

    @property
    def end_ns(self) -> int:
        """When nothing is left."""
        return self.start_ns + EASE_NS

    def left(self, now_ns: int) -> float:
        """Share of the offsets that is left."""
        return min(1.0, max(0.0, (self.end_ns - now_ns) / EASE_NS))


class Overlays:
    """Every layer of a market, in the order of their start.

    Attributes:
        fades: layers that have ended, in the order of their end.
        past: log prices after the latest steps of the base feed: as they would be had no layer begun or
            ended meanwhile. An empty list is a break, after which another series begins.
    """

    def __init__(self, parts: Parts, keys: int, step_ns: int) -> None:
        """Take the shape of a market.

        Args:
            parts: by instrument, the keys of base, quote and itself.
            keys: how many keys there are, that of USD included.
            step_ns: step of the base feed.
        """
        self.fades: list[Fade] = []
        self._parts = parts
        self._keys = keys
        self._voices: list[Voice] = []
        self.past: deque[list[float]] = deque([[]], maxlen=PAST)
        self._step_ns = step_ns
        self._base: list[float] = []  # while there are layers: the base feed's log prices as last heard
        self._base_ns: int | None = None
        self._sums: list[float] | None = None

    def levels(self, now_ns: int, base_logs: list[float]) -> list[float]:
        """Base log prices with every layer's offset; ``base_logs`` itself when there is none.

        Called once a cycle with rising time.
        """
        if self._voices:
            if base_logs != self._base:
                self._answer(now_ns, base_logs)
        else:
            if base_logs != self.past[-1]:
                self.past.append(base_logs.copy())
            if not self.fades:
                return base_logs
        if self.fades or self._sums is None:
            self._sums = self._total(now_ns)
        return list(map(add, base_logs, self._sums))

    def start(self, voice: Voice) -> None:
        """Put a layer on top of the others; it hears the next step of the base feed."""
        if not self._voices:
            self._base, self._base_ns = self.past[-1], None
        if voice.layer.wants_past:
            for before, after in itertools.pairwise(self.past):
                if before and after:
                    voice.layer.hear(list(map(sub, after, before)), self._step_ns)
        self._voices.append(voice)
        self._sums = None

    def end(self, run: str, path: str, ts_ns: int) -> Fade | None:
        """Let a layer's offsets go back to 0 from ``ts_ns`` on; None when it had none."""
        found = next((voice for voice in self._voices if (voice.run, voice.path) == (run, path)), None)
        if found is None:
            return None
        self._voices.remove(found)
        self._rest()
        if not any(found.layer.offsets):
            return None
        fade = Fade(found, ts_ns)
        self.fades.append(fade)
        return fade

    def faded(self, now_ns: int) -> list[Fade]:
        """Let go of the fades that have come to their end by now."""
        gone = [fade for fade in self.fades if fade.end_ns <= now_ns]
        if gone:
            self.fades = [fade for fade in self.fades if fade.end_ns > now_ns]
            self._sums = None
        return gone

    def hold(self, run: str, by_ns: int) -> None:
        """Put off ramps and fades of a run."""
        for voice in self._voices:
            if voice.run == run:
                voice.layer.hold(by_ns)
        self.fades = [
            replace(fade, start_ns=fade.start_ns + by_ns) if fade.voice.run == run else fade
            for fade in self.fades
        ]

    def release(self, run: str) -> list[Fade]:
        """Take away every offset of a run at once; its fades that were cut short."""
        gone = [fade for fade in self.fades if fade.voice.run == run]
        self.fades = [fade for fade in self.fades if fade.voice.run != run]
        self._voices = [voice for voice in self._voices if voice.run != run]
        self._rest()
        return gone

    def held(self, run: str, now_ns: int) -> list[float]:
        """Log offsets of a run by key."""
        voices = [(voice.layer, 1.0) for voice in self._voices if voice.run == run]
        fades = [(fade.voice.layer, fade.left(now_ns)) for fade in self.fades if fade.voice.run == run]
        return self._by_key(voices + fades)

    def _rest(self) -> None:
        """After a layer has gone: what is heard from here on is another series when it was the last."""
        self._sums = None
        if not self._voices and self._base:
            self.past.append([])
            self.past.append(self._base)
            self._base = []

    def _answer(self, now_ns: int, base_logs: list[float]) -> None:
        """The base feed has moved: every layer answers to what those below it made of that."""
        base, span_ns = self._base, self._step_ns
        if self._base_ns is not None:
            span_ns = max(1, now_ns - self._base_ns)
        self._base, self._base_ns = base_logs.copy(), now_ns
        if not base:  # layers that began before the first price hear from the second on
            self.past.append(self._base)
            return
        changes = list(map(sub, base_logs, base))
        for voice in self._voices:
            layer, moved = voice.layer, [0.0] * self._keys
            for key, more in zip(layer.keys, layer.respond(changes, now_ns, span_ns), strict=True):
                moved[key] = more
            changes = [
                change + moved[base_key] - moved[quote_key] + moved[own_key]
                for change, (base_key, quote_key, own_key) in zip(changes, self._parts, strict=True)
            ]
        self.past.append(list(map(add, self.past[-1], changes)))
        self._sums = None

    def _total(self, now_ns: int) -> list[float]:
        """Offsets by instrument."""
        voices = [(voice.layer, 1.0) for voice in self._voices]
        sums = self._by_key(voices + [(fade.voice.layer, fade.left(now_ns)) for fade in self.fades])
        if max(map(abs, sums)) > FARTHEST:
            sums = [within(one) for one in sums]
        return [sums[base] - sums[quote] + sums[own] for base, quote, own in self._parts]

    def _by_key(self, shares: list[tuple[Layer, float]]) -> list[float]:
        """Offsets of layers, each by its share, summed."""
        sums = [0.0] * self._keys
        for layer, share in shares:
            for key, offset in zip(layer.keys, layer.offsets, strict=True):
                sums[key] += share * offset
        return sums
