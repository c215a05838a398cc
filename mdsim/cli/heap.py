"""What a serving process tells Python's garbage collector."""

from __future__ import annotations

import gc


def settle() -> None:
    """Take everything that is alive now out of the collector's sight; call it once, when all is started.

    A full collection looks at every container there is, and nothing else runs meanwhile. Modules, routes
    and models make some hundred thousand that stay until the end: looking through them took 50 to 70 ms,
    for every reader, each time (``python -m benchmarks.rest`` shows it as the p99). What comes later is
    collected as ever.
    """
    gc.collect()
    gc.freeze()
