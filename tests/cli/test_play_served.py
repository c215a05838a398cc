"""`mdsim play --serve`: a run like any other, and its prices for whoever connects."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import trio
from typer.testing import CliRunner

from mdsim.cli.main import app
from mdsim.client import Client
from mdsim.client.failures import StreamClosedError
from mdsim.core.errors import ExitCode
from mdsim.core.events import Tick
from mdsim.core.serving import MarketEvent

ROOT = Path(__file__).parent.parent.parent
DIP = """\
mdsim: 1
name: dip
baseline: {source: replay, dataset: 2024-08-05, start: 2024-08-05T06:00:00Z}
phases:
  - name: fall
    for: 40s
    reaches: deviation(BTC-USD) < -7%
    steps:
      - move: {symbol: BTC-USD, by: -8%, over: 30s}
expect:
  - deviation(BTC-USD) < -7%
"""
LONG = "mdsim: 1\nname: long\nsteps:\n  - move: {symbol: BTC-USD, by: -8%, over: 1h}\n"


class Playing:
    """A process that plays and serves, its greeting read."""

    def __init__(self, process: subprocess.Popen[str], lines: list[str]) -> None:
        self.process = process
        self.greeting = "".join(lines)
        found = re.search(r"HTTP +http://(127\.0\.0\.1:\d+)", self.greeting)
        assert found is not None, self.greeting or self.rest()
        self.http = found[1]

    def wait_for(self, text: str) -> str:
        """What it writes up to a line that holds a text."""
        assert self.process.stdout is not None
        read = ""
        for line in self.process.stdout:
            read += line
            if text in line:
                return read
        raise AssertionError(f"it ended without {text!r}:\n{read}")

    def rest(self) -> str:
        """What it still writes, up to its end."""
        out, err = self.process.communicate(timeout=30)
        return out or err


Start = Callable[..., AbstractContextManager[Playing]]


@pytest.fixture
def playing(tmp_path: Path) -> Start:
    """``with playing(text, "--linger")``: on free ports, in a folder of its own."""

    @contextmanager
    def start(text: str, *words: str) -> Iterator[Playing]:
        (tmp_path / "it.yaml").write_text(text, "utf-8")
        ports = ("--serve", "--port", "0", "--grpc-port", "0")
        process = subprocess.Popen(
            [sys.executable, "-m", "mdsim", "play", "it.yaml", *ports, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        told = process.stderr if "--json" in words else process.stdout
        try:
            yield Playing(process, [told.readline() for _ in range(5)])
        finally:
            process.kill()
            process.communicate()

    return start


def offline(folder: Path) -> dict[str, object]:
    """The same run, unserved and at once."""
    answer = CliRunner().invoke(app, ["play", str(folder / "it.yaml"), "--json"])
    (run,) = json.loads(answer.stdout)["runs"]
    assert isinstance(run, dict)
    return run


async def read(http: str, lows: list[float], kinds: list[str]) -> None:
    """Note how far prices are from the recorded ones, and what is told of the run, until the stream ends."""
    async with (
        Client(f"http://{http}") as client,
        client.stream(["BTC-USD"], ["tick", "events"]) as stream,
    ):
        async for update in stream:
            event = update.event
            if isinstance(event, Tick):
                lows.append(float(event.price / event.reference) - 1)
            elif isinstance(event, MarketEvent):
                kinds.append(str(event.data["kind"]))


async def test_its_prices_are_streamed_to_the_end_and_are_those_of_the_run(
    playing: Start, tmp_path: Path
) -> None:
    """A reader sees the recorded day fall as planned, until the server says goodbye; the digest is that of
    the same run without readers, and journal and report are written."""
    lows: list[float] = []
    with playing(DIP, "--speed", "20", "--journal", "book", "--report", "page.html") as run:
        assert "plays      dip, 20 times as fast" in run.greeting
        kinds: list[str] = []
        with trio.fail_after(30):
            with pytest.raises(StreamClosedError, match="the server stops") as closed:
                await read(run.http, lows, kinds)
            written = await trio.to_thread.run_sync(run.rest)
        assert run.process.returncode == 0
    assert closed.value.close_code == 1001
    assert min(lows) == pytest.approx(-0.08, abs=1e-4)
    assert lows[-1] == pytest.approx(0, abs=1e-4)
    assert kinds[-1] == "run_ended"
    expected = await trio.to_thread.run_sync(offline, tmp_path)
    assert f"digest  {expected['digest']}" in written
    assert "PASSED" in written
    assert "report  page.html" in written
    assert (tmp_path / "book" / "series.json").is_file()
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_a_market_that_lingers_goes_on_until_it_is_told(playing: Start) -> None:
    """The verdict is out, prices come still, and the exit code is the run's."""
    with playing(DIP, "--speed", "40", "--linger") as run:
        assert "PASSED" in run.wait_for("again   ")
        ticks = [httpx.get(f"http://{run.http}/api/v1/prices/BTC-USD/current").json() for _ in range(2)]
        assert ticks[0]["price"] == ticks[0]["reference"]
        run.process.send_signal(signal.SIGTERM)
        run.rest()
        assert run.process.returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_run_and_server_even_when_it_would_linger(
    playing: Start, number: signal.Signals, code: int
) -> None:
    """Effects are released, the recap is written, and the code tells which signal it was."""
    with playing(LONG, "--linger") as run:
        run.wait_for("move acts on BTC-USD")
        run.process.send_signal(number)
        written = run.rest()
        assert "every effect is released" in written
        assert "ABORTED" in written
        assert run.process.returncode == code


def test_other_playbooks_may_run_on_the_market_that_is_played(playing: Start) -> None:
    """The chaos API is that of a server."""
    with playing(LONG) as run:
        body = {"symbol": "BTC-USD", "shock_percentage": -5, "duration_seconds": 300}
        answer = httpx.post(f"http://{run.http}/chaos/price-shock", json=body)
        assert answer.status_code == 201, answer.text
        ended = httpx.delete(f"http://{run.http}/chaos/stop-all", timeout=20)
        assert [one["scenario_id"] for one in ended.json()["scenarios"]] == [answer.json()["scenario_id"]]
        run.process.send_signal(signal.SIGINT)
        run.rest()
        assert run.process.returncode == 130


def test_stdout_belongs_to_the_document_for_programs(playing: Start) -> None:
    """The greeting goes to stderr."""
    with playing(DIP, "--speed", "40", "--json") as run:
        (told,) = json.loads(run.rest())["runs"]
        assert told["verdict"] == "passed"
        assert run.process.returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--serve", "--server", "http://127.0.0.1:1"), "--serve does not go together with --server"),
        (("--port", "0"), "--port says something about --serve"),
        (("--linger",), "--linger says something about --serve"),
        (("--grpc-port", "1"), "--grpc-port says something about --serve"),
        (("--overlap", "allow"), "--overlap says something about --server"),
        (("--ca", "x.pem"), "--ca says something about --server"),
        (("--server", "http://127.0.0.1:1", "--overlap", "maybe"), "--overlap maybe is neither"),
        (("depeg.yaml", "--serve"), "--serve plays one playbook, and here are 2"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], says: str) -> None:
    """Rather than passed over in silence."""
    answer = CliRunner().invoke(app, ["play", "crash.yaml", *words])
    assert answer.exit_code == ExitCode.USAGE
    assert says in answer.stderr


def test_a_port_that_is_taken_is_told_before_anything_is_played(tmp_path: Path) -> None:
    """With the option that helps, and no journal left half open."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = CliRunner().invoke(
            app, ["play", "crash.yaml", "--serve", "--port", str(port), "--grpc-port", "0"]
        )
    assert answer.exit_code == ExitCode.USAGE
    assert "MD417" in answer.stderr
