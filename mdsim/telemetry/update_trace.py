"""One update of many as a trace: how long each room had it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Stage: TypeAlias = tuple[str, int, int]
"""Name, begin and end."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """When a cycle of the market passed which point, in ns of one clock.

    Attributes:
        began_ns: it asked for prices.
        based_ns: it had the base prices: made, or agreed on by the sources.
        cycled_ns: effects and microstructure had acted on them.
        sent_ns: they were handed to the readers' lines.
    """

    began_ns: int
    based_ns: int
    cycled_ns: int
    sent_ns: int

    def stages(self, received_ns: int | None) -> list[Stage]:
        """The rooms that an update passed, each from where the one before ends.

        Args:
            received_ns: when the newest source's price that counted came in, None on a market without
                sources. There, ``ingest`` is the making of the price, and nothing has to be agreed on.
        """
        after = [
            ("chaos", self.based_ns, self.cycled_ns),
            ("publish", self.cycled_ns, self.sent_ns),
        ]
        if received_ns is None:
            return [("ingest", self.began_ns, self.based_ns), *after]
        received_ns = min(received_ns, self.began_ns)
        return [
            ("ingest", received_ns, self.began_ns),
            ("consensus", self.began_ns, self.based_ns),
            *after,
        ]
