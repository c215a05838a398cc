"""The limits of a run on the command line: its own hold, those of a server are only pointed out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from mdsim.cli import wiring
from mdsim.core.decimals import CONTEXT
from mdsim.core.errors import UsageError
from mdsim.core.time import HOUR
from mdsim.playbook import limits

if TYPE_CHECKING:
    from mdsim.core.ports import BaseFeed
    from mdsim.playbook.plan import Plan

_WOULD_REFUSE = "MD172"
_MOST = {limits.MAX_PRICE_DEVIATION.key: Decimal(1000), limits.SCENARIO_TIMEOUT_HOURS.key: Decimal(24 * 366)}


def of_server(environment: Mapping[str, str]) -> tuple[limits.Ceiling, ...]:
    """The limits of a server with this environment.

    Raises:
        UsageError: one of them cannot be read.
    """
    found = []
    for default in limits.SERVER:
        text = environment.get(default.key, "").strip()
        if not text:
            found.append(default)
            continue
        try:
            value = Decimal(text, CONTEXT)
        except InvalidOperation:
            value = Decimal(0)
        if not (value.is_finite() and 0 < value <= _MOST[default.key]):
            example = (
                "a fraction such as 0.25" if default is limits.MAX_PRICE_DEVIATION else "hours such as 48"
            )
            raise UsageError("MD173", f"{default.key}={text} is no limit", hint=f"write {example}")
        in_ns = default.measure is limits.Measure.DURATION
        found.append(replace(default, value=int(CONTEXT.multiply(value, HOUR)) if in_ns else value))
    return tuple(found)


def checked(plan: Plan, feed: BaseFeed, seed: int, cycle_ns: int) -> list[str]:
    """Rehearse a plan and hold it against the limits; what a server would refuse comes back as warnings.

    Raises:
        LimitError: it goes past a limit that the playbook sets for itself.
        UsageError: a limit in the environment cannot be read.
    """
    from mdsim.playbook.variants import variants
    from mdsim.run.rehearsal import Pace, farthest, rehearse_blocking

    of_server_ = of_server(os.environ)
    rehearsals = rehearse_blocking(
        variants(plan), feed, seed, wiring.effects(), wiring.curves(), Pace(cycle_ns)
    )
    peak = farthest(rehearsals)
    own = limits.check(limits.of_playbook(plan), peak, plan.expected_ns)
    if own:
        raise limits.refusal(own)
    past = limits.check(of_server_, peak, plan.expected_ns)
    return [f"warning[{_WOULD_REFUSE}]: a server would refuse this run: {breach.message}" for breach in past]
