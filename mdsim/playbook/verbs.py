"""What a step may do: the verbs of the language, and those that effects and curves bring along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mdsim.core.params import Kind, Param
from mdsim.core.ports import Curves, EffectType, Registry
from mdsim.core.time import MS
from mdsim.playbook.grammar import LANES, SHAPE, Form, Key, Section


@dataclass(frozen=True, slots=True)
class Verb:
    """What a step may do.

    Attributes:
        companions: keys that stand beside the verb, such as ``then`` beside ``if``.
        effect: the effect of the registry that it starts.
    """

    key: Key
    companions: tuple[Key, ...] = ()
    effect: EffectType | None = None

    @property
    def name(self) -> str:
        """The word that a step begins with."""
        return self.key.name


_CONTROL: tuple[Verb, ...] = (
    Verb(Key("wait", Form.WAIT, "let time pass, or wait for a condition", examples=("5m",))),
    Verb(Key("expect", Form.EXPECTATION, "ask the market: a condition, or {that, within, level}")),
    Verb(LANES),
    Verb(Key("repeat", Form.REPEAT, "repeat steps; needs one of times, until, for")),
    Verb(
        Key("if", Form.CONDITION, "asked once: 'then' when it holds, 'else' when not or unknown"),
        companions=(
            Key("then", Form.STEPS, "steps when the condition of 'if' holds", required=True),
            Key("else", Form.STEPS, "steps when the condition of 'if' does not hold"),
        ),
    ),
    Verb(Key("choose", Form.BRANCHES, "draw one branch by weight; the seed decides")),
    Verb(Key("mark", Kind.TEXT, "a label in stream and journal")),
    Verb(Key("pause", Form.NOTE, "stop the playbook's clock until someone resumes it")),
    Verb(Key("fail", Kind.TEXT, "end the run as failed, with a reason")),
    Verb(Key("stop", Form.NOTE, "end the run early, without failing it")),
)

_LATER: tuple[Verb, ...] = tuple(
    Verb(Key(name, Form.ANY, help_, later=True))
    for name, help_ in (
        ("call", "an action on the system under test"),
        ("use", "the steps of another playbook"),
    )
)

_EXAMPLES: dict[Kind, tuple[str, ...]] = {
    Kind.DURATION: ("90s", "5m", "1h30m"),
    Kind.CHANGE: ("-12%", "+50bp"),
    Kind.SHARE: ("15%", "5bp"),
    Kind.FACTOR: ("20x",),
    Kind.SCALE: ("20x", "10%"),
    Kind.RATE: ("5/s",),
    Kind.PRICE: ("0.92",),
    Kind.SYMBOLS: ("BTC-USD", "all"),
    Kind.SYMBOL: ("BTC-USD",),
    Kind.THEN: ("hold", "revert over 60s"),
}


def key_of(param: Param, *, draw: bool = False) -> Key:
    """A registry's parameter as a key."""
    return Key(
        param.name,
        param.kind,
        param.help,
        required=param.required,
        draw=draw,
        low=param.low,
        high=param.high,
        choices=param.choices,
        examples=_EXAMPLES.get(param.kind, ()),
    )


def section_of(title: str, params: Iterable[Param]) -> Section:
    """The arguments of a curve as a section, its shape first."""
    return Section(title, (SHAPE, *(key_of(param) for param in params)))


def effect_section(effect: EffectType) -> Section:
    """The arguments of an effect; an effect in force always takes ``for``."""
    span = "for" if effect.lasting else "over"
    keys = tuple(key_of(param, draw=param.name == span) for param in effect.params)
    if effect.lasting and all(key.name != "for" for key in keys):
        help_ = "in force this long; absent: until its block ends"
        keys = (*keys, Key("for", Kind.DURATION, help_, low=MS, draw=True, examples=("2m",)))
    return Section(effect.name, keys)


class Grammar:
    """The tables together with the effects and curves of this installation."""

    def __init__(self, effects: Registry, curves: Curves) -> None:
        self.curves = curves
        self.sections: dict[str, Section] = {name: effect_section(item) for name, item in effects.items()}
        acting = tuple(
            Verb(Key(name, Form.EFFECT, item.summary), effect=item) for name, item in effects.items()
        )
        later = tuple(verb for verb in _LATER if verb.name not in effects)
        self.verbs: dict[str, Verb] = {verb.name: verb for verb in (*acting, *_CONTROL, *later)}

    @property
    def available(self) -> tuple[str, ...]:
        """The verbs of this version."""
        return tuple(name for name, verb in self.verbs.items() if not verb.key.later)

    def curve_section(self, shape: str) -> Section:
        """The arguments of a curve of the registry."""
        return section_of(f"curve '{shape}'", self.curves[shape].params)
