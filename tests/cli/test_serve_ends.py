"""How a server ends, and what comes after: drained, killed, made up requests, a terminal that watches it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trio

from mdsim.client import Client
from mdsim.client.failures import StreamClosedError
from mdsim.client.stream import Stream
from mdsim.core.serving import MarketEvent

ROOT = Path(__file__).parent.parent.parent
SETTINGS = ROOT / "tests" / "api" / "schemathesis.toml"
CRASH = {"crash_percentage": 20, "crash_duration_minutes": 5}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@dataclass
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    url: str


Start = Callable[..., AbstractContextManager[Served]]


@pytest.fixture
def serving(tmp_path: Path) -> Start:
    """``with serving("--port", "8000")``: free ports unless told."""

    @contextmanager
    def start(*words: str) -> Iterator[Served]:
        words = words or ("--port", "0", "--grpc-port", "0")
        process = subprocess.Popen(
            [sys.executable, "-m", "mdsim", "serve", "--log-level", "error", *words],
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            greeting = "".join(process.stdout.readline() for _ in range(4))
            ports = re.findall(r"127\.0\.0\.1:(\d+)", greeting)
            assert ports, greeting or process.communicate()[1]
            yield Served(process, f"http://127.0.0.1:{ports[0]}")
        finally:
            process.kill()
            process.communicate()

    return start


async def read(stream: Stream, kinds: Counter[object]) -> None:
    """Count what is told of runs, until the stream ends."""
    async for update in stream:
        if isinstance(update.event, MarketEvent):
            kinds[update.event.data["kind"]] += 1


def quiet_ports() -> tuple[int, int]:
    """Two free ports that the system does not hand out by itself, so that nobody takes them meanwhile."""
    found: list[int] = []
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == 2:
            break
    return found[0], found[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains(serving: Start, number: signal.Signals) -> None:
    """A run is ended and told so, a WebSocket is closed with 1001, and the exit code is 0."""
    with serving() as served:
        async with Client(served.url) as client, client.stream(["BTC-USD"], ["tick", "events"]) as stream:
            await trio.to_thread.run_sync(
                lambda: httpx.post(f"{served.url}/chaos/market-crash", json=CRASH).raise_for_status()
            )
            served.process.send_signal(number)
            kinds: Counter[object] = Counter()
            with trio.fail_after(20), pytest.raises(StreamClosedError) as closed:
                await read(stream, kinds)
        assert await trio.to_thread.run_sync(served.process.wait, 20) == 0
    assert closed.value.close_code == 1001
    assert kinds["run_ended"] == 1


def test_a_killed_server_leaves_nothing_in_the_way(serving: Start, tmp_path: Path) -> None:
    """After kill -9 in the middle of a run the same ports serve again at once, and no file is left."""
    port, grpc_port = map(str, quiet_ports())
    ports = ("--port", port, "--grpc-port", grpc_port)
    with serving(*ports) as served:
        httpx.post(f"{served.url}/chaos/market-crash", json=CRASH).raise_for_status()
        served.process.kill()
        assert served.process.wait(10) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
    with serving(*ports) as again:
        assert httpx.get(f"{again.url}/health").json()["status"] == "ok"
        assert httpx.get(f"{again.url}/chaos/active-scenarios").json()["scenarios"] == []


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_watch_draws_a_table_that_follows_prices(serving: Start) -> None:
    """On a terminal the lines are drawn again in place; Ctrl-C ends it and gives the cursor back."""
    with serving() as served:
        leader, follower = os.openpty()
        terminal = {key: value for key, value in ENVIRONMENT.items() if key not in ("CI", "NO_COLOR")}
        words = ("watch", "BTC-USD", "ETH-USD", "--interval", "100ms", "--server", served.url)
        process = subprocess.Popen(
            [sys.executable, "-m", "mdsim", *words],
            env={**terminal, "TERM": "xterm-256color", "COLUMNS": "120"},
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        with closing(os.fdopen(leader, "rb", buffering=0)) as screen:
            shown = b""
            while shown.count(b"ETH-USD") < 4:
                shown += screen.read(65_536)
            process.send_signal(signal.SIGINT)
            try:
                while part := screen.read(65_536):
                    shown += part
            except OSError:  # what Linux says when the other side is closed
                pass
        assert process.wait(20) == 130
    text = shown.decode()
    assert "▁" in text
    assert "\x1b[1A" in text  # up again, over the table drawn before
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l") > -1
    assert "Traceback" not in text


def test_no_made_up_request_finds_a_difference_from_the_document(serving: Start) -> None:
    """The whole server with its market and runs: no 500, nothing unpromised, and it still serves."""
    pytest.importorskip("schemathesis")
    with serving() as served:
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("--config-file", str(SETTINGS), "run", f"{served.url}/openapi.json"),
                *("--max-examples", "1", "--phases", "examples,fuzzing", "--seed", "1"),
                *("--generation-database", "none", "--request-timeout", "20", "--no-color"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout[-4_000:]
        moments = [httpx.get(f"{served.url}/health").json()["market_time_ns"]]
        while len(moments) < 2:
            now_ns = httpx.get(f"{served.url}/health").json()["market_time_ns"]
            moments += [now_ns] if now_ns > moments[0] else []
        httpx.delete(f"{served.url}/chaos/stop-all", timeout=30).raise_for_status()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
