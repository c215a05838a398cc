"""Sources of a configuration become live sources; what cannot be opened is told by ``config check``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import mdsim.cli.main as cli
from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.cli.live_sources import live_sources, source_specs, unopenable
from mdsim.config.findings import ConfigError
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
    """A provider that does not exist, one that is not read so, one without its key: all at their places."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "config.yaml"
    file.write_text(EXAMPLE.read_text("utf-8").replace("name: binance", "name: binanse"), "utf-8")
    result = CliRunner().invoke(cli.app, ["config", "check", str(file)])
    assert result.exit_code == 3
    line = next(at for at, text in enumerate(file.read_text("utf-8").splitlines(), 1) if "binanse" in text)
    assert f"{file}:{line}:13: error[MD610]: there is no provider 'binanse'" in result.stdout
    assert "did you mean binance?" in result.stdout
    assert "1 error" in result.stdout
    assert "no problems" not in result.stdout
    several = (
        "data_sources:\n  primary:\n"
        "    - {name: coingeko, type: rest_api, url: 'https://a.example'}\n"
        "    - {name: coingecko, type: websocket, url: 'wss://a.example'}\n"
        "    - {name: coinmarketcap-2, type: rest_api, url: 'https://a.example'}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(several, {}, {}, "c.yaml", unopenable)
    told = [
        f"{item.place} {item.problem.code}"
        for sheet in caught.value.sheets
        for item in sheet.diagnostics
        if not item.problem.warning
    ]
    assert told == ["c.yaml:3:14 MD610", "c.yaml:4:31 MD611", "c.yaml:5:14 MD614"]
