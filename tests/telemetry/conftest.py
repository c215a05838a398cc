"""A log that keeps its lines, a real run to follow, and a receiver of spans."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from mdsim.cli import wiring
from mdsim.core.secret import Secret
from mdsim.core.time import SECOND
from mdsim.playbook.compiler import compile_playbook
from mdsim.playbook.loader import load
from mdsim.run.ledger import Observer
from mdsim.run.result import RunResult
from mdsim.run.runner import RunSettings, play_blocking
from mdsim.telemetry.logs import Log, open_log

START_NS = 1_767_603_600 * SECOND

SHOCK = """\
mdsim: 1
name: shock
baseline: {source: still}
phases:
  - name: panic
    lanes:
      seller:
        - move: {symbol: BTC-USD, by: -5%, over: 30s, then: revert over 60s}
        - wait: 70s
      risk:
        - expect: price(BTC-USD) > 1
        - expect: price(BTC-USD) < 1
"""


class Lines:
    """A log and what was written to it."""

    def __init__(self, level: str = "debug", secrets: Sequence[Secret] = ()) -> None:
        self.stream = io.StringIO()
        self.log: Log = open_log(self.stream, level=level, clock_ns=lambda: START_NS, secrets=secrets)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Callable[..., Lines]:
    """``lines(level="info", secrets=[...])``."""
    return Lines


@pytest.fixture
def play() -> Callable[..., RunResult]:
    """Plays ``SHOCK``, or another playbook, in virtual time for observers."""

    def run(*observers: Observer, text: str = SHOCK) -> RunResult:
        plan = compile_playbook(load(text, "shock.yaml"), wiring.world()).plan
        feed = wiring.open_feed(plan, 1, SECOND)
        settings = RunSettings(seed=1, cycle_ns=SECOND)
        return play_blocking(plan, feed, settings, wiring.effects(), wiring.curves(), observers)

    return run


class Receiver:
    """An OTLP endpoint: what was sent to it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.paths.append(self.path)
            found.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 likewise
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
