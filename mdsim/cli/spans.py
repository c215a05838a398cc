"""Durations on the command line."""

from __future__ import annotations

from mdsim.core.errors import UsageError


def span_ns(option: str, text: str, low_ns: int, high_ns: int) -> int:
    """What an option such as ``--for 10m`` means.

    Args:
        option: as it is written, for messages.
        text: its value.
        low_ns: the least it may be.
        high_ns: the most.

    Raises:
        UsageError: it is no single duration within its bounds.
    """
    from mdsim.core import values
    from mdsim.core.params import Kind

    try:
        found_ns = values.parse(Kind.DURATION, text, low=low_ns, high=high_ns)
    except values.ValueProblem as problem:
        raise UsageError("MD336", f"{option} {problem.message}", hint=problem.help) from None
    if not isinstance(found_ns, int):
        raise UsageError("MD336", f"{option} {text} is not one duration", hint="write one, such as 250ms")
    return found_ns
