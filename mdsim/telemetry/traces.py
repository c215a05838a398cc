"""Traces: OpenTelemetry spans to an OTLP endpoint over HTTP.

Import this module, and ``run_trace``, only when there is an endpoint: without one nothing of OpenTelemetry
is loaded, and no call is made on the way of a price.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol, TypeAlias, TypeVar

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from mdsim import __version__
from mdsim.core.errors import MdsimError
from mdsim.telemetry.logs import SERVICE
from mdsim.telemetry.traceparent import TraceParent, of_headers

Attributes: TypeAlias = Mapping[str, AttributeValue]

_FLUSH_MS = 5_000
_BROKEN = 500


class Tracing:
    """Makes spans and sends them from a thread of its own; a dead endpoint loses spans, never time.

    Attributes:
        clock_ns: wall time, for every span that is not given its own times.
    """

    def __init__(self, provider: TracerProvider, clock_ns: Callable[[], int], sample_ratio: Decimal) -> None:
        self.clock_ns = clock_ns
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("mdsim", __version__)
        self._every = 0 if not sample_ratio else max(1, round(1 / sample_ratio))
        self._seen = 0

    @property
    def tracer(self) -> Tracer:
        """What makes spans."""
        return self._tracer

    def samples_update(self) -> bool:
        """Whether this published update is traced: one of every ``1 / trace_sample_ratio``."""
        if not self._every:
            return False
        self._seen += 1
        return self._seen % self._every == 0

    def record_update(self, symbol: str, stages: Sequence[tuple[str, int, int]]) -> None:
        """The way of one update through the process, after the fact.

        Args:
            symbol: its instrument.
            stages: name, begin and end in wall ns, in their order: ingest, consensus, chaos, publish.
        """
        if not stages:
            return
        whole = self._tracer.start_span(
            "update", start_time=stages[0][1], attributes={"mdsim.symbol": symbol}
        )
        inside = set_span_in_context(whole)
        for name, start_ns, end_ns in stages:
            self._tracer.start_span(name, context=inside, start_time=start_ns).end(end_time=end_ns)
        whole.end(end_time=stages[-1][2])

    def start(
        self, name: str, parent: TraceParent | None = None, attributes: Attributes | None = None
    ) -> Span:
        """A span that begins now and has to be ended with ``end``; below a caller's when there is one."""
        context = None if parent is None else context_of(parent)
        return self._tracer.start_span(
            name, context=context, start_time=self.clock_ns(), attributes=attributes
        )

    def end(self, span: Span, *, failed: str = "") -> None:
        """End a span now; ``failed`` says why it went wrong."""
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(end_time=self.clock_ns())

    @contextmanager
    def span(
        self, name: str, parent: TraceParent | None = None, attributes: Attributes | None = None
    ) -> Iterator[Span]:
        """A span around a block, such as a client's subscription.

        An error of ours marks it; a caller's mistake is told by its code (``error.type``), and one who goes
        in the middle is no error.
        """
        span = self.start(name, parent, attributes)
        failed = ""
        try:
            yield span
        except MdsimError as error:
            span.set_attribute("error.type", error.code)
            raise
        except Exception as error:
            failed = type(error).__name__
            raise
        finally:
            self.end(span, failed=failed)

    def close(self) -> None:
        """Send what waits, for a bounded time, and stop; blocking, so call it from a thread."""
        self._provider.force_flush(_FLUSH_MS)
        self._provider.shutdown()


def open_tracing(
    endpoint: str, *, clock_ns: Callable[[], int], sample_ratio: Decimal = Decimal("0.001")
) -> Tracing:
    """Tracing to an OTLP endpoint.

    Args:
        endpoint: base address, such as ``http://127.0.0.1:4318``; ``/v1/traces`` is added.
        clock_ns: wall time.
        sample_ratio: share of published updates that are traced.
    """
    resource = Resource({"service.name": SERVICE, "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_FLUSH_MS / 1000)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096))
    return Tracing(provider, clock_ns, sample_ratio)


def context_of(parent: TraceParent) -> Context:
    """A caller's place in its trace, as OpenTelemetry wants it."""
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    known = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(known))


def place_of(span: Span) -> TraceParent:
    """A span's place, to send along with calls that are made inside of it."""
    context = span.get_span_context()
    return TraceParent(context.trace_id, context.span_id, bool(context.trace_flags & 1))


class Called(Protocol):
    """What the middleware looks at; ``api.routes.Call`` is one."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class Answered(Protocol):
    """Likewise of the answer; ``api.routes.Reply`` is one."""

    @property
    def status(self) -> int: ...


C = TypeVar("C", bound=Called)
A = TypeVar("A", bound=Answered)


def traced(
    tracing: Tracing,
) -> Callable[[C, Callable[[C], Awaitable[A]]], Awaitable[A]]:
    """A middleware of the REST routes: a span for each call, below the caller's ``traceparent``."""

    async def around(call: C, handler: Callable[[C], Awaitable[A]]) -> A:
        about = {"http.request.method": call.method, "url.path": call.path}
        with tracing.span(f"{call.method}", of_headers(call.headers), about) as span:
            reply = await handler(call)
            span.set_attribute("http.response.status_code", reply.status)
            if reply.status >= _BROKEN:
                span.set_status(Status(StatusCode.ERROR))
            return reply

    return around
