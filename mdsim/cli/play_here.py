"""A playbook on a market of its own, which may be served while it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdsim.cli import wiring
from mdsim.cli.own_run import OwnRun
from mdsim.run import runner

if TYPE_CHECKING:
    from mdsim.cli.play_request import Job


def play(job: Job) -> None:
    """Run a playbook, keep what was asked to be kept, and tell the result.

    Raises:
        MdsimError: it cannot run.
    """
    run = OwnRun(job)
    if job.request.serve:
        from mdsim.cli import play_served

        play_served.play(run)
        return
    try:
        with run.followers:
            result = runner.play_blocking(
                run.plan,
                run.feed,
                run.settings,
                wiring.effects(),
                wiring.curves(),
                run.followers.observers,
                run.samplers,
            )
    finally:
        run.close()
    run.tell(result)
