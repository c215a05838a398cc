"""Every run on one live market: started, followed, held, ended, and in the end forgotten.

They share the market's engine and pump. The engine keeps their effects apart by the run's id, each has a
clock and a view of its own, and releasing one leaves the others as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import trio

from mdsim.core.errors import BusyError, ConflictError, MdsimError, NotFoundError, UsageError
from mdsim.core.serving import RunInfo, RunRequest
from mdsim.core.spelling import shown
from mdsim.playbook.compiler import World
from mdsim.playbook.limits import Ceiling, Measure, strictest
from mdsim.run.admission import Admission, Admitted
from mdsim.run.hosted import Hosted, preview
from mdsim.run.ids import scenario_id
from mdsim.run.ledger import Observer
from mdsim.run.limits import RunCounters, RunLimits
from mdsim.run.pump import Pump
from mdsim.run.run_log import Follower
from mdsim.run.still import still_like

LOG = logging.getLogger("mdsim.runs")
KEY_MOST = 200
RELEASE_S = 25.0
"""How long ``stop`` waits: ten seconds for ``finally``, ten for the release, and a breath."""


@dataclass(slots=True)
class _Ticket:
    """What an idempotency key stands for; ``run`` is empty until it is known."""

    request: RunRequest
    done: trio.Event
    run: str = ""


Observe = Callable[[RunInfo, RunRequest], Sequence[Observer]]
"""Who else follows a run that is about to start: logs, traces, the stream of market events."""


def nobody(_info: RunInfo, _request: RunRequest) -> Sequence[Observer]:
    """Nobody else follows."""
    return ()


def log_failure(run: str, error: BaseException) -> None:
    """Write an error that must not happen to the log."""
    LOG.error("%s broke", run, exc_info=error)


def _uncounted(_scenario_type: str, _code: str) -> None:
    """Nobody counts."""


class RunsManager:
    """The runs port of a server.

    ``run`` must be running for anything to start, and the pump for anything to go on.

    Attributes:
        limits: its bounds.
        counters: what has happened.
        followers: event streams that are open.
    """

    def __init__(
        self,
        pump: Pump,
        world: World,
        *,
        library: Mapping[str, Path],
        ceilings: Callable[[str], Sequence[Ceiling]],
        limits: RunLimits | None = None,
        ids: Callable[[], str] = scenario_id,
        observe: Observe = nobody,
        on_failure: Callable[[str, BaseException], None] = log_failure,
        on_refused: Callable[[str, str], None] = _uncounted,
        threads: bool = True,
    ) -> None:
        """Put it beside a pump.

        Args:
            pump: drives the market, and with it the clocks of the runs.
            world: what a playbook may name; its catalogue is the market's.
            library: shipped playbooks by their path in the library.
            ceilings: every limit of a type of scenario, those of the server among them.
            limits: bounds of memory and work.
            ids: makes names of runs.
            observe: asked for observers of each run; they are told every entry.
            on_failure: told of errors that must not happen.
            on_refused: told type and error code of every start that did not become a run.
            threads: compile and rehearse in a thread, so that the pump is on time; False for virtual time.
        """
        self.limits = limits or RunLimits()
        self.counters = RunCounters()
        self.followers = 0
        self._pump = pump
        self._admission = Admission(world, library, ceilings, pump.interval_ns, self.limits.rehearsal_cycles)
        self._ceilings = ceilings
        self._ids = ids
        self._observe = observe
        self._on_failure = on_failure
        self._on_refused = on_refused
        self._threads = trio.CapacityLimiter(1) if threads else None
        self._runs: dict[str, Hosted] = {}  # in the order of their start
        self._ended: dict[str, Hosted] = {}  # in the order of their end
        self._keys: dict[str, _Ticket] = {}
        self._waiting = 0
        self._stops = 0  # of everything
        self._nursery: trio.Nursery | None = None

    @property
    def running(self) -> int:
        """Runs that have not ended."""
        return len(self._runs)

    @property
    def waiting(self) -> int:
        """Starts that wait for their compilation."""
        return self._waiting

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be the home of the runs until ``close``, or cancelled: their effects are released in both cases."""
        self._pump.after_cycle.append(self._look_at_the_time)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                task_status.started()
                try:
                    await trio.sleep_forever()
                finally:
                    self._nursery = None
        finally:
            self._pump.after_cycle.remove(self._look_at_the_time)

    async def close(self) -> None:
        """Take no more runs, end those that run, and let ``run`` return; the pump must go on meanwhile."""
        nursery, self._nursery = self._nursery, None
        await self.stop_all()
        if nursery is not None:
            nursery.cancel_scope.cancel()

    # Starting

    async def start(self, request: RunRequest) -> RunInfo:
        """Compile, check limits and overlap, start.

        Raises:
            PlaybookError, LimitError, UnavailableError, UsageError, NotFoundError: it may not run.
            ConflictError: another run holds an instrument, or the key stands for something else.
            BusyError: the server has enough to do, or takes no runs now.
        """
        try:
            return await self._keyed(request)
        except MdsimError as error:
            self._on_refused(request.scenario_type, error.code)
            raise

    async def _keyed(self, request: RunRequest) -> RunInfo:
        key = request.idempotency_key
        if not key:
            return await self._start(request)
        if len(key) > KEY_MOST or not (key.isascii() and key.isprintable()):
            message = f"an idempotency key is at most {KEY_MOST} characters of printable ASCII"
            raise UsageError("MD357", message, hint="use a random one, such as a UUID")
        asked = msgspec.structs.replace(request, traceparent="")
        while (ticket := self._keys.get(key)) is not None:
            if ticket.request != asked:
                message = f"the idempotency key {shown(key)} was used for another request"
                raise ConflictError("MD352", message, hint="use a new key for a new request")
            await ticket.done.wait()
            if ticket.run:
                self.counters.repeated += 1
                return self.get(ticket.run)
        ticket = self._keys[key] = _Ticket(asked, trio.Event())
        try:
            info = await self._start(request)
            ticket.run = info.scenario_id
            return info
        finally:
            if not ticket.run:
                del self._keys[key]  # refused: the next one with this key may try again
            ticket.done.set()

    async def _start(self, request: RunRequest) -> RunInfo:
        try:
            self._check_room()
            stops = self._stops
            admitted = await self._admit(request)
            if stops != self._stops:
                message = "every run was stopped while this start waited"
                raise ConflictError("MD361", message, hint="ask for it again if it is still wanted")
            return self._open(request, admitted)
        except BaseException:
            self.counters.refused += 1
            raise

    async def _admit(self, request: RunRequest) -> Admitted:
        if self._waiting >= self.limits.waiting:
            message = f"{self._waiting} starts wait already, and that is all this server takes on"
            raise BusyError("MD353", message, hint="try again in a moment")
        self._waiting += 1
        try:
            engine = self._pump.engine
            feed = engine.feed
            market = still_like(feed, self._pump.now_ns, feed.step_ns)
            if self._threads is None:
                return await self._admission.admit(request, market)
            work = partial(trio.run, self._admission.admit, request, market)
            return await trio.to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._waiting -= 1

    def _open(self, request: RunRequest, admitted: Admitted) -> RunInfo:
        """Make the run; no other task comes between the checks and its first entry."""
        self._check_room()
        if request.overlap != "allow":
            self._check_overlap(admitted.touched)
        assert self._nursery is not None
        hosted = Hosted(
            self._ids(),
            request,
            admitted,
            self._pump,
            self._observe,
            self.limits.entries,
            self.limits.entries_bytes,
            self._timeout(request),
        )
        self._runs[hosted.id] = hosted
        self.counters.started += 1
        self._nursery.start_soon(self._host, hosted)
        return hosted.info()

    def _check_room(self) -> None:
        if self._nursery is None:
            raise BusyError("MD358", "the server takes no runs now", hint="it is starting or stopping")
        if len(self._runs) >= self.limits.at_once:
            message = f"{len(self._runs)} runs run, and that is all this server takes on"
            raise BusyError("MD353", message, hint="stop one, or wait until one ends")

    def _check_overlap(self, touched: Sequence[str]) -> None:
        for other in self._runs.values():
            shared = [symbol for symbol in touched if symbol in other.touched]
            if shared:
                message = (
                    f"{other.id} ({other.plan.name}) holds {', '.join(shared)} until about {other.ends_text}"
                )
                hint = "wait for its end, stop it, or ask for overlap: allow"
                raise ConflictError("MD351", message, hint=hint)

    def _timeout(self, request: RunRequest) -> Ceiling | None:
        return strictest(self._ceilings(request.scenario_type), Measure.DURATION)

    async def _host(self, hosted: Hosted) -> None:
        """The task of a run; an error of ours ends the run, and nothing else."""
        try:
            await hosted.perform()
        except Exception as error:
            self.counters.broken += 1
            hosted.fail()
            self._on_failure(hosted.id, error)
        finally:
            verdict = hosted.conclude()
            self.counters.verdicts[verdict] = self.counters.verdicts.get(verdict, 0) + 1
            self.counters.entries_dropped += hosted.log.dropped
            del self._runs[hosted.id]
            self._ended[hosted.id] = hosted
            self._forget_old()
            hosted.ended.set()

    def _forget_old(self) -> None:
        kept_bytes = sum(hosted.log.size_bytes for hosted in self._ended.values())
        while len(self._ended) > 1 and (
            len(self._ended) > self.limits.ended or kept_bytes > self.limits.ended_bytes
        ):
            name, hosted = next(iter(self._ended.items()))
            kept_bytes -= hosted.log.size_bytes
            del self._ended[name]
            self._keys.pop(hosted.request.idempotency_key, None)

    def _look_at_the_time(self, now_ns: int) -> None:
        for hosted in self._runs.values():
            hosted.look_at_the_time(now_ns)

    # Asking

    def compile_only(self, request: RunRequest) -> RunInfo:
        """What ``start`` would run; limits and overlap are not looked at. May be called in a thread."""
        admitted = self._admission.compile(request)
        return preview(request, admitted, self._pump.now_ns)

    def get(self, scenario_id: str) -> RunInfo:
        """One run, running or lately ended."""
        return self._find(scenario_id).info()

    def all(self) -> tuple[RunInfo, ...]:
        """Runs that run, then those lately ended, newest first."""
        found = (*reversed(self._runs.values()), *reversed(self._ended.values()))
        return tuple(hosted.info() for hosted in found)

    def follow(self, scenario_id: str, after: int = 0) -> Follower:
        """Numbered entries from ``after`` on, until it ends; an unknown id is refused at once.

        Whoever stops before the end closes the iterator (``contextlib.aclosing``).
        """
        hosted = self._find(scenario_id)
        if self.followers >= self.limits.followers:
            message = f"{self.followers} event streams are open, and that is all this server takes on"
            raise BusyError("MD359", message, hint="close one first")
        self.followers += 1
        return Follower(hosted.log, after, self._left)

    def _left(self) -> None:
        self.followers -= 1

    # Holding and ending

    def pause(self, scenario_id: str) -> RunInfo:
        """Stop the playbook's clock and hold its moves; prices flow on. Twice is no error."""
        hosted = self._running(scenario_id)
        hosted.pause()
        return hosted.info()

    def resume(self, scenario_id: str) -> RunInfo:
        """Let it go on; a run that is not paused goes on anyway."""
        hosted = self._running(scenario_id)
        hosted.resume()
        return hosted.info()

    async def stop(self, scenario_id: str) -> RunInfo:
        """End a run and wait until its effects are released; one that has ended is no error."""
        hosted = self._find(scenario_id)
        hosted.stop()
        with trio.move_on_after(RELEASE_S):
            await hosted.ended.wait()
        return hosted.info()

    async def stop_all(self) -> tuple[RunInfo, ...]:
        """End every run and wait until all are released; what was stopped, newest first.

        A start that still waits for its rehearsal is refused: nothing asked for before begins after it.
        """
        self._stops += 1
        stopped = tuple(reversed(self._runs.values()))
        for hosted in stopped:
            hosted.stop()
        with trio.move_on_after(RELEASE_S):
            for hosted in stopped:
                await hosted.ended.wait()
        return tuple(hosted.info() for hosted in stopped)

    def _find(self, scenario_id: str) -> Hosted:
        hosted = self._runs.get(scenario_id) or self._ended.get(scenario_id)
        if hosted is None:
            raise NotFoundError(
                "MD350",
                f"there is no scenario {shown(scenario_id)}",
                hint="GET /chaos/active-scenarios lists those that run; ended ones are kept for a while",
            )
        return hosted

    def _running(self, scenario_id: str) -> Hosted:
        hosted = self._find(scenario_id)
        if hosted.state in ("releasing", "ended"):
            raise ConflictError("MD354", f"{scenario_id} has ended", hint="start another run")
        return hosted
