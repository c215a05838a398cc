"""Sources of a configuration become live sources; what cannot be opened is told by ``config check``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import mdsim.cli.main as cli
from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.cli.live_sources import live_sources, source_specs
from mdsim.config.load import load
from mdsim.core.seeds import SeedTree

EXAMPLE = Path(__file__).parent.parent.parent / "config" / "config.example.yaml"
KEYS = {"COINGECKO_API_KEY": "a", "CMC_API_KEY": "b", "BINANCE_API_KEY": "c"}


def test_the_example_s_sources_can_all_be_opened() -> None:
    """Three sources with their terms, in the order of the file; one without its key is left out."""
    settings = load(EXAMPLE.read_bytes(), KEYS, {}, "config.yaml")
    sources = live_sources(settings, lambda: 0, SeedTree(1), ImpairedPipeline, lambda _event: None)
    assert [(terms.name, terms.tier, terms.kind, terms.aggregator) for terms in sources.terms] == [
        ("coingecko", "primary", "poll", True),
        ("coinmarketcap", "secondary", "poll", True),
        ("binance", "exchange_feeds", "stream", False),
    ]
    assert sources.terms[2].symbols == ("BTC-USDT", "ETH-USDT")
    one_key = load(EXAMPLE.read_bytes(), {"BINANCE_API_KEY": "c"}, {}, "config.yaml")
    assert [spec.name for spec in source_specs(one_key)] == ["binance"]


def test_config_check_names_a_source_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that does not exist: exit 3, the code, and the nearest name."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "config.yaml"
    file.write_text(EXAMPLE.read_text("utf-8").replace("name: binance", "name: binanse"), "utf-8")
    result = CliRunner().invoke(cli.app, ["config", "check", str(file)])
    assert result.exit_code == 3
    assert "error[MD610]: there is no provider 'binanse'" in result.stderr
    assert "did you mean binance?" in result.stderr
