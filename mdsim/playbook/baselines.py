"""The base feed that a playbook asks for."""

from __future__ import annotations

from decimal import Decimal

from mdsim.core.instruments import Catalogue
from mdsim.core.params import Kind
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import parse_utc
from mdsim.playbook.grammar import BASELINE, Key
from mdsim.playbook.loader import Data
from mdsim.playbook.plan import Baseline
from mdsim.playbook.reader import At, Reader

_PRICE = Key("price", Kind.PRICE, "")
_RECORDED = ("replay", "recording")
"""Base feeds that need a dataset."""


class Baselines:
    """Reads ``baseline`` against what is installed."""

    def __init__(
        self, reader: Reader, feeds: tuple[str, ...], datasets: tuple[str, ...], catalogue: Catalogue
    ) -> None:
        self._reader = reader
        self._feeds = feeds
        self._datasets = datasets
        self._assets = tuple(asset.code for asset in catalogue.assets)

    def read(self, data: Data, at: At) -> Baseline:
        """The baseline; fields with problems are left at their defaults."""
        fields = self._reader.mapping(data, BASELINE, at) or {}
        texts: dict[str, str] = {}
        for name in ("source", "dataset"):
            if name in fields:
                value = self._reader.value(BASELINE[name], fields[name], (*at, name))
                texts[name] = value if isinstance(value, str) else ""
        source, dataset = texts.get("source", "synthetic"), texts.get("dataset")
        self._source(source, dataset, at)
        cycle_ns = None
        if "cycle" in fields:
            cycle_ns = self._reader.duration_ns(BASELINE["cycle"], fields["cycle"], (*at, "cycle"))
        start_ns = self._start(fields["start"], (*at, "start")) if "start" in fields else None
        prices = self._prices(fields["prices"], (*at, "prices")) if "prices" in fields else ()
        if prices and source in _RECORDED:
            message = "'prices' has no effect here: a replay starts at its recorded prices"
            self._reader.problem("MD079", message, (*at, "prices"), "leave it out", on_key=True)
        return Baseline(source, dataset or None, start_ns, prices, cycle_ns)

    def _source(self, source: str, dataset: str | None, at: At) -> None:
        if source and source not in self._feeds:
            near = suggest(source, self._feeds)
            help_ = f"did you mean '{near}'?" if near else "there are " + ", ".join(self._feeds)
            self._reader.problem("MD079", f"there is no base feed {shown(source)}", (*at, "source"), help_)
            return
        if source in _RECORDED and dataset is None:
            shipped = self._datasets if source == "replay" else ()
            help_ = "add dataset: " + (" or ".join(shipped) or "the path of a recording")
            self._reader.problem("MD079", f"'source: {source}' needs a dataset", at, help_, on_key=True)
        if source in ("synthetic", "still") and dataset is not None:
            help_ = "add source: replay or recording, or leave the dataset out"
            message = f"'dataset' has no effect on a {source} base feed"
            self._reader.problem("MD079", message, (*at, "dataset"), help_, on_key=True)
        if dataset and dataset not in self._datasets and not any(sign in dataset for sign in "/\\."):
            near = suggest(dataset, self._datasets)
            known = ", ".join(self._datasets)
            help_ = (
                f"did you mean '{near}'?" if near else f"shipped: {known}; or give a path such as ./my.csv"
            )
            self._reader.problem("MD079", f"there is no dataset {shown(dataset)}", (*at, "dataset"), help_)

    def _start(self, data: Data, at: At) -> int | None:
        filled = self._reader.filled_text(data, "start", "an instant such as 2024-08-05T00:00Z", at)
        if filled is None:
            return None
        try:
            return parse_utc(filled.text)
        except (ValueError, OverflowError):
            message = f"{shown(filled.text)} is no instant of the years 1970 to 2200"
            self._reader.problem("MD080", message, at, "write it as 2024-08-05T00:00Z")
            return None

    def _prices(self, data: Data, at: At) -> tuple[tuple[str, Decimal], ...]:
        if not isinstance(data, dict):
            self._reader.wrong_shape("prices", "a mapping such as {BTC: 60000}", data, at)
            return ()
        found: list[tuple[str, Decimal]] = []
        for asset, item in data.items():
            here = (*at, asset)
            if asset not in self._assets:
                base = asset.removesuffix("-USD")
                near = base if base in self._assets else suggest(asset, self._assets)
                help_ = f"did you mean '{near}'?" if near else "known: " + ", ".join(self._assets)
                message = f"there is no asset {shown(asset)}"
                self._reader.problem("MD081", message, here, help_, on_key=True)
                continue
            price = self._reader.value(_PRICE, item, here)
            if isinstance(price, Decimal):
                found.append((asset, price))
        return tuple(found)
