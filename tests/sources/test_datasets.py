"""Finding datasets: shipped ones, folders, single files, and what is said when there is none."""

from __future__ import annotations

import gzip
import hashlib
import json
from importlib import resources
from pathlib import Path

import pytest

from mdsim.core.errors import DataError, MdsimError, UsageError
from mdsim.core.time import MINUTE, format_utc, parse_utc
from mdsim.sources._datasets import Content, describe, find, names
from mdsim.sources._recording import Bars, read

FILE = {"file": "btc.csv", "quote": "USDT", "kind": "bars", "interval": "5m"}


def manifest(folder: Path, **changes: object) -> str:
    """Write a dataset.json and give the folder's path."""
    data: dict[str, object] = {"name": "mine", "about": "a test", "instruments": {"BTC-USDT": FILE}}
    (folder / "dataset.json").write_text(json.dumps(data | changes))
    return str(folder)


def failure(name: str) -> MdsimError:
    """The error that finding raises."""
    with pytest.raises(MdsimError) as caught:
        find(name)
    return caught.value


def test_the_crash_of_august_2024_is_shipped() -> None:
    """Its manifest says what its files hold: range, interval, quote, licence."""
    assert "2024-08-05" in names()
    dataset = find("2024-08-05")
    assert [(i.symbol, i.base, i.quote, i.content, i.interval_ns) for i in dataset.items] == [
        ("BTC-USDT", "BTC", "USDT", Content.BARS, 5 * MINUTE),
        ("ETH-USDT", "ETH", "USDT", Content.BARS, 5 * MINUTE),
    ]
    lows = []
    for item in dataset.items:
        found = read(item.file, item.label, item.interval_ns)
        assert isinstance(found, Bars)
        assert (format_utc(found.first_ns), format_utc(found.end_ns)) == (dataset.start, dataset.end)
        lowest, at = min((row[2], at) for at, row in enumerate(found.rows))
        lows.append((lowest, found.first_ns + at * found.interval_ns))
    assert lows == [
        (49_000.0, parse_utc("2024-08-05T06:20:00Z")),
        (2_111.0, parse_utc("2024-08-05T01:10:00Z")),
    ]
    assert dataset.licence.startswith("MIT")


def test_every_shipped_dataset_reads_clean_and_carries_its_licence() -> None:
    """Files are as the manifest says, and the NOTICE names licence and origin of each."""
    for name in names():
        dataset = find(name)
        assert dataset.name == name
        folder = resources.files("mdsim.datasets") / name
        notice = (folder / "NOTICE").read_text()
        for item in dataset.items:
            assert read(item.file, item.label, item.interval_ns).notes == ()
            assert item.label.removeprefix(f"{name}/") in notice
        assert "Permission is hereby granted" in notice
        assert "Copyright" in notice


def test_the_shipped_files_are_the_ones_that_the_notice_vouches_for() -> None:
    """SHA-256 of the unpacked CSV stands in the NOTICE."""
    notice = (resources.files("mdsim.datasets") / "2024-08-05" / "NOTICE").read_text()
    for item in find("2024-08-05").items:
        assert hashlib.sha256(gzip.decompress(item.file.read_bytes())).hexdigest() in notice


def test_a_description_is_one_line_for_people() -> None:
    """Instruments, kind, range and what it is about."""
    text = describe(find("2024-08-05"))
    assert text.startswith("BTC-USDT (5m bars), ETH-USDT (5m bars), 2024-08-02T00:00:00Z to 2024-08-10")
    assert "crash" in text
    assert "\n" not in text


def test_a_folder_with_a_manifest_is_a_dataset(tmp_path: Path) -> None:
    """A perpetual may be recorded in another currency than its own; a spot pair need not be listed."""
    instruments = {
        "BTC-USD-PERP": FILE | {"kind": "trades"},
        "USDC-USDT": {"file": "c.csv", "quote": "USDT", "kind": "quotes"},
    }
    dataset = find(manifest(tmp_path, instruments=instruments))
    assert [(i.symbol, i.base, i.quote, i.perpetual, i.content) for i in dataset.items] == [
        ("BTC-USD-PERP", "BTC", "USDT", True, Content.TRADES),
        ("USDC-USDT", "USDC", "USDT", False, Content.QUOTES),
    ]
    assert describe(dataset) == "BTC-USD-PERP (5m trades), USDC-USDT (quotes): a test"


@pytest.mark.parametrize(
    ("name", "symbol", "quote"),
    [
        ("BTCUSDT.csv", "BTC-USDT", "USDT"),
        ("binance_spot_ETHUSDT_5m.csv.gz", "ETH-USDT", "USDT"),
        ("btc-usd.csv", "BTC-USD", "USD"),
        ("BTC_USDT_USDT-5m.csv", "BTC-USDT", "USDT"),
        ("binance_um_perp_BTCUSDT_1m.csv", "BTC-USD-PERP", "USDT"),
        ("BTC-USD-PERP.csv", "BTC-USD-PERP", "USD"),
        ("kraken_USDCUSD_1m.csv", "USDC-USD", "USD"),
        ("BTCUSDC.csv", "BTC-USDC", "USDC"),
    ],
)
def test_a_single_file_tells_its_instrument_by_its_name(
    tmp_path: Path, name: str, symbol: str, quote: str
) -> None:
    """As the exports of exchanges and tools are named."""
    (tmp_path / name).write_text("")
    (item,) = find(str(tmp_path / name)).items
    assert (item.symbol, item.quote) == (symbol, quote)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("prices.csv", "does not tell its instrument"),
        ("BTCUSD_ETHUSD.csv", "reads as BTC-USD and as ETH-USD"),
        ("um_perp_ETHUSDT.csv", "reads as ETH-USD-PERP, which mdsim does not know"),
        ("XBTCUSDT.csv", "does not tell its instrument"),
    ],
)
def test_a_file_name_that_tells_nothing_is_refused(tmp_path: Path, name: str, what: str) -> None:
    """With the advice how to name it."""
    (tmp_path / name).write_text("")
    error = failure(str(tmp_path / name))
    assert isinstance(error, UsageError)
    assert (error.code, error.message) == ("MD208", f"the file name '{name}' {what}")
    assert "BTCUSDT_5m.csv" in error.hint


def test_an_unknown_name_gets_a_suggestion() -> None:
    """Or the list of what there is."""
    assert failure("2024-08-5").hint == "did you mean '2024-08-05'?"
    assert failure("moon").hint == "shipped datasets: 2024-08-05; or give a path"
    assert failure("moon").code == "MD204"


def test_a_name_that_no_file_can_have_is_refused_like_any_other() -> None:
    """The system's own complaint is translated."""
    error = failure("x" * 5000)
    assert isinstance(error, UsageError)
    assert error.code == "MD204"


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    """The message says which file is missed."""
    error = failure(str(tmp_path))
    assert error.code == "MD205"
    assert "holds no dataset.json" in error.message


@pytest.mark.parametrize(
    ("changes", "code", "what"),
    [
        ({"instruments": {}}, "MD206", "no instrument is listed"),
        ({"instruments": {"BTC-USDT": {"file": "x.csv"}}}, "MD206", "missing required field 'quote'"),
        ({"instruments": {"BTC-USDT": FILE | {"kind": "candles"}}}, "MD206", "Invalid enum value 'candles'"),
        ({"instruments": {"BTC-USDT": FILE | {"file": "../x.csv"}}}, "MD206", "leaves the folder"),
        ({"instruments": {"BTC-USDT": FILE | {"interval": "5"}}}, "MD206", "interval"),
        ({"instruments": {"BTC-USDT": FILE | {"interval": "1m..2m"}}}, "MD206", "interval"),
        (
            {"instruments": {"BTC-USDT": FILE | {"interval": "0s"}}},
            "MD206",
            "no whole number of milliseconds",
        ),
        ({"instruments": {"BTC-USDTT": FILE}}, "MD207", "is no instrument that mdsim knows"),
        ({"instruments": {"BTC-USDT": FILE | {"quote": "EUR"}}}, "MD207", "impossible quote 'EUR'"),
        ({"instruments": {"BTC-USDT": FILE | {"quote": "BTC"}}}, "MD207", "impossible quote 'BTC'"),
        ({"colour": "red"}, "MD206", "unknown field 'colour'"),
    ],
)
def test_a_broken_manifest_is_told_with_its_place(
    tmp_path: Path, changes: dict[str, object], code: str, what: str
) -> None:
    """Which file, which instrument, what is wrong."""
    error = failure(manifest(tmp_path, **changes))
    assert isinstance(error, DataError)
    assert error.code == code
    assert "dataset.json: " in error.message
    assert what in error.message


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"", b"[]"])
def test_a_manifest_that_is_no_json_object_is_told(tmp_path: Path, raw: bytes) -> None:
    """Never a traceback of the JSON reader."""
    (tmp_path / "dataset.json").write_bytes(raw)
    assert failure(str(tmp_path)).code == "MD206"
