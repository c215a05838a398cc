"""One run on a shared market: its performance, its log, and what is told of it while it runs and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import trio

from mdsim.core.events import Entry, Json
from mdsim.core.serving import RunInfo, RunRequest
from mdsim.core.time import format_duration, format_utc
from mdsim.engine.commands import Command, ReleaseRun
from mdsim.engine.view import View
from mdsim.playbook.limits import Ceiling
from mdsim.playbook.plan import Plan, canonical
from mdsim.run.admission import Admitted, metrics_of
from mdsim.run.clock import ScenarioClock
from mdsim.run.ledger import Observer
from mdsim.run.performance import Performance, Setting
from mdsim.run.pump import Pump
from mdsim.run.result import Verdict
from mdsim.run.run_log import RunLog

CHECKS_MOST = 1_000
_LATEST_NS = (1 << 63) - 1
_BROKE = "mdsim broke on this run; the server's log tells how"


class Hosted:
    """A run and everything around it.

    Making one attaches it to the pump and tells its first entry; ``perform`` is its task, and ``conclude``
    must follow. Conditions that this market does not measure are refused before anything is attached.

    Attributes:
        id: the scenario id.
        touched: the instruments that its effects act on by name.
        log: its entries.
        ended: set once everything is released and the last entry is in the log.
    """

    def __init__(
        self,
        run: str,
        request: RunRequest,
        admitted: Admitted,
        pump: Pump,
        observe: Callable[[RunInfo, RunRequest], Sequence[Observer]],
        entries_most: int,
        bytes_most: int,
        timeout: Ceiling | None,
    ) -> None:
        engine = pump.engine
        view = engine.open_view(admitted.speed)
        try:
            for subject in metrics_of(admitted.plan):
                view.reader(subject)
        except BaseException:
            engine.close_view(view)
            raise
        self.id = run
        self.request = request
        self.plan: Plan = admitted.plan
        self.touched = admitted.touched
        self.log = RunLog(entries_most, bytes_most)
        self.ended = trio.Event()
        self._admitted = admitted
        self._pump = pump
        self._view = view
        self._timeout = timeout
        self._plan_json = _plan_json(admitted.plan)
        self._clock = ScenarioClock(pump.now_ns, admitted.speed)
        self._cycles, self._ticks = engine.market.cycles, engine.market.ticks
        self._phase = ""
        self._releasing = False
        self._ended_ns = 0
        setting = Setting(run, engine, view, request.seed, shared=True, checks_most=CHECKS_MOST)
        observers: list[Observer] = [self]
        self._performance = Performance(admitted.plan, setting, self._clock, observers)
        observers += observe(self.info(), request)
        pump.attach(run, self._clock, self._performance.ledger.on_notice)
        self._clock.turns.take()
        self._performance.announce(
            cycle=format_duration(pump.interval_ns), timing=f"real x{float(admitted.speed):g}"
        )

    @property
    def state(self) -> str:
        """``running``, ``paused``, ``releasing`` or ``ended``."""
        if self.ended.is_set() or self.log.closed:
            return "ended"
        if self._releasing or self._performance.verdict is not None:
            return "releasing"
        return "paused" if self._clock.paused else "running"

    @property
    def ends_ns(self) -> int:
        """Market time of the planned end, moved by pauses so far; of the end itself once it has ended."""
        if self._ended_ns:
            return self._ended_ns
        return min(self._clock.engine_time(self._clock.start_ns + self.plan.expected_ns), _LATEST_NS)

    @property
    def ends_text(self) -> str:
        """The same as text."""
        return format_utc(self.ends_ns)

    def info(self) -> RunInfo:
        """What is known of it now."""
        performance = self._performance
        ended = self.state == "ended"
        verdict = performance.verdict if ended else None
        return RunInfo(
            scenario_id=self.id,
            scenario_type=self.request.scenario_type,
            playbook=self.plan.name,
            state=self.state,
            phase="" if ended else self._phase,
            symbols=self.touched,
            effects=() if ended else self._effects(),
            started_ns=self._clock.start_ns,
            at_ns=self._clock.at_ns,
            ends_ns=self.ends_ns,
            verdict=verdict.value if verdict is not None else "",
            reason=performance.reason,
            plan=self._plan_json,
            warnings=self._admitted.warnings,
        )

    def _effects(self) -> tuple[str, ...]:
        active = self._pump.engine.board.active()
        return tuple(one.description for one in active if one.run == self.id)

    # Its own observer

    def on_entry(self, entry: Entry) -> None:
        """Keep an entry, and know where the run is."""
        if entry.kind == "phase_started":
            self._phase = str(entry.data.get("name", ""))
        elif entry.kind == "phase_ended":
            self._phase = ""
        elif entry.kind == "release":
            self._releasing = True
        self.log.append(entry)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time passing is asked for, not told."""

    # Its life

    async def perform(self) -> None:
        """Run the plan to its end, or to a stop; everything is released then."""
        await self._performance.perform()

    def pause(self) -> None:
        """Stop its clock."""
        if not self._clock.paused:
            self._clock.paused = True
            self._tell("paused", text="asked for")

    def resume(self) -> None:
        """Let its clock go on."""
        if self._clock.paused:
            self._clock.paused = False
            self._tell("resumed", text="asked for")

    def stop(self, reason: str = "stopped") -> None:
        """Begin to end it."""
        if not self._performance.done:
            self._performance.abort(reason)

    def look_at_the_time(self, now_ns: int) -> None:
        """Stop it when it has been here for longer than a limit allows; pauses count."""
        limit = self._timeout
        if limit is not None and now_ns - self._clock.start_ns > int(limit.value) and not self._releasing:
            self.stop(f"it was here for longer than {limit.key} of {limit.text}")

    def fail(self) -> None:
        """Mdsim broke on it: release what it holds in the next cycle."""
        self._performance.fail(_BROKE)
        self._pump.engine.submit(Command(self._pump.now_ns, (1 << 30,), self.id, "", ReleaseRun()))

    def conclude(self) -> str:
        """Tell the verdict, and leave the market; the verdict as text."""
        market = self._pump.engine.market
        performance = self._performance
        performance.ledger.settle()
        verdict: Verdict = performance.conclude(
            lasted=format_duration(performance.lasted_ns or self._clock.at_ns),
            cycles=market.cycles - self._cycles,
            ticks=market.ticks - self._ticks,
        )
        self._ended_ns = self._pump.now_ns
        self._pump.detach(self.id)
        self._pump.engine.forget(self._clock)
        self._pump.engine.close_view(self._view)
        self.log.close()
        return verdict.value

    def _tell(self, kind: str, **data: Json) -> None:
        self._performance.ledger.tell(kind, **data)


def preview(request: RunRequest, admitted: Admitted, now_ns: int) -> RunInfo:
    """What is known of a run that is not started: no id, and ``ended``."""
    lasts_ns = math.ceil(admitted.plan.expected_ns / admitted.speed)
    return RunInfo(
        scenario_id="",
        scenario_type=request.scenario_type,
        playbook=admitted.plan.name,
        state="ended",
        phase="",
        symbols=admitted.touched,
        effects=(),
        started_ns=now_ns,
        at_ns=0,
        ends_ns=min(now_ns + lasts_ns, _LATEST_NS),
        verdict="",
        reason="",
        plan=_plan_json(admitted.plan),
        warnings=admitted.warnings,
    )


def _plan_json(plan: Plan) -> Json:
    file = plan.file.replace("\\", "/").rsplit("/", 1)[-1]
    return canonical(replace(plan, file=file))
