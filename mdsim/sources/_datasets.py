"""Finding a dataset: one that travels with mdsim, a folder with a ``dataset.json``, or a single CSV file.

A folder's ``dataset.json`` says what each file holds::

    {"name": "my-crash", "about": "…", "licence": "…", "source": "…",
     "range": {"start": "2024-08-02T00:00:00Z", "end": "2024-08-10T00:00:00Z"},
     "instruments": {"BTC-USDT": {"file": "btc.csv.gz", "quote": "USDT", "kind": "bars", "interval": "5m"}}}

``quote`` may differ from the symbol's own: ``BTC-USD-PERP`` recorded in USDT. ``interval`` is for bars alone;
without it the smallest distance of two bars counts. ``range`` is for readers and may be left out. A spot pair
of two known assets need not be an instrument of mdsim: ``USDC-USDT`` then moves the asset USDC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from mdsim.core.errors import DataError, UsageError
from mdsim.core.instruments import ALL, ASSETS
from mdsim.core.params import Kind
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import MS, format_duration
from mdsim.core.values import ValueProblem, parse

MANIFEST = "dataset.json"


class Content(Enum):
    """What a file of a dataset holds."""

    BARS = "bars"
    TRADES = "trades"
    QUOTES = "quotes"


@dataclass(frozen=True, slots=True)
class Item:
    """One instrument of a dataset.

    Attributes:
        symbol: an instrument, or a spot pair of two known assets.
        base, quote: codes of the asset that is priced and of the asset that the prices are in.
        perpetual: it prices the future, not the asset itself.
        content: what the file should hold, or None to take what its header says.
        interval_ns: length of a bar, or None to tell it from the file.
        label: the file, as messages name it.
    """

    symbol: str
    base: str
    quote: str
    perpetual: bool
    content: Content | None
    interval_ns: int | None
    file: Traversable
    label: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Recordings that are played together.

    Attributes:
        start, end: range of the recordings as the manifest gives it (RFC 3339), or empty.
    """

    name: str
    about: str
    licence: str
    source: str
    start: str
    end: str
    items: tuple[Item, ...]


class _Range(msgspec.Struct, forbid_unknown_fields=True):
    start: str
    end: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    quote: str
    kind: Content
    interval: str | None = None


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    about: str
    instruments: dict[str, _File]
    licence: str = ""
    source: str = ""
    range: _Range | None = None


def names() -> tuple[str, ...]:
    """Names of the datasets that travel with mdsim, sorted."""
    return tuple(sorted(_shipped()))


def find(name_or_path: str) -> Dataset:
    """The dataset of that name, or the one in that folder or CSV file.

    Raises:
        UsageError: there is none, or a file's name does not tell its instrument.
        DataError: its manifest is broken.
    """
    shipped = _shipped()
    if name_or_path in shipped:
        return _read_manifest(shipped[name_or_path], name_or_path)
    path = Path(name_or_path)
    try:
        folder, file = path.is_dir(), path.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        what = error.strerror or str(error)
        raise UsageError("MD204", f"{shown(name_or_path)}: {what}", hint="check the path") from None
    if folder:
        if not (path / MANIFEST).is_file():
            raise UsageError(
                "MD205",
                f"the folder {shown(name_or_path)} holds no {MANIFEST}",
                hint="name a single CSV file, or describe the folder's files in one ('mdsim explain MD205')",
            )
        return _read_manifest(path, name_or_path.rstrip("/"))
    if file:
        return _single(path, name_or_path)
    near = suggest(name_or_path, shipped)
    known = ", ".join(sorted(shipped))
    raise UsageError(
        "MD204",
        f"there is no dataset {shown(name_or_path)}, nor a file or folder of that name",
        hint=f"did you mean {near!r}?" if near else f"shipped datasets: {known}; or give a path",
    )


def describe(dataset: Dataset) -> str:
    """One line for a list: what is in it, from when to when, what it is about."""
    span = f", {dataset.start} to {dataset.end}" if dataset.start else ""
    return f"{', '.join(map(_describe_item, dataset.items))}{span}: {dataset.about}"


def _describe_item(item: Item) -> str:
    length = f"{format_duration(item.interval_ns)} " if item.interval_ns else ""
    return f"{item.symbol} ({length}{item.content.value})" if item.content else item.symbol


def _shipped() -> Mapping[str, Traversable]:
    root = resources.files("mdsim.datasets")
    return {entry.name: entry for entry in root.iterdir() if (entry / MANIFEST).is_file()}


def _read_manifest(folder: Traversable, label: str) -> Dataset:
    where = f"{label}/{MANIFEST}"
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        what = str(error).replace("`", "'")
        raise DataError("MD206", f"{where}: {what}", hint="'mdsim explain MD206' shows one") from None
    except OSError as error:
        raise DataError("MD210", f"{where}: cannot be read: {error.strerror or error}") from None
    if not manifest.instruments:
        raise DataError("MD206", f"{where}: no instrument is listed", hint="list at least one")
    items = tuple(_item(symbol, entry, folder, label) for symbol, entry in manifest.instruments.items())
    span = manifest.range or _Range("", "")
    return Dataset(
        manifest.name, manifest.about, manifest.licence, manifest.source, span.start, span.end, items
    )


def _item(symbol: str, entry: _File, folder: Traversable, label: str) -> Item:
    where = f"{label}/{MANIFEST}: {symbol}"
    if not _known(symbol):
        near = suggest(symbol, ALL.symbols)
        hint = f"did you mean {near}?" if near else f"known: {', '.join(ALL.symbols)}"
        raise DataError("MD207", f"{where} is no instrument that mdsim knows", hint=hint)
    base, _, rest = symbol.partition("-")
    if entry.quote not in ASSETS or entry.quote == base:
        known = ", ".join(sorted(ASSETS))
        raise DataError("MD207", f"{where}: impossible quote {shown(entry.quote)}", hint=f"known: {known}")
    if Path(entry.file).name != entry.file:
        raise DataError(
            "MD206",
            f"{where}: {shown(entry.file)} leaves the folder",
            hint="put the file beside the manifest",
        )
    interval_ns: int | None = None
    if entry.interval is not None:
        try:
            value = parse(Kind.DURATION, entry.interval)
        except ValueProblem as problem:
            raise DataError("MD206", f"{where}: interval: {problem.message}", hint=problem.help) from None
        if not isinstance(value, int) or value < MS or value % MS:
            raise DataError(
                "MD206",
                f"{where}: interval {entry.interval} is no whole number of milliseconds",
                hint="write it like 5m",
            )
        interval_ns = value
    return Item(
        symbol,
        base,
        entry.quote,
        rest.endswith("-PERP"),
        entry.kind,
        interval_ns,
        folder / entry.file,
        f"{label}/{entry.file}",
    )


def _known(symbol: str) -> bool:
    """An instrument, or a spot pair of two known assets."""
    base, _, quote = symbol.partition("-")
    return symbol in ALL or (base in ASSETS and quote in ASSETS and base not in ("USD", quote))


def _single(path: Path, label: str) -> Dataset:
    """A dataset of one file whose name tells the instrument: ``binance_spot_BTCUSDT_5m.csv``."""
    stem = path.name.upper().removesuffix(".GZ").removesuffix(".CSV")
    perpetual = re.search(r"(?<![A-Z])PERP(?![A-Z])", stem) is not None
    found = [
        (base, quote)
        for base in ASSETS
        for quote in ASSETS
        if base not in ("USD", quote) and re.search(rf"(?<![A-Z0-9]){base}[-_]?{quote}(?![A-Z0-9])", stem)
    ]
    hint = "name it like BTCUSDT_5m.csv or BTC-USD-PERP.csv, or describe it in a dataset.json"
    where = f"the file name {shown(path.name)}"
    if len(found) != 1:
        what = (
            f"reads as {' and as '.join(map('-'.join, found))}" if found else "does not tell its instrument"
        )
        raise UsageError("MD208", f"{where} {what}", hint=hint)
    base, quote = found[0]
    symbol = f"{base}-USD-PERP" if perpetual else f"{base}-{quote}"
    if not _known(symbol):
        raise UsageError("MD208", f"{where} reads as {symbol}, which mdsim does not know", hint=hint)
    item = Item(symbol, base, quote, perpetual, None, None, path, label)
    return Dataset(path.name, f"recorded {symbol}", "", "", "", "", (item,))
