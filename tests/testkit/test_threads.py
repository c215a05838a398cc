"""Doubles and served markets in threads, for suites that know no trio; the pytest plugin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest

from mdsim import testkit
from mdsim.testkit.market import Market
from mdsim.testkit.threads import in_thread

SUITE = """
import httpx


def test_a_double(mdsim_binance, mdsim_prices):
    mdsim_prices.set("BTC", "50000")
    mdsim_binance.faults.start("storm_429")
    path = mdsim_binance.rest_url + "/api/v3/ticker/price?symbol=BTCUSDT"
    assert httpx.get(path).status_code == 429
    mdsim_binance.faults.stop("storm_429")
    assert httpx.get(path).status_code == 200
    assert len(mdsim_binance.requests) == 2


def test_all_doubles(mdsim_coinbase, mdsim_kraken, mdsim_coingecko, mdsim_coinmarketcap):
    assert httpx.get(mdsim_coinbase.rest_url + "/time").json()["epoch"]
    assert httpx.get(mdsim_kraken.rest_url + "/Time").json()["error"] == []
    assert httpx.get(mdsim_coingecko.url + "/ping").status_code == 200
    assert httpx.get(mdsim_coinmarketcap.url + "/v1/key/info").status_code == 401


def test_a_market(mdsim_market):
    quote = httpx.get(mdsim_market.url + "/api/v1/prices/BTC-USD/current").json()
    assert quote["state"] == "LIVE"
    assert mdsim_market.ws_url.startswith("ws://127.0.0.1:")
    assert "BTC-USD" in mdsim_market.symbols
"""


def test_the_plugin_s_fixtures_serve_a_suite_of_somebody_else(tmp_path: Path) -> None:
    """A synchronous suite with nothing but pytest and a client uses every fixture."""
    (tmp_path / "test_theirs.py").write_text(SUITE, "utf-8")
    installed = entry_points(group="pytest11", name="mdsim")
    flags = [] if installed else ["-p", "mdsim.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path), *flags]
    # From the project's folder, so that it is found where it is not installed.
    done = subprocess.run(
        [*command, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_a_double_in_a_thread() -> None:
    """It serves while the block runs, and not after it; faults may be started from here."""
    with in_thread(lambda: testkit.coinbase(Market.scripted())) as double:
        assert httpx.get(f"{double.rest_url}/time").status_code == 200
        double.faults.start("server_shutdown", 0)
        address = double.rest_url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/time")


def test_what_goes_wrong_at_the_start_is_raised_here() -> None:
    """With its own type."""

    def broken() -> AbstractAsyncContextManager[int]:
        raise LookupError("no port left")

    with pytest.raises(LookupError, match="no port"), in_thread(broken):
        pytest.fail("it never starts")


def test_what_goes_wrong_at_the_end_is_raised_too() -> None:
    """An error of the thread is not lost."""

    @asynccontextmanager
    async def broken() -> AsyncIterator[int]:
        yield 7
        raise LookupError("it fell over")

    with pytest.raises(LookupError, match="fell over"), in_thread(broken) as value:
        assert value == 7
