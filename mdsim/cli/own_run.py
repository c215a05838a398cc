"""A run on a market of its own: the base feed, how to run on it, and who follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mdsim.cli import ceilings, wiring
from mdsim.cli.followers import Followers
from mdsim.cli.recap import Played
from mdsim.playbook import compiler
from mdsim.run import runner
from mdsim.run.clock import wall_ns
from mdsim.run.series import Recorder, Sampler

if TYPE_CHECKING:
    from mdsim.cli.play_request import Job
    from mdsim.run.result import RunResult


class OwnRun:
    """A run on a market of its own, ready to be performed once.

    Attributes:
        plan, feed, settings: what is performed, on what, and how.
        followers: who follows it.
        samplers: who looks at every cycle.
    """

    def __init__(self, job: Job) -> None:
        """Open the base feed and everything that follows.

        Raises:
            MdsimError: it cannot run.
        """
        request = job.request
        plan = compiler.only(job.plan, request.only) if request.only else job.plan
        cycle_ns = request.cycle_ns or plan.baseline.cycle_ns or runner.choose_cycle_ns(plan.expected_ns)
        self.job = job
        self.plan = plan
        self.feed = wiring.open_feed(plan, request.seed, cycle_ns)
        self.settings = runner.RunSettings(
            seed=request.seed,
            cycle_ns=cycle_ns,
            speed=request.speed or (1.0 if request.serve else None),
            keep_effects=request.keep_effects,
        )
        for warning in ceilings.checked(plan, self.feed, request.seed, cycle_ns):
            if request.style != "json":
                typer.echo(warning, err=True)
        self.followers = Followers(plan, request.style, job.folder, job.page)
        self._recorder = Recorder() if self.followers.sampled else None
        self.samplers: list[Sampler] = [] if self._recorder is None else [self._recorder]
        self._started_ns = wall_ns()
        self._elapsed_ns = 0
        self._closed = False

    def close(self) -> None:
        """Finish what is kept of it, however it ended; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self._elapsed_ns = wall_ns() - self._started_ns
        series = None if self._recorder is None else self._recorder.series()
        self.followers.close(self.settings.cycle_ns, self._elapsed_ns, self.job.again, series)

    def tell(self, result: RunResult) -> None:
        """Write its page, and hand the result on."""
        series = None if self._recorder is None else self._recorder.series()
        self.followers.report(self.job.again, series)
        self.job.tell(Played(self.job.found.file, self.plan, result, self._elapsed_ns, self.job.again))
