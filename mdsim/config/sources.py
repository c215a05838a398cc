"""From ``data_sources`` to settings: keys found, addresses held to be safe, what has no key switched off."""

from __future__ import annotations

from collections.abc import Callable

from mdsim.config.findings import Findings
from mdsim.config.forms import plaintext_abroad
from mdsim.config.inputs import Inputs
from mdsim.config.settings import SourceSettings
from mdsim.config.tables_market import PROVIDER_KEYS, TIERS
from mdsim.config.values import Path, Values
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.secret import Secret
from mdsim.core.spelling import shown

Judge = Callable[[SourceSettings], Problem | None]
"""What is wrong with a source that only those know who open it, at a path below the source."""
_SCHEMES = {"rest_api": ("http", "https"), "websocket": ("ws", "wss")}


class SourceList:
    """Makes the settings of every source of one configuration."""

    def __init__(
        self, values: Values, inputs: Inputs, unset: dict[Path, str], findings: Findings, judge: Judge
    ) -> None:
        self._values = values
        self._inputs = inputs
        self._unset = unset
        self._findings = findings
        self._judge = judge

    def build(self, catalogue: Catalogue) -> tuple[SourceSettings, ...]:
        """Every source, in the order of the file; the rules that they break go to the findings."""
        found: list[SourceSettings] = []
        names: dict[str, None] = {}
        for tier in TIERS:
            for at in range(self._values.length("data_sources", tier) or 0):
                path: Path = ("data_sources", tier, at)
                source = self._source(tier, path)
                if source is None:
                    continue
                if source.name in names:
                    message = f"there are two sources {shown(source.name)}"
                    self._note("MD459", message, (*path, "name"), "give one of them another name")
                names[source.name] = None
                self._check_symbols(source, path, catalogue)
                problem = None if source.off else self._judge(source)
                if problem is not None:
                    self._note(problem.code, problem.message, (*path, *problem.at), problem.help)
                found.append(source)
        return tuple(found)

    def _source(self, tier: str, path: Path) -> SourceSettings | None:
        values = self._values
        name, kind, url = (values.text(*path, key) for key in ("name", "type", "url"))
        if name is None or kind is None or url is None:
            return None
        self._check_address(kind, url, path)
        keys = self._keys(name, path)
        missing = [variable for at, variable in self._unset.items() if at[: len(path)] == path]
        off = ""
        if missing and not keys:
            off = (
                f"{' and '.join(missing)} is not set"
                if len(missing) == 1
                else f"none of {', '.join(missing)} is set"
            )
            message = f"the source {name} is off: {off}"
            place = next(at for at in self._unset if at[: len(path)] == path)
            help_ = f"set {missing[0]}, or remove the source"
            self._findings.note(Problem("MD455", message, place, help_, warning=True))
        elif missing and not self._provider_key(name):
            message = f"{', '.join(missing)} is not set: {name} goes on with its other keys"
            place = next(at for at in self._unset if at[: len(path)] == path)
            self._findings.note(Problem("MD455", message, place, f"set {missing[0]}", warning=True))
        return SourceSettings(
            tier=tier,
            name=name,
            type=kind,
            url=url,
            keys=keys,
            rate_limit_per_minute=values.count(*path, "rate_limit"),
            symbols=values.texts(*path, "symbols"),
            priority=values.count(*path, "priority") or 1,
            off=off,
        )

    def _provider_key(self, name: str) -> tuple[str, str] | None:
        return self._inputs.first_set(PROVIDER_KEYS.get(name, ()))

    def _keys(self, name: str, path: Path) -> tuple[Secret, ...]:
        """The environment's key of that provider, otherwise what the file names."""
        values = self._values
        if given := self._provider_key(name):
            return (Secret(given[1]),)
        one, several = values.secret(*path, "api_key"), values.secrets(*path, "api_keys")
        if one is not None and several:
            self._note("MD452", f"{name} has api_key and api_keys", (*path, "api_keys"), "keep one of them")
        return several or (() if one is None else (one,))

    def _check_address(self, kind: str, url: str, path: Path) -> None:
        scheme = url.partition(":")[0]
        if scheme not in _SCHEMES[kind]:
            other = next(it for it, schemes in _SCHEMES.items() if scheme in schemes)
            message = f"a source of type {kind} has no {scheme} address"
            self._note("MD462", message, (*path, "url"), f"write {_SCHEMES[kind][1]}://…, or type: {other}")
        elif plaintext_abroad(url):
            message = f"{scheme} sends keys and prices in clear over the network"
            self._note("MD462", message, (*path, "url"), f"write {_SCHEMES[kind][1]}://…")

    def _check_symbols(self, source: SourceSettings, path: Path, catalogue: Catalogue) -> None:
        for at, symbol in enumerate(source.symbols):
            check_symbol(self._findings, catalogue, symbol, (*path, "symbols", at))

    def _note(self, code: str, message: str, path: Path, help_: str) -> None:
        self._findings.note(Problem(code, message, path, help_))


def check_symbol(findings: Findings, catalogue: Catalogue, symbol: str, path: Path) -> None:
    """An instrument that is named must be one that is on."""
    if symbol in catalogue and catalogue[symbol].enabled:
        return
    if symbol in catalogue:
        message, help_ = f"{symbol} is off", "list it under market_data.supported_symbols"
    else:
        near = catalogue.nearest(symbol)
        message = f"there is no instrument {symbol}"
        help_ = f"did you mean {near[0]}?" if near else "list it under market_data.supported_symbols"
    findings.note(Problem("MD463", message, path, help_))
