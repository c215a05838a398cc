"""The seed tree: one root seed, one independent stream per path.

A stream depends on the root and its own path alone, so adding a lane, an asset or a venue never
shifts the draws of another.
"""

from __future__ import annotations

import hashlib
import random


class SeedTree:
    """Streams of random numbers below one root seed."""

    def __init__(self, root: int) -> None:
        self.root = root

    def stream(self, *path: str) -> random.Random:
        """A generator seeded with SHA-256 of root and path (parts are length-prefixed: no collisions)."""
        digest = hashlib.sha256(str(self.root).encode())
        for part in path:
            raw = part.encode()
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return random.Random(int.from_bytes(digest.digest(), "big"))  # noqa: S311 a simulator, no secrets
