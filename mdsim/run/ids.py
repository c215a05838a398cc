"""Names of runs on a server: random, so that nobody guesses another's and none comes back after a restart."""

from __future__ import annotations

import secrets


def scenario_id() -> str:
    """A new id; it never enters the part of a journal that must be equal in equal runs."""
    return f"run-{secrets.token_hex(8)}"
