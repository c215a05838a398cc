"""`mdsim play --server` against a real server with a certificate of its own."""

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
from typer.testing import CliRunner, Result

from mdsim.cli.main import app
from mdsim.core.errors import ExitCode

ROOT = Path(__file__).parent.parent.parent
DIP = """\
mdsim: 1
name: dip
phases:
  - name: fall
    for: 20s
    reaches: deviation(BTC-USD) < -4%
    steps:
      - move: {symbol: BTC-USD, by: -5%, over: 10s}
      - wait: 5s
"""
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@dataclass
class Bench:
    """A server and the certificate that it shows."""

    url: str
    certificate: Path

    def play(self, *words: str) -> Result:
        """Play the dip there, trusting its certificate."""
        trust = ("--ca", str(self.certificate))
        return CliRunner().invoke(app, ["play", "dip.yaml", "--server", self.url, *trust, *words])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server for the module, on free ports."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    words = ("--port", "0", "--grpc-port", "0", "--tls-cert", str(certificate), "--tls-key", str(key))
    process = subprocess.Popen(
        [sys.executable, "-m", "mdsim", "serve", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    greeting = "".join(process.stdout.readline() for _ in range(2))
    found = re.search(r"https://\S+:(\d+)", greeting)
    assert found is not None, greeting
    yield Bench(f"https://localhost:{found[1]}", certificate)
    process.kill()
    process.communicate()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the playbook, to be in; nothing of the environment speaks into it."""
    (tmp_path / "dip.yaml").write_text(DIP, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def test_the_recap_tells_what_prices_did(bench: Bench) -> None:
    """The table holds the fall and the way back, with scenario times, as the stream showed them."""
    answer = bench.play("--speed", "10", "--json")
    assert answer.exit_code == ExitCode.PASSED, answer.stderr
    (run,) = json.loads(answer.stdout)["runs"]
    (seen,) = run["symbols"]
    assert seen["symbol"] == "BTC-USD"
    assert float(seen["low"]) / float(seen["first"]) == pytest.approx(0.95, abs=0.002)
    assert 9 <= seen["low_at_ns"] / 1e9 <= 20
    assert "prices are those that this reader saw on the server's stream" in run["notes"]
    assert run["again"].endswith(f"--server {bench.url} --speed 10")


def test_journal_series_and_page_are_written_here(bench: Bench, folder: Path) -> None:
    """As for a run of one's own; the page can be drawn again from the journal."""
    answer = bench.play("--speed", "20", "--journal", "book", "--report", "page.html")
    assert answer.exit_code == ExitCode.PASSED, answer.stderr
    kinds = [
        json.loads(line)["entry"] for line in (folder / "book" / "journal.jsonl").read_text().splitlines()
    ]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")
    (track,) = json.loads((folder / "book" / "series.json").read_text())["tracks"]
    lowest = min(
        price / reference for price, reference in zip(track["price"], track["reference"], strict=True)
    )
    assert lowest == pytest.approx(0.95, abs=0.001)
    assert track["at_ns"] == sorted(track["at_ns"])
    assert "BTC-USD" in (folder / "page.html").read_text("utf-8")
    assert CliRunner().invoke(app, ["report", "book"]).exit_code == ExitCode.PASSED


def test_a_run_on_the_same_instrument_is_refused_unless_it_is_allowed(bench: Bench) -> None:
    """--overlap says which."""
    (folder := Path("long.yaml")).write_text(DIP.replace("by: -5%, over: 10s", "by: -1%, over: 1h"), "utf-8")
    trust = ("--server", bench.url, "--ca", str(bench.certificate))
    command = [sys.executable, "-m", "mdsim", "play", str(folder), *trust]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        while "move acts on" not in holder.stdout.readline():
            assert holder.poll() is None
        refused = bench.play("--speed", "20")
        allowed = bench.play("--speed", "20", "--overlap", "allow", "--quiet")
        holder.terminate()
        holder.communicate(timeout=20)
    assert refused.exit_code == ExitCode.LIMIT
    assert "MD351" in refused.stderr
    assert allowed.exit_code == ExitCode.PASSED, allowed.stderr
    assert holder.returncode == ExitCode.TERMINATED


def test_the_environment_may_name_the_certificate(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE is OpenSSL's own word for it."""
    words = ["runs", "list", "--server", bench.url]
    assert CliRunner().invoke(app, words).exit_code == ExitCode.BENCH_BROKE
    monkeypatch.setenv("SSL_CERT_FILE", str(bench.certificate))
    assert CliRunner().invoke(app, words).stdout == "nothing runs\n"


def test_a_certificate_that_nobody_trusts_is_told_with_the_cure(bench: Bench) -> None:
    """No other server is guessed at."""
    answer = CliRunner().invoke(app, ["play", "dip.yaml", "--server", bench.url])
    assert answer.exit_code == ExitCode.BENCH_BROKE
    assert "certificate" in answer.stderr
    assert "--ca" in answer.stderr


@pytest.mark.parametrize("verb", [("watch",), ("runs", "list"), ("play", "dip.yaml")])
def test_every_verb_takes_certificates(bench: Bench, verb: tuple[str, ...]) -> None:
    """And refuses a file that holds none."""
    Path("none.pem").write_text("no certificate", "utf-8")
    for file, says in (("none.pem", "holds no certificate"), ("missing.pem", "cannot read missing.pem")):
        answer = CliRunner().invoke(app, [*verb, "--server", bench.url, "--ca", file])
        assert answer.exit_code == ExitCode.USAGE
        assert "MD585" in answer.stderr
        assert says in answer.stderr
