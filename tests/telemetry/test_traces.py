"""Spans, as a real OTLP receiver gets them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from mdsim.core.events import Entry
from mdsim.run.result import RunResult
from mdsim.telemetry.run_trace import RunTrace
from mdsim.telemetry.traceparent import TraceParent
from mdsim.telemetry.traces import Tracing, open_tracing, traced

CALLER = TraceParent(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True)
ERROR = 2


@pytest.fixture
def tracing(receiver: Any) -> Iterator[Tracing]:
    """Tracing to the receiver, with a clock that goes on by one at each look."""
    ticks = count(1_000)
    found = open_tracing(receiver.endpoint + "/", clock_ns=lambda: next(ticks), sample_ratio=Decimal("0.25"))
    yield found
    found.close()


def about(span: Any) -> dict[str, Any]:
    """Attributes of a span or of an event."""
    values = {it.key: it.value for it in span.attributes}
    return {key: getattr(value, str(value.WhichOneof("value"))) for key, value in values.items()}


def test_a_run_is_one_trace_with_a_span_for_each_part(
    receiver: Any, tracing: Tracing, play: Callable[..., RunResult]
) -> None:
    """Run, phase, lanes, steps: each below what it belongs to, each with its times."""
    play(RunTrace(tracing, "run-7", "price_shock"))
    tracing.close()
    spans = receiver.spans()
    names = {span.span_id: span.name for span in spans}

    assert receiver.paths == ["/v1/traces"]
    assert len({span.trace_id for span in spans}) == 1
    assert sorted((span.name, names.get(span.parent_span_id, "")) for span in spans) == [
        ("lane panic/risk", "phase panic"),
        ("lane panic/seller", "phase panic"),
        ("phase panic", "run"),
        ("run", ""),
        ("step expect", "lane panic/risk"),
        ("step expect", "lane panic/risk"),
        ("step move", "lane panic/seller"),
        ("step wait", "lane panic/seller"),
    ]
    assert all(span.start_time_unix_nano < span.end_time_unix_nano for span in spans)
    resource = receiver.requests[0].resource_spans[0].resource
    assert about(resource)["service.name"] == "market-data-simulator"


def test_checks_and_effects_are_events_and_a_failed_check_marks_its_span(
    receiver: Any, tracing: Tracing, play: Callable[..., RunResult]
) -> None:
    """The step that asked is an error, and so is the run, with its verdict."""
    play(RunTrace(tracing, "run-7", "price_shock"))
    tracing.close()
    by_name: dict[str, list[Any]] = {}
    for span in receiver.spans():
        by_name.setdefault(span.name, []).append(span)

    passed, failed = sorted(by_name["step expect"], key=lambda span: int(span.status.code))
    assert (passed.status.code, failed.status.code) == (0, ERROR)
    assert about(failed.events[0])["mdsim.verdict"] == "failed"
    assert [event.name for event in by_name["step move"][0].events] == ["effect_started", "effect_ended"]
    (run,) = by_name["run"]
    told = about(run)
    assert (run.status.code, told["mdsim.verdict"], told["mdsim.scenario_id"]) == (ERROR, "failed", "run-7")


def test_a_run_hangs_below_the_call_that_asked_for_it(receiver: Any, tracing: Tracing) -> None:
    """The caller's trace goes on, and what the run calls goes on below the run."""
    run = RunTrace(tracing, "1", "playbook", CALLER)
    run.on_entry(Entry("run_started", 0, "", {}))
    place = run.place
    run.on_entry(Entry("run_ended", 0, "", {"verdict": "passed"}))
    tracing.close()

    (span,) = receiver.spans()
    assert span.trace_id.hex() == str(CALLER).split("-")[1]
    assert span.parent_span_id.hex() == str(CALLER).split("-")[2]
    assert place is not None
    assert (place.trace_id, f"{place.span_id:016x}") == (CALLER.trace_id, span.span_id.hex())


def test_what_a_cancelled_run_leaves_open_is_ended(receiver: Any, tracing: Tracing) -> None:
    """No span is lost because its end was never told; entries before the start are passed over."""
    run = RunTrace(tracing, "1", "playbook")
    run.on_entry(Entry("mark", 0, "", {}))
    run.on_entry(Entry("run_started", 0, "", {}))
    run.on_entry(Entry("phase_started", 0, "a", {"name": "a"}))
    run.on_entry(Entry("step_started", 0, "a#2/1", {"verb": "move"}))
    run.on_entry(Entry("run_ended", 0, "", {"verdict": "aborted", "reason": "terminated"}))
    tracing.close()

    spans = {span.name: span for span in receiver.spans()}
    assert set(spans) == {"run", "phase a", "step move"}
    assert spans["step move"].parent_span_id == spans["phase a"].span_id
    assert spans["run"].status.message == "terminated"


def test_an_update_is_a_trace_of_the_rooms_it_passed(receiver: Any, tracing: Tracing) -> None:
    """With the times that were measured, after the fact."""
    stages = [("ingest", 10, 20), ("consensus", 20, 25), ("chaos", 25, 30), ("publish", 30, 50)]
    tracing.record_update("BTC-USD", stages)
    tracing.record_update("BTC-USD", [])
    tracing.close()

    spans = {span.name: span for span in receiver.spans()}
    assert {name: (it.start_time_unix_nano, it.end_time_unix_nano) for name, it in spans.items()} == {
        "update": (10, 50),
        **{name: (start, end) for name, start, end in stages},
    }
    assert {it.parent_span_id for it in spans.values()} == {b"", spans["update"].span_id}


def test_one_update_of_every_so_many_is_sampled(receiver: Any, tracing: Tracing) -> None:
    """A ratio of 0.25 takes each fourth; 0 takes none and 1 takes all."""
    assert [tracing.samples_update() for _ in range(8)] == [False, False, False, True] * 2
    for ratio, expected in (("0", [False] * 3), ("1", [True] * 3)):
        other = open_tracing(receiver.endpoint, clock_ns=lambda: 0, sample_ratio=Decimal(ratio))
        assert [other.samples_update() for _ in range(3)] == expected
        other.close()


@dataclass
class Call:
    """As much of a REST call as the middleware looks at."""

    method: str = "GET"
    path: str = "/api/v1/symbols"
    headers: Mapping[str, str] = field(default_factory=lambda: {"traceparent": str(CALLER)})


@dataclass
class Reply:
    """As much of its answer."""

    status: int = 201


async def test_a_rest_call_is_a_span_below_its_caller(receiver: Any, tracing: Tracing) -> None:
    """Method, path and status are told; the handler's answer comes back as it was."""

    async def handler(call: Call) -> Reply:
        return Reply()

    around: Callable[..., Any] = traced(tracing)
    assert (await around(Call(), handler)).status == 201
    tracing.close()

    (span,) = receiver.spans()
    assert span.parent_span_id.hex() == str(CALLER).split("-")[2]
    assert about(span) == {
        "http.request.method": "GET",
        "url.path": "/api/v1/symbols",
        "http.response.status_code": 201,
    }


async def test_a_call_that_fails_is_an_error_and_still_raises(receiver: Any, tracing: Tracing) -> None:
    """The span ends, and the error goes on to whoever answers it."""

    async def handler(call: Call) -> Reply:
        raise LookupError("secret detail")

    around: Callable[..., Any] = traced(tracing)
    with pytest.raises(LookupError):
        await around(Call(headers={"traceparent": "nonsense"}), handler)
    tracing.close()

    (span,) = receiver.spans()
    assert (span.status.code, span.status.message, span.parent_span_id) == (ERROR, "LookupError", b"")


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    """Logs, metrics and run logs do without it, so a server that does not trace pays nothing."""
    script = (
        "import sys, mdsim.telemetry.logs, mdsim.telemetry.metrics, mdsim.telemetry.readings, "
        "mdsim.telemetry.run_log, mdsim.telemetry.traceparent; "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
