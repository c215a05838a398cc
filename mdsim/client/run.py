"""What a server tells of one run."""

from __future__ import annotations

import msgspec


class Run(msgspec.Struct, frozen=True):
    """One run on a server.

    Attributes:
        scenario_id: empty for a plan that was only compiled.
        state: ``running``, ``paused``, ``releasing`` or ``ended``.
        phase: name of the present phase, empty before and after.
        effects: descriptions of what is active now.
        started_ns, ends_ns: market time of the start and of the planned end.
        at_ns: scenario time since the start.
        time_left_ns: market time up to the planned end; told of runs in a list, None elsewhere.
        verdict: empty while it runs.
        plan: the compiled plan, as JSON.
        warnings: of the compiler, and of the limits.
    """

    scenario_id: str
    scenario_type: str
    playbook: str
    state: str
    phase: str = ""
    symbols: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    started_ns: int = 0
    at_ns: int = 0
    ends_ns: int = 0
    time_left_ns: int | None = None
    verdict: str = ""
    reason: str = ""
    plan: object = None
    warnings: tuple[str, ...] = ()
