"""Arguments of effects: symbols, curves, keyframes and typed scalars, with defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from mdsim.core.instruments import SWITCH_ON, Catalogue
from mdsim.core.params import (
    Args,
    CurveSpec,
    DurationDraw,
    Keyframe,
    Kind,
    Param,
    Symbols,
    Value,
)
from mdsim.core.ports import EffectType
from mdsim.core.spelling import shown, suggest
from mdsim.playbook.grammar import KEYFRAME, SHAPE, Key, Section
from mdsim.playbook.loader import Data
from mdsim.playbook.plan import EffectAct
from mdsim.playbook.reader import TAKES, At, Reader, meant
from mdsim.playbook.verbs import Grammar, section_of

_WEIGHT = Key("weight", Kind.NUMBER, "", low=Decimal(-100), high=Decimal(100))


@dataclass(frozen=True, slots=True)
class Market:
    """What a playbook may name.

    Attributes:
        known: every instrument.
        enabled: those that are on in this run: on by default, or named somewhere in the playbook.
        sources: names of the sources.
        listings: the instruments that a source itself tells, where they are known.
    """

    known: Catalogue
    enabled: Catalogue
    sources: tuple[str, ...] = ()
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_GIVING_BACK = ("restore", "retrace")


def _names_all(effect: EffectType, args: Args) -> bool:
    """Whether ``all`` is written and names instruments: what gives back means those that have an offset."""
    if effect.name in _GIVING_BACK or any(args.get(name) is not None for name in _GIVING_BACK):
        return False
    return any(isinstance(value, Symbols) and value.every for value in args.values())


def _is_many(data: Data) -> bool:
    return isinstance(data, list | dict) or data == "all" or (isinstance(data, str) and "*" in data)


class Arguments:
    """Reads the mapping below an effect's verb.

    Attributes:
        used: symbols named so far.
    """

    def __init__(self, reader: Reader, grammar: Grammar, market: Market) -> None:
        self._reader = reader
        self._grammar = grammar
        self._market = market
        self.used: dict[str, None] = {}

    def effect(self, effect: EffectType, data: Data, at: At) -> EffectAct | None:
        """The act that starts an effect, checked by the effect's own rules too."""
        before = len(self._reader.problems)
        section = self._grammar.sections[effect.name]
        args = self._args(section, effect.params, data, at)
        if args is None or len(self._reader.problems) > before or self._lacks(args, data):
            return None
        if _names_all(effect, args):
            self.used.update(dict.fromkeys(self._market.enabled.symbols))
        for problem in effect.check(args, self._market.enabled):
            self._reader.problems.append(replace(problem, at=(*at, *problem.at)))
        self._check_listed(args, at)
        span = args.get("for" if effect.lasting else "over")
        lasts = span if isinstance(span, int | DurationDraw) else effect.lasts(args)
        if effect.lasting and all(param.name != "for" for param in effect.params):
            args = MappingProxyType({name: value for name, value in args.items() if name != "for"})
        return EffectAct(effect.name, args, lasts, effect.lasting)

    def _lacks(self, args: Args, data: Data) -> bool:
        """Whether what was written has no value, as ``$name`` of a parameter that was refused already."""
        written = data if isinstance(data, dict) else {}
        return bool(self._reader.problems) and any(args.get(name, 0) is None for name in written)

    def _args(self, section: Section, params: tuple[Param, ...], data: Data, at: At) -> Args | None:
        fields = self._reader.mapping(data, section, at)
        if fields is None:
            return None
        args: dict[str, Value] = {param.name: param.default for param in params}
        for name, item in fields.items():
            if name != SHAPE.name:
                args[name] = self.value(section[name], item, (*at, name))
        return MappingProxyType(args)

    def value(self, key: Key, data: Data, at: At) -> Value:
        """A value of any kind."""
        if key.form is Kind.SYMBOLS:
            return self.symbols(key, data, at)
        if key.form is Kind.CURVE:
            return self.curve(key, data, at)
        if key.form is Kind.KEYFRAMES:
            return self.keyframes(key, data, at)
        if key.form is Kind.SYMBOL and data is not None and _is_many(data):
            message, help_ = f"'{key.name}' takes one symbol", "write 'symbols' for a list, a pattern or all"
            self._reader.problem("MD068", message, at, help_)
            return None
        value = self._reader.value(key, data, at)
        if key.form is Kind.SYMBOL and isinstance(value, str) and not self._known(value, at):
            return None
        if key.form is Kind.SOURCE and isinstance(value, str) and not self._is_source(value, at):
            return None
        return value

    def _check_listed(self, args: Args, at: At) -> None:
        """Whoever disturbs a source names instruments that it tells, not what is made of them."""
        source = args.get("source")
        listed = self._market.listings.get(source, ()) if isinstance(source, str) else ()
        if not listed:
            return
        for key in ("symbol", "symbols"):
            value = args.get(key)
            names = value.names if isinstance(value, Symbols) else (value,) if isinstance(value, str) else ()
            strange = [name for name in names if name not in listed]
            if strange:
                message = f"{source} does not tell {', '.join(strange)}"
                self._reader.problem("MD567", message, (*at, key), f"it tells {', '.join(listed)}")

    def _is_source(self, name: str, at: At) -> bool:
        sources = self._market.sources
        if name in sources:
            return True
        near = suggest(name, sources)
        listed = f"there are {', '.join(sources)}" if sources else "this market has no sources; use clients"
        help_ = f"did you mean '{near}'?" if near else listed
        self._reader.problem("MD560", f"there is no source {shown(name)}", at, help_)
        return False

    # ------------------------------------------------------------------ symbols

    def symbols(self, key: Key, data: Data, at: At) -> Symbols | None:
        """One symbol, a list, a pattern, ``all``, or a map symbol → weight."""
        if isinstance(data, dict):
            return self._weighted(data, at)
        if isinstance(data, list):
            items = self._reader.listing(data, key.name, TAKES[Kind.SYMBOLS], at)
            return None if items is None else self._listed(key, items, at)
        text = self._symbol_text(key, data, at)
        if text is None:
            return None
        if text == "all":
            return Symbols(every=True)
        if ", " in text and isinstance(data, str) and data.startswith("$"):  # a parameter that is a list
            known = [name for name in text.split(", ") if self._known(name, at)]
            return Symbols(betas=tuple((name, Decimal(1)) for name in known)) if known else None
        names = self._matched(text, at)
        return Symbols(betas=tuple((name, Decimal(1)) for name in names)) if names else None

    def _symbol_text(self, key: Key, data: Data, at: At) -> str | None:
        filled = self._reader.filled_text(data, key.name, TAKES[Kind.SYMBOLS], at)
        if filled is None or not self._reader.suits(filled, Kind.SYMBOLS, key.name, at):
            return None
        return filled.text

    def _listed(self, key: Key, items: list[Data], at: At) -> Symbols | None:
        found: dict[str, None] = {}
        written: dict[str, None] = {}
        for index, item in enumerate(items):
            here = (*at, index)
            text = self._symbol_text(key, item, here)
            if text == "all":
                self._reader.problem("MD068", "'all' cannot stand in a list", here, "write symbols: all")
            elif text in written:
                self._reader.problem("MD070", f"{shown(text)} is named twice", here, "leave one out")
            elif text is not None:
                written[text] = None
                found.update(dict.fromkeys(self._matched(text, here)))
        return Symbols(betas=tuple((name, Decimal(1)) for name in found)) if found else None

    def _weighted(self, data: Mapping[str, Data], at: At) -> Symbols | None:
        if not data:
            self._reader.problem("MD061", "no symbol is named", at, "it takes " + TAKES[Kind.SYMBOLS])
            return None
        found: dict[str, Decimal] = {}
        for name, item in data.items():
            here = (*at, name)
            filled = self._reader.fill(name, here, on_key=True)
            weight = self._reader.value(_WEIGHT, item, here)
            if filled is None or not self._reader.suits(filled, Kind.SYMBOLS, "symbols", here, on_key=True):
                continue
            if not self._known(filled.text, here, on_key=True):
                continue
            if filled.text in found:
                self._reader.problem("MD070", f"{shown(filled.text)} is named twice", here, on_key=True)
            if isinstance(weight, Decimal):
                found[filled.text] = weight
        return Symbols(betas=tuple(found.items()), weighted=True) if found else None

    def _matched(self, text: str, at: At) -> tuple[str, ...]:
        if not any(sign in text for sign in "*?["):
            return (text,) if self._known(text, at) else ()
        names = self._market.enabled.matching(text)
        if not names:
            off = ", ".join(self._market.known.matching(text))
            help_ = f"{off} is off until it is named" if off else "try '*-USD'"
            self._reader.problem("MD069", f"no instrument matches {shown(text)}", at, help_)
        self.used.update(dict.fromkeys(names))
        return names

    def _known(self, symbol: str, at: At, *, on_key: bool = False) -> bool:
        if symbol in self._market.known:
            self.used[symbol] = None
            return True
        message = f"there is no instrument {shown(symbol)}"
        near = self._market.known.nearest(symbol)
        help_ = f"did you mean '{near[0]}'?" if near else "known: " + ", ".join(self._market.known.symbols)
        if self._market.known.has_off(symbol):
            message, help_ = f"{symbol} is not switched on in this market", SWITCH_ON
        self._reader.problem("MD068", message, at, help_, on_key=on_key)
        return False

    # ------------------------------------------------------------------ curves and paths

    def curve(self, key: Key, data: Data, at: At) -> CurveSpec | None:
        """A curve's name, or a mapping with name and arguments; effects check how they go together."""
        written = data.get("shape") if isinstance(data, dict) else data
        here = (*at, "shape") if isinstance(data, dict) and "shape" in data else at
        if isinstance(data, dict) and "shape" not in data:
            near: Data = {name: item for name, item in data.items() if meant(name, ("shape",))}
            self._reader.mapping(near, section_of("a curve", ()), at)
            return None
        filled = self._reader.filled_text(written, key.name, TAKES[Kind.CURVE], here)
        if filled is None or not self._reader.suits(filled, Kind.CURVE, key.name, here):
            return None
        shape = filled.text
        if shape not in self._grammar.curves:
            self._unknown_curve(shape, here)
            return None
        before = len(self._reader.problems)
        fields: Data = data if isinstance(data, dict) else {"shape": shape}
        curve = self._grammar.curves[shape]
        args = self._args(self._grammar.curve_section(shape), curve.params, fields, at)
        if args is None or len(self._reader.problems) > before:
            return None
        return CurveSpec(shape, args)

    def _unknown_curve(self, shape: str, at: At) -> None:
        near = meant(shape, self._grammar.curves)
        help_ = f"did you mean '{near}'?" if near else "there are " + ", ".join(self._grammar.curves)
        self._reader.problem("MD071", f"there is no curve {shown(shape)}", at, help_)

    def keyframes(self, key: Key, data: Data, at: At) -> tuple[Keyframe, ...] | None:
        """Points of a path, in rising time."""
        items = self._reader.listing(data, key.name, TAKES[Kind.KEYFRAMES], at)
        found: list[Keyframe] = []
        for index, item in enumerate(items or []):
            here = (*at, index)
            fields = self._reader.mapping(item, KEYFRAME, here)
            if fields is None or len(fields) < len(KEYFRAME.keys):
                continue
            at_ns = self._reader.duration_ns(KEYFRAME["at"], fields["at"], (*here, "at"))
            by = self._reader.value(KEYFRAME["by"], fields["by"], (*here, "by"))
            if at_ns is None or not isinstance(by, Decimal):
                continue
            if found and at_ns <= found[-1].at_ns:
                message = "keyframes must be in rising order of 'at'"
                self._reader.problem("MD073", message, (*here, "at"), "move it, or change its time")
            found.append(Keyframe(at_ns, by))
        return tuple(found) or None
