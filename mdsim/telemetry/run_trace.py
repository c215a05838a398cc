"""A run as one trace: a span for the run, each phase, lane and step; what happened in them as events."""

from __future__ import annotations

from opentelemetry.trace import Span, Status, StatusCode

from mdsim.core.events import Entry
from mdsim.core.time import SECOND
from mdsim.telemetry.traceparent import TraceParent
from mdsim.telemetry.traces import Tracing, context_of, place_of

_BEGINS = {"phase_started": "phase", "lane_started": "lane", "step_started": "step"}
_ENDS = {"phase_ended": "phase", "lane_ended": "lane", "step_ended": "step"}
_BAD = ("failed", "aborted", "error")


class RunTrace:
    """Makes the spans of one run; give it to the run as an observer.

    Times are wall times, so that a run stands beside what else happened; ``mdsim.at_s`` is the scenario's
    own time, which differs from it when a run is sped up or paused.
    """

    def __init__(
        self, tracing: Tracing, scenario_id: str, scenario_type: str, parent: TraceParent | None = None
    ) -> None:
        """``parent`` is the caller's place, when the run was asked for with a ``traceparent``."""
        self._tracing = tracing
        self._about = {"mdsim.scenario_id": scenario_id, "mdsim.scenario_type": scenario_type}
        self._parent = parent
        self._run: Span | None = None
        self._open: dict[tuple[str, str], Span] = {}

    @property
    def place(self) -> TraceParent | None:
        """The run's place in its trace, for calls that it makes; None before it starts."""
        return None if self._run is None else place_of(self._run)

    def on_entry(self, entry: Entry) -> None:
        """Begin, mark or end a span."""
        if entry.kind == "run_started":
            about = {**self._about, "mdsim.playbook": str(entry.data.get("playbook", ""))}
            self._run = self._tracing.start("run", self._parent, about)
            return
        if self._run is None:
            return
        if entry.kind == "run_ended":
            self._end_all(entry)
        elif kind := _BEGINS.get(entry.kind):
            self._begin(kind, entry)
        elif kind := _ENDS.get(entry.kind):
            span = self._open.pop((kind, entry.path), None)
            if span is not None:
                span.set_attribute("mdsim.cut", entry.data.get("cut") is True)
                self._tracing.end(span)
        else:
            self._mark(entry)

    def on_progress(self, view: object, now_ns: int, at_ns: int) -> None:
        """Time passing makes no span."""

    def _begin(self, kind: str, entry: Entry) -> None:
        told = entry.data.get("summary") or entry.data.get("name") or entry.path
        about: dict[str, str | float] = {"mdsim.path": entry.path, "mdsim.at_s": entry.at_ns / SECOND}
        about["mdsim.summary"] = str(told)
        verb = entry.data.get("verb")
        above = self._enclosing(entry.path)
        self._open[kind, entry.path] = self._tracing.tracer.start_span(
            f"{kind} {verb}" if isinstance(verb, str) else f"{kind} {entry.path}",
            context=context_of(place_of(above)),
            start_time=self._tracing.clock_ns(),
            attributes=about,
        )

    def _enclosing(self, path: str) -> Span:
        """The innermost open span around a path: of a step its lane, of a lane its phase."""
        assert self._run is not None
        found = self._run
        deepest = -1
        for (_, open_path), span in self._open.items():
            inside = path == open_path or path.startswith((f"{open_path}/", f"{open_path}#"))
            if inside and len(open_path) >= deepest:
                found, deepest = span, len(open_path)
        return found

    def _mark(self, entry: Entry) -> None:
        span = self._enclosing(entry.path)
        about: dict[str, str | int | bool] = {"mdsim.at_ns": entry.at_ns, "mdsim.path": entry.path}
        for name, value in entry.data.items():
            if isinstance(value, str | int | bool):
                about[f"mdsim.{name}"] = value
        span.add_event(entry.kind, about, timestamp=self._tracing.clock_ns())
        if entry.kind == "check" and entry.data.get("verdict") in _BAD and entry.data.get("level") == "fail":
            span.set_status(Status(StatusCode.ERROR, str(entry.data.get("text", ""))))

    def _end_all(self, entry: Entry) -> None:
        for span in reversed(self._open.values()):
            self._tracing.end(span)
        self._open.clear()
        assert self._run is not None
        verdict = str(entry.data.get("verdict", ""))
        self._run.set_attribute("mdsim.verdict", verdict)
        reason = str(entry.data.get("reason") or verdict)
        self._tracing.end(self._run, failed=reason if verdict in _BAD else "")
