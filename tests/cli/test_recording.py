"""``mdsim record`` against doubles of the providers: what it writes, says and leaves."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from typer.testing import CliRunner

import mdsim.cli.main as cli
from mdsim import testkit
from mdsim.cli.recording import Recorder
from mdsim.config.load import load
from mdsim.config.settings import Settings
from mdsim.core.errors import UnavailableError
from mdsim.core.time import SECOND
from mdsim.replays.reader import Recording
from mdsim.testkit.market import Market


def settings_of(binance: str, kraken: str) -> Settings:
    text = f"""
data_sources:
  exchange_feeds:
    - {{name: binance, type: websocket, url: "{binance}", priority: 1, symbols: [BTC-USDT]}}
    - {{name: kraken, type: websocket, url: "{kraken}", priority: 2, symbols: [BTC-USD]}}
"""
    return load(text.encode(), {}, {}, "config.yaml")


async def test_a_recording_holds_what_came_and_ends_cleanly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every message of both doubles, connections opened and closed, the last line; and it says how much."""
    market, line = Market.scripted(), io.StringIO()
    path = tmp_path / "two.ndjson.gz"
    async with testkit.binance(market) as binance, testkit.kraken(market) as kraken:
        recorder = Recorder(settings_of(binance.url, kraken.url), path, line, redraw=False)
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(recorder.run, None)
                while min(recorder.messages.values()) < 10:  # noqa: ASYNC110  # what comes is no event
                    await trio.sleep(0.01)
                recorder.stop()
    found = Recording(path).survey()
    assert found.messages == recorder.messages
    assert found.complete
    kinds = [(one.source, one.kind) for one in Recording(path).lines() if one.kind in ("open", "close")]
    assert sorted(kinds) == [
        ("binance", "close"), ("binance", "open"), ("kraken", "close"), ("kraken", "open")
    ]  # fmt: skip
    assert line.getvalue().startswith("+00:00:00  binance 0")
    told = capsys.readouterr().out
    assert told.startswith("recorded ")
    assert f"{recorder.messages['binance']:,} of binance, {recorder.messages['kraken']:,} of kraken" in told


async def test_sources_that_nobody_answers_for_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left is a whole file, and a reason for each."""
    path = tmp_path / "none.ndjson"
    nobody = "ws://127.0.0.1:1/ws"
    recorder = Recorder(settings_of(nobody, nobody), path, None, redraw=False)
    with pytest.raises(UnavailableError, match="no source sent anything") as caught:
        await recorder.run(SECOND // 5)
    assert caught.value.code == "MD658"
    assert Recording(path).survey().complete
    assert (
        "nothing came from kraken: all attempts to connect to 127.0.0.1:1 failed" in capsys.readouterr().err
    )


def test_without_sources_there_is_nothing_to_record(tmp_path: Path) -> None:
    """A simulated market needs no recording."""
    result = CliRunner().invoke(cli.app, ["record", "--out", str(tmp_path / "x.ndjson")])
    assert (result.exit_code, "MD657" in result.stderr) == (2, True)


def test_an_old_recording_is_left_alone(tmp_path: Path) -> None:
    """Before anything is connected."""
    path = tmp_path / "old.ndjson"
    path.write_text("precious")
    config = tmp_path / "config.yaml"
    config.write_text(
        "data_sources:\n  exchange_feeds:\n"
        "    - {name: kraken, type: websocket, url: ws://127.0.0.1:1/v2, priority: 1}\n"
    )
    result = CliRunner().invoke(cli.app, ["record", "--config", str(config), "--out", str(path)])
    assert (result.exit_code, "MD659" in result.stderr) == (2, True)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("length", ["soon", "0s", "10s..20s"])
def test_a_length_that_is_none_is_refused(tmp_path: Path, length: str) -> None:
    """With the option's name."""
    words = ["record", "--out", str(tmp_path / "x.ndjson"), "--for", length]
    result = CliRunner().invoke(cli.app, words)
    assert (result.exit_code, "MD336" in result.stderr, "--for" in result.stderr) == (2, True, True)


def test_a_playbook_runs_on_a_recording_and_again_byte_for_byte(
    tmp_path: Path, write_recording: Callable[..., Path], recorded_rows: Callable[..., list[object]]
) -> None:
    """Two processes would do the same: the digest of the ticks and the journal are equal."""
    recording = write_recording(recorded_rows(120))
    playbook = tmp_path / "on.yaml"
    playbook.write_text(
        f"mdsim: 1\nname: on\nbaseline: {{source: recording, dataset: {recording}, cycle: 500ms}}\n"
        "phases:\n  - name: dip\n    for: 30s\n    steps:\n"
        "      - move: {symbol: BTC-USDT, by: -5%, over: 10s}\n"
        "      - feed: {source: binance, loss: 50%, for: 10s}\n"
    )
    journals = []
    for run in ("a", "b"):
        result = CliRunner().invoke(cli.app, ["play", str(playbook), "--journal", str(tmp_path / run)])
        assert result.exit_code == 0, result.stderr
        assert "prices are those that binance sent from 2023-11-14T22:13:20Z" in " ".join(
            result.stdout.split()
        )
        journals.append((tmp_path / run / "journal.jsonl").read_bytes())
    assert journals[0] == journals[1]
    assert b'"loss"' in journals[0]


REFUSED = [
    ("start: 2023-11-14T22:00Z", "MD656", "lies outside what"),
    ("start: 2023-11-14T22:15:19Z", "MD656", "are recorded"),
]


@pytest.mark.parametrize(("start", "code", "says"), REFUSED)
def test_a_run_that_does_not_fit_into_its_recording_is_refused(
    tmp_path: Path,
    write_recording: Callable[..., Path],
    recorded_rows: Callable[..., list[object]],
    start: str,
    code: str,
    says: str,
) -> None:
    """Before the first price, or past the last."""
    recording = write_recording(recorded_rows(120))
    playbook = tmp_path / "on.yaml"
    playbook.write_text(
        f"mdsim: 1\nname: on\nbaseline: {{source: recording, dataset: {recording}, {start}}}\n"
        "steps:\n  - move: {symbol: BTC-USDT, by: -5%, over: 10s}\n"
    )
    result = CliRunner().invoke(cli.app, ["play", str(playbook)])
    assert (result.exit_code, code in result.stderr) == (2, True)
    assert says in result.stderr


def test_an_instrument_that_is_not_in_the_recording_is_named(
    tmp_path: Path, write_recording: Callable[..., Path], recorded_rows: Callable[..., list[object]]
) -> None:
    """With those that are."""
    recording = write_recording(recorded_rows(20))
    playbook = tmp_path / "on.yaml"
    playbook.write_text(
        f"mdsim: 1\nname: on\nbaseline: {{source: recording, dataset: {recording}}}\n"
        "steps:\n  - move: {symbol: ETH-USD, by: -5%, over: 1s}\n"
    )
    result = CliRunner().invoke(cli.app, ["play", str(playbook)])
    assert result.exit_code == 4
    assert "tells nothing of ETH-USD" in result.stderr
    assert "it tells USDT-BTC, BTC-USDT" in result.stderr
