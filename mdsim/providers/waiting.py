"""Waiting for an event or a time, whichever comes first."""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from mdsim.core.time import MS, SECOND

Now = Callable[[], int]
"""The time of day in ns; handed in, because this room asks no clock."""


async def wait(event: trio.Event, due_ns: int | None, now: Now) -> None:
    """Return when the event is set or ``due_ns`` has come; never at once, so that no mistake can spin."""
    seconds = math.inf if due_ns is None else max(due_ns - now(), MS) / SECOND
    with trio.move_on_after(seconds):
        await event.wait()
