"""Reading recordings: what is good comes through exactly, what is bad is named with its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.errors import DataError
from mdsim.core.time import MINUTE, MS, SECOND
from mdsim.sources import _text
from mdsim.sources._recording import Bars, Events, read

T0 = 1_722_816_000_000
BARS = "timestamp_ms,open,high,low,close,volume\n"


class Memory:
    """A file that exists only as bytes."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def read_bytes(self) -> bytes:
        return self._raw


def load(text: str | bytes, interval_ns: int | None = None) -> Bars | Events:
    """Read a recording from text."""
    return read(Memory(text if isinstance(text, bytes) else text.encode()), "rec.csv", interval_ns)


def bars(*rows: str) -> str:
    """Bars a minute apart from ``open,high,low,close`` texts."""
    return BARS + "".join(f"{T0 + at * 60_000},{row},1\n" for at, row in enumerate(rows))


def test_bars_come_through_exactly() -> None:
    """Every number as written, the interval from the stamps."""
    found = load(bars("100.5,102,99.25,101", "101,103,100,102"))
    assert found == Bars("rec.csv", T0 * MS, MINUTE, [(100.5, 102, 99.25, 101), (101, 103, 100, 102)])
    assert found.end_ns == T0 * MS + 2 * MINUTE


def test_trades_may_share_a_stamp() -> None:
    """Several trades in one millisecond are normal."""
    found = load(f"timestamp_ms,price,qty,side\n{T0},100,1,buy\n{T0},101,2,sell\n{T0 + 5},102,1,buy\n")
    assert found == Events("rec.csv", [T0 * MS, T0 * MS, (T0 + 5) * MS], [100, 101, 102])
    assert (found.first_ns, found.end_ns) == (T0 * MS, (T0 + 5) * MS)


def test_a_quote_is_worth_its_mid() -> None:
    """Columns are found by name, in any order; others are passed over."""
    found = load(f"ask,bid,timestamp_ms,note\n101,99,{T0},x_1\n103,103,{T0 + 1},\n")
    assert isinstance(found, Events)
    assert found.prices == [100, 103]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode() + b"\n \n",
        lambda text: text.rstrip().encode(),
        lambda text: text.replace(",", " , ").encode(),
        lambda text: gzip.compress(text.encode()),
    ],
    ids=["crlf", "bom", "blank end", "no last newline", "spaces", "gzip"],
)
def test_harmless_differences_of_text_are_harmless(change: object) -> None:
    """Line ends, byte order marks, spaces and compression do not change what is read."""
    text = bars("100,102,99,101", "101,103,100,102")
    assert callable(change)
    assert load(change(text)) == load(text)


def test_a_silence_of_trades_is_told_not_refused() -> None:
    """Trades have no fixed interval, so over an hour without one is worth a note only."""
    found = load(f"timestamp_ms,price\n{T0},100\n{T0 + 3_600_001},101\n{T0 + 11_000_000},102\n")
    assert found.notes == (
        "rec.csv is silent for over an hour 2 time(s), longest for 2h3m19s999ms"
        " from 2024-08-05T01:00:00.001Z; the last price holds meanwhile",
    )


WRONG: list[tuple[str, str | bytes, str, str, str]] = [
    ("empty", "", "MD213", "rec.csv:1: the file is empty", "record it again"),
    ("blank", "\n \n", "MD213", "rec.csv:1: the file is empty", "record it again"),
    ("header alone", BARS, "MD213", "rec.csv:1: the recording has a header and no rows", "record it again"),
    ("binary", b"timestamp_ms,price\n1,\x00\n", "MD211", "rec.csv:2: this is not plain text", "CSV text"),
    ("latin-1", "timestamp_ms,price\n1,£3\n", "MD211", "rec.csv:2: this is not plain text", "CSV text"),
    (
        "gzip cut off",
        gzip.compress(bars("1,1,1,1", "1,1,1,1").encode())[:-12],
        "MD212",
        "rec.csv: the gzip data is cut off or damaged",
        "gzip -t",
    ),
    (
        "gzip damaged",
        b"\x1f\x8b" + b"?" * 40,
        "MD212",
        "rec.csv: the gzip data is cut off or damaged",
        "gzip -t",
    ),
    (
        "no header",
        f"{T0},1,1,1,1,1\n",
        "MD214",
        "rec.csv:1: the header is missing: the first line is data",
        "timestamp_ms,open,high,low,close",
    ),
    (
        "closes only",
        "timestamp_ms,close,volume\n1,2,3\n",
        "MD214",
        "rec.csv:1: 'timestamp_ms,close,volume' is no header of a recording",
        "timestamp_ms,price",
    ),
    (
        "too few columns",
        bars("100,102,99,101") + f"{T0 + 60_000},101,10",
        "MD215",
        "rec.csv:3: the header names 6 columns, this line has 3",
        "cut off",
    ),
    (
        "too many columns",
        bars("100,102,99,101,7"),
        "MD215",
        "rec.csv:2: the header names 6 columns, this line has 7",
        "cut off",
    ),
    (
        "blank line inside",
        bars("1,1,1,1") + "\n" + f"{T0 + 60_000},1,1,1,1,1",
        "MD215",
        "rec.csv:3: the header names 6 columns, this line has 1",
        "cut off",
    ),
    ("a word", bars("100,x,99,101"), "MD216", "rec.csv:2: high 'x' is not a number", "49000.5"),
    ("nothing", bars("100,,99,101"), "MD216", "rec.csv:2: high '' is not a number", "49000.5"),
    ("a comma", bars('"1,000",1,1'), "MD216", "rec.csv:2: open '\"1' is not a number", "49000.5"),
    ("NaN", bars("100,102,NaN,101"), "MD216", "rec.csv:2: low 'NaN' is not a finite number", "remove"),
    ("infinity", bars("100,inf,99,101"), "MD216", "rec.csv:2: high 'inf' is not a finite number", "remove"),
    ("too large", bars("1,1e999,1,1"), "MD216", "rec.csv:2: high '1e999' is not a finite number", "remove"),
    ("underscore", bars("1,1_0,1,1"), "MD216", "rec.csv:2: high '1_0' is not a number", "49000.5"),
    ("zero", bars("100,102,0,101"), "MD217", "rec.csv:2: low '0' is no price", "remove"),
    ("negative", bars("-1,102,99,101"), "MD217", "rec.csv:2: open '-1' is no price", "remove"),
    ("high below low", bars("100,98,99,100"), "MD218", "rec.csv:2: high 98 is below low 99", "highest"),
    ("open outside", bars("103,102,99,101"), "MD218", "rec.csv:2: open 103 lies outside 99..102", "highest"),
    ("close outside", bars("100,102,99,98"), "MD218", "rec.csv:2: close 98 lies outside 99..102", "highest"),
    (
        "seconds",
        "timestamp_ms,price\n1722816000,5\n",
        "MD219",
        "rec.csv:2: timestamp_ms '1722816000' is no time in milliseconds",
        "multiply by 1000",
    ),
    (
        "microseconds",
        "timestamp_ms,price\n1722816000000000,5\n",
        "MD219",
        "rec.csv:2: timestamp_ms '1722816000000000' is no time in milliseconds",
        "divide",
    ),
    (
        "a fraction of time",
        f"timestamp_ms,price\n{T0}.5,5\n",
        "MD216",
        f"rec.csv:2: timestamp_ms '{T0}.5' is not a whole number of milliseconds since 1970",
        "1722816000000",
    ),
    (
        "repeated bar",
        f"{bars('1,1,1,1')}{T0},1,1,1,1,1\n",
        "MD220",
        "rec.csv:3: 2024-08-05T00:00:00Z repeats the line before (2024-08-05T00:00:00Z)",
        "sort",
    ),
    (
        "bar back in time",
        f"{bars('1,1,1,1', '1,1,1,1')}{T0},1,1,1,1,1\n",
        "MD220",
        "rec.csv:4: 2024-08-05T00:00:00Z goes back in time (2024-08-05T00:01:00Z)",
        "sort",
    ),
    (
        "trade back in time",
        f"timestamp_ms,price\n{T0},5\n{T0 - 1},5\n",
        "MD220",
        "rec.csv:3: 2024-08-04T23:59:59.999Z goes back in time (2024-08-05T00:00:00Z)",
        "sort",
    ),
    (
        "gap",
        f"{bars('1,1,1,1', '1,1,1,1')}{T0 + 240_000},1,1,1,1,1\n",
        "MD221",
        "rec.csv:4: 2 bar(s) of 1m are missing between 2024-08-05T00:01:00Z and 2024-08-05T00:04:00Z",
        "fill the gap",
    ),
    (
        "off the grid",
        f"{bars('1,1,1,1', '1,1,1,1')}{T0 + 150_000},1,1,1,1,1\n",
        "MD221",
        "rec.csv:4: 2024-08-05T00:02:30Z is no whole number of 1m bars after 2024-08-05T00:01:00Z",
        "one grid",
    ),
    (
        "crossed",
        f"timestamp_ms,bid,ask\n{T0},101,100\n",
        "MD222",
        "rec.csv:2: bid 101 is above ask 100",
        "crossed",
    ),
    (
        "one bar",
        bars("1,1,1,1"),
        "MD224",
        "rec.csv:2: one bar alone does not tell its length",
        "dataset.json",
    ),
]


@pytest.mark.parametrize(("name", "text", "code", "message", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_line_and_remedy(
    name: str, text: str | bytes, code: str, message: str, hint: str
) -> None:
    """File, line, what, and what to do; never a traceback."""
    with pytest.raises(DataError) as caught:
        load(text)
    assert caught.value.code == code, name
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_given_interval_stands_in_for_a_second_bar() -> None:
    """A manifest may say how long a bar is; then one bar is a recording."""
    found = load(bars("1,1,1,1"), interval_ns=MINUTE)
    assert found.end_ns - found.first_ns == MINUTE


def test_a_given_interval_is_checked_against_the_stamps() -> None:
    """Five-minute bars declared, one-minute bars found."""
    with pytest.raises(DataError, match="is no whole number of 5m bars after"):
        load(bars("1,1,1,1", "1,1,1,1"), interval_ns=300 * SECOND)


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    """By the name that the user gave."""
    for path, what in ((tmp_path / "none.csv", "there is no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(DataError) as caught:
            read(path, "mine.csv")
        assert caught.value.code == "MD210"
        assert caught.value.message.startswith(f"mine.csv: {what}")


def test_a_gzip_bomb_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to more than the limit is refused, having unpacked no more than that."""
    monkeypatch.setattr(_text, "BYTES_MAX", 1024 * 1024)
    with pytest.raises(DataError, match="over 1 MiB of text") as caught:
        load(gzip.compress(b"0" * 4_000_000))
    assert caught.value.code == "MD223"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    header=st.sampled_from([BARS.strip(), "timestamp_ms,price", "timestamp_ms,bid,ask", ""]),
    body=st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.lists(
                st.sampled_from(["1", "0", "nan", "-3", str(T0), "", "x", "1e309", "9" * 400]), max_size=7
            ),
            max_size=4,
        ).map(lambda rows: "\n".join(",".join(row) for row in rows).encode()),
    ),
)
def test_garbage_is_a_data_error_or_a_sound_recording(header: str, body: bytes) -> None:
    """Nothing but DataError ever comes out, and what is accepted has positive finite prices."""
    found: Bars | Events | DataError
    try:
        found = load(header.encode() + b"\n" + body)
    except DataError as error:
        found = error
    if isinstance(found, DataError):
        assert found.message.startswith("rec.csv")
        assert found.code[:4] in ("MD21", "MD22")
    else:
        prices = [p for row in found.rows for p in row] if isinstance(found, Bars) else found.prices
        assert all(0 < price < float("inf") for price in prices)
