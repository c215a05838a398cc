"""A playbook on the market of a server, followed as one here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from mdsim.cli import connection, remote
from mdsim.cli.followers import Followers
from mdsim.cli.recap import Played
from mdsim.cli.shared_prices import SharedPrices
from mdsim.run.clock import wall_ns

if TYPE_CHECKING:
    from mdsim.cli.play_request import Job
    from mdsim.run.result import RunResult


def play(job: Job) -> None:
    """Run it there, keep here what was asked to be kept, and tell the result.

    It is compiled here first, so that mistakes are shown with their lines.

    Raises:
        MdsimError: it may not run, or the server cannot be reached.
    """
    request = job.request
    assert request.server is not None
    order = remote.Order(
        job.found.raw.decode("utf-8-sig"),
        dict(request.settings),
        request.seed,
        request.speed or 1.0,
        job.plan.symbols,
        request.overlap or "refuse",
    )
    client = connection.connect(request.server, insecure=request.insecure, ca=request.ca)
    followers = Followers(job.plan, request.style, job.folder, job.page)
    prices = SharedPrices()
    started_ns = wall_ns()

    async def main() -> RunResult:
        async with client:
            return await remote.play(client, order, followers.observers, followers.live, prices)

    try:
        with followers:
            result = trio.run(main)
    finally:
        elapsed_ns = wall_ns() - started_ns
        followers.close(0, elapsed_ns, job.again, prices.series() if followers.sampled else None)
    followers.report(job.again, prices.series())
    job.tell(Played(job.found.file, job.plan, result, elapsed_ns, job.again))
