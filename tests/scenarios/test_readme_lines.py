"""Every line of the README's chapter on serving works as it stands there, against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdsim.core.time import format_utc

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CHAPTER = README[README.index("## Serve it") : README.index("## Real prices")]
LINES = [
    line.partition("  #")[0].rstrip()
    for block in re.findall(r"^```sh\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
SERVE, PLAY_SERVED = LINES[0], LINES[-1]
MARK = "@@@ "
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass
class Served:
    """A server and what its greeting says."""

    http: str
    grpc: str


def command(folder: Path, *words: str, **options: object) -> subprocess.Popen[str]:
    """A process whose PATH has mdsim, python and grpcurl."""
    tools = {
        "mdsim": f'exec "{sys.executable}" -m mdsim "$@"',
        "python": f'exec "{sys.executable}" "$@"',
        "grpcurl": f'exec "{sys.executable}" "{Path(__file__).with_name("grpcurl.py")}" "$@"',
    }
    for name, line in tools.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    environment = {name: value for name, value in environment.items() if "PROXY" not in name.upper()}
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def place(process: subprocess.Popen[str], lines: int) -> Served:
    """Where a server is, from its greeting."""
    assert process.stdout is not None
    greeting = "".join(process.stdout.readline() for _ in range(lines))
    http = re.search(r"http://(127\.0\.0\.1:\d+)", greeting)
    grpc = re.search(r"gRPC +(127\.0\.0\.1:\d+)", greeting)
    assert http is not None, greeting
    assert grpc is not None, greeting
    return Served(http[1], grpc[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything runs."""
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """What `make serve` starts, on free ports."""
    assert SERVE == "make serve"
    recipe = re.search(r"^serve:.*\n\t\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    process = command(folder, "sh", "-c", f"exec {recipe[1]} --port 0 --grpc-port 0")
    try:
        yield place(process, 4)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def answers(folder: Path, served: Served) -> dict[str, str]:
    """Every line and what it wrote, run one after another in one shell; one that fails ends it.

    The server's address is another here, what goes on for ever ends after a second.
    """
    script = ["set -e"]
    for line in LINES[1:-1]:
        here = line.replace("localhost:8082", served.http).replace("localhost:50053", served.grpc)
        here = re.sub(r"curl (?=-X|'?\d)", "curl -sf ", here)
        here = here.replace("curl -N", "curl -sN --max-time 1").replace("/events", "/events || test $? = 28")
        here = here.replace("mdsim watch", "mdsim watch -n 4 --server http://" + served.http)
        here = here.replace("python -m websockets", "sleep 0.7 | timeout 5 python -m websockets")
        quoted = line.replace("'", "'\\''")
        script += [f"echo; echo '{MARK}{quoted}'", here]
    process = command(folder, "sh", "-c", "\n".join(script))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out[-2_000:] + err
    parts = (part.partition("\n") for part in out.split(MARK)[1:])
    return {line: text.strip() for line, _, text in parts}


def of(answers: dict[str, str], *parts: str) -> str:
    """What the one line wrote that holds these parts."""
    (found,) = [text for line, text in answers.items() if all(part in line for part in parts)]
    return found


def test_every_line_was_run(answers: dict[str, str]) -> None:
    """None was skipped, and each has something to say."""
    assert list(answers) == LINES[1:-1]
    assert [line for line, text in answers.items() if not text and not line.startswith("RUN=")] == []


def test_prices_book_and_history_answer(answers: dict[str, str]) -> None:
    """As one expects of them."""
    assert json.loads(of(answers, "/health"))["status"] == "ok"
    price = json.loads(of(answers, "/current"))
    assert float(price["bid"]) <= float(price["price"]) <= float(price["ask"])
    book = json.loads(of(answers, "/orderbook/"))
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    ticks = json.loads(of(answers, "/history"))["ticks"]
    assert 1 <= len(ticks) <= 10


def test_streams_show_prices(answers: dict[str, str]) -> None:
    """In the terminal, over a foreign WebSocket client and over gRPC by reflection."""
    shown = of(answers, "mdsim watch").splitlines()
    assert len(shown) == 4
    assert {line.split()[1] for line in shown} == {"BTC-USD", "ETH-USD"}
    assert '"type":"tick"' in of(answers, "websockets")
    price = json.loads(of(answers, "grpcurl"))
    assert price["symbol"] == "BTC-USD"
    assert float(price["bid"]) < float(price["ask"])


def test_a_shock_runs_is_followed_and_stopped(answers: dict[str, str]) -> None:
    """Its events come as they happen, and the stop releases it."""
    started = json.loads(of(answers, "/chaos/price-shock"))
    assert started["state"] == "running"
    assert "event: effect_started" in of(answers, "/events")
    stopped = json.loads(of(answers, "stop-scenario"))
    assert (stopped["scenario_id"], stopped["state"]) == (started["scenario_id"], "ended")


def test_a_playbook_plays_on_the_server(answers: dict[str, str]) -> None:
    """And the last line finds nothing that is left to stop."""
    assert "PASSED" in of(answers, "mdsim play")
    assert json.loads(of(answers, "stop-all"))["scenarios"] == []


def test_a_playbook_serves_its_own_market(folder: Path) -> None:
    """The last line of the chapter, but for the ports."""
    assert "--serve" in PLAY_SERVED
    process = command(folder, "sh", "-c", f"exec {PLAY_SERVED} --port 0 --grpc-port 0")
    try:
        assert process.stdout is not None
        assert "shipped library" in process.stdout.readline()
        here = place(process, 4)
        asked = command(folder, "curl", "-sf", f"http://{here.http}/api/v1/prices/BTC-USD/current")
        price = json.loads(asked.communicate(timeout=10)[0])
        assert format_utc(price["ts_event_ns"]).startswith("2024-08-05T")
    finally:
        process.kill()
        process.communicate()
