"""What steps inherit from the block around them, and how iterations of a repeat are told apart."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Scope:
    """What a body inherits from its block.

    Attributes:
        renames: plan prefix → runtime prefix, for the iterations of repeats, outermost first.
        in_force: effects that last until the block ends.
        stamped_ns: time of the lane's last command, which has not acted before the next cycle.
    """

    renames: tuple[tuple[str, str, tuple[int, ...], int], ...] = ()
    in_force: list[tuple[tuple[int, ...], str]] = field(default_factory=list)
    stamped_ns: int = -1

    def path(self, path: str) -> str:
        """Runtime path: an iteration is numbered, ``pressure/1#2/1``."""
        for prefix, replacement, _, _ in self.renames:
            if path == prefix or path.startswith(prefix + "/"):
                path = replacement + path[len(prefix) :]
        return path

    def order(self, order: tuple[int, ...]) -> tuple[int, ...]:
        """Runtime order: iterations of one body sort by their number."""
        for inserted, (_, _, prefix, number) in enumerate(self.renames):
            at = len(prefix) + inserted
            order = (*order[:at], number, *order[at:])
        return order
