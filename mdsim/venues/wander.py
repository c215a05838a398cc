"""A venue's own wandering around the market: a path in time that is there before anybody looks."""

from __future__ import annotations

import math

from mdsim.core.keyed import NORMALS
from mdsim.core.keyed import at as bits_at


class Wander:
    """Smooth noise of mean 0: independent normal values at the nodes of a grid in time, blended between.

    Value noise as in procedural graphics (Perlin 1985, its one-dimensional case with values instead of
    gradients): a pure function of time, so that looking at other instants changes nothing. The blend is
    divided by its own standard deviation, so that every instant has the same.
    """

    def __init__(self, key: int, deviation: float, node_ns: int) -> None:
        """Take the key of its draws, the standard deviation in log price, and the grid."""
        self._key = key
        self._deviation = deviation
        self._node_ns = node_ns

    def at(self, ts_ns: int) -> float:
        """Log distance from the market at an instant."""
        node, rest_ns = divmod(ts_ns, self._node_ns)
        u = rest_ns / self._node_ns
        late = u * u * (3.0 - 2.0 * u)
        early = 1.0 - late
        first = NORMALS[bits_at(self._key, node) >> 54]
        second = NORMALS[bits_at(self._key, node + 1) >> 54]
        return self._deviation * (early * first + late * second) / math.hypot(early, late)
