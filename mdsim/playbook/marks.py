"""Where each value of a document stands in its text."""

from __future__ import annotations

from mdsim.playbook.plan import Place

Path = tuple[str | int, ...]


class Marks:
    """Places of every key and value of one document."""

    def place(self, file: str, path: Path, on_key: bool = False, offset: int = 0) -> Place:
        """Where the value (or key) at ``path`` begins, or ``offset`` characters into its text."""
        raise NotImplementedError

    def length(self, path: Path, on_key: bool = False) -> int:
        """Columns that the value (or key) takes on its first line."""
        raise NotImplementedError
