"""What a playbook may hold: every key, where it stands and what it takes, as tables.

The compiler walks these tables and the editors' schema is generated from them, so the two cannot
disagree. Verbs, and the effects and curves of the registries, are in ``verbs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mdsim.core.params import Kind
from mdsim.core.time import HOUR, MS

NAME_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,62}[A-Za-z0-9])?"
"""A name: it becomes a part of paths, so no slash; at most 64 characters."""

PARAM_NAME_PATTERN = r"[a-z][a-z0-9_]{0,40}"

VERSION = "1"


SYNONYMS: dict[str, str] = {
    **dict.fromkeys(("sleep", "delay", "after"), "wait"),
    **dict.fromkeys(("assert", "check", "verify", "ensure"), "expect"),
    **dict.fromkeys(("shock", "drift", "price", "set"), "move"),
    **dict.fromkeys(("parallel", "together", "concurrent"), "lanes"),
    **dict.fromkeys(("loop", "foreach", "while"), "repeat"),
    **dict.fromkeys(("log", "note", "say", "print"), "mark"),
    **dict.fromkeys(("reset", "revert", "release"), "restore"),
    **dict.fromkeys(("random", "branch", "pick"), "choose"),
    **dict.fromkeys(("end", "exit", "finish"), "stop"),
    **dict.fromkeys(("abort", "raise"), "fail"),
    **dict.fromkeys(("duration", "lasts", "length", "during"), "for"),
    **dict.fromkeys(("description", "summary"), "about"),
    **dict.fromkeys(("parameters", "variables", "vars"), "params"),
    **dict.fromkeys(("exponential", "decay"), "exp"),
    **dict.fromkeys(("instant", "sudden", "jump"), "step"),
    **dict.fromkeys(("logistic", "smooth"), "sigmoid"),
}
"""Words of other tools, and the word of this language that is meant by them."""


class Form(Enum):
    """What may stand at a place where one typed scalar is not enough."""

    VERSION = "version"
    NAME = "name"
    TAGS = "tags"
    INSTANT = "instant"
    PRICES = "prices"
    CONDITION = "condition"
    CONDITIONS = "conditions"
    EXPECTATION = "expectation"
    EXPECTATIONS = "expectations"
    INVARIANTS = "invariants"
    PARAMS = "params"
    BASELINE = "baseline"
    LIMITS = "limits"
    PHASES = "phases"
    STEPS = "steps"
    LANES = "lanes"
    REPEAT = "repeat"
    BRANCHES = "branches"
    WAIT = "wait"
    NOTE = "note"
    EFFECT = "effect"
    MATRIX = "matrix"
    SEEDS = "seeds"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping.

    Attributes:
        later: part of the language, not available in this version.
        draw: a duration may be a seeded draw such as ``30s..2m``.
        low, high: inclusive bounds in the unit of the value.
        examples: values as written, for editors.
    """

    name: str
    form: Form | Kind
    help: str
    required: bool = False
    later: bool = False
    draw: bool = False
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    choices: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of the language: what it is called in messages, and its keys."""

    title: str
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The keys' names, in the order they are listed."""
        return tuple(key.name for key in self.keys)

    def get(self, name: str) -> Key | None:
        """The key of that name, if there is one."""
        return next((key for key in self.keys if key.name == name), None)

    def __getitem__(self, name: str) -> Key:
        return next(key for key in self.keys if key.name == name)


_FOR = Key(
    "for",
    Kind.DURATION,
    "it lasts exactly this long: shorter content waits, longer content is cut",
    low=MS,
    examples=("20m", "8h"),
)
_TIMEOUT = Key("timeout", Kind.DURATION, "it fails when it takes longer than this", low=MS, examples=("10m",))
_ALWAYS = Key(
    "always",
    Form.INVARIANTS,
    "conditions that must hold in every cycle while it runs",
    examples=("price(BTC-USD) > 40000",),
)
_NEVER = Key(
    "never",
    Form.INVARIANTS,
    "conditions that must not come true while it runs",
    examples=("drawdown(BTC-USD over 1h) > 30%",),
)
_LEVEL = Key(
    "level",
    Kind.CHOICE,
    "fail: it counts; warn: it is only reported",
    choices=("fail", "warn"),
    default="fail",
)
STEPS = Key("steps", Form.STEPS, "steps, one after another; or a schedule when every step has 'at'")
LANES = Key("lanes", Form.LANES, "named lists of steps that run at once")
_THAT = Key(
    "that", Form.CONDITION, "the condition", required=True, examples=("price(BTC-USD) > 40000 for 30s",)
)
_TAGS = Key("tags", Form.TAGS, "words to select it by", examples=("smoke",))

DOCUMENT = Section(
    "a playbook",
    (
        Key(
            "mdsim", Form.VERSION, "version of the language; the first line of every playbook", required=True
        ),
        Key("name", Form.NAME, "what the run is called; the file's name when absent"),
        Key("about", Kind.TEXT, "one or two sentences for people"),
        _TAGS,
        Key("params", Form.PARAMS, "parameters: $name in the rest of the playbook, --set name=value"),
        Key("baseline", Form.BASELINE, "the prices before any effect, when run offline"),
        Key("probes", Form.ANY, "questions to the system under test", later=True),
        Key("requires", Form.CONDITIONS, "must hold before the start; otherwise the playbook is not run"),
        _ALWAYS,
        _NEVER,
        Key("limits", Form.LIMITS, "bounds of its own: a run that plans to pass them is refused"),
        Key("phases", Form.PHASES, "the timeline: blocks that run one after another"),
        STEPS,
        Key(
            "expect",
            Form.EXPECTATIONS,
            "conditions that must hold at the end; here max(…) min(…) mean(…) p99(…) count(…) look back",
            examples=("price(USDT-USD) within 0.995..1.005",),
        ),
        Key("finally", Form.STEPS, "steps that run at the end however it ends"),
        Key("matrix", Form.MATRIX, "values of parameters to combine; 'play' ignores it"),
        Key("seeds", Form.SEEDS, "seeds to run with, such as 1..5; 'play' ignores it"),
    ),
)

PARAMETER_KINDS: tuple[Kind, ...] = (
    Kind.SYMBOL,
    Kind.SYMBOLS,
    Kind.SOURCE,
    Kind.PRICE,
    Kind.CHANGE,
    Kind.SHARE,
    Kind.DURATION,
    Kind.FACTOR,
    Kind.NUMBER,
    Kind.COUNT,
    Kind.FLAG,
    Kind.URL,
    Kind.TEXT,
    Kind.CHOICE,
)
BOUNDED_KINDS = frozenset(
    {Kind.PRICE, Kind.CHANGE, Kind.SHARE, Kind.DURATION, Kind.FACTOR, Kind.NUMBER, Kind.COUNT}
)

PARAMETER = Section(
    "a parameter",
    (
        Key(
            "type",
            Kind.CHOICE,
            "what its value is",
            required=True,
            choices=tuple(kind.value for kind in PARAMETER_KINDS),
        ),
        Key("default", Form.ANY, "its value unless --set gives another; without one it must be set"),
        Key("min", Form.ANY, "least value allowed"),
        Key("max", Form.ANY, "greatest value allowed"),
        Key("choices", Form.TAGS, "the words allowed, for 'type: choice'"),
        Key("help", Kind.TEXT, "one line for people"),
    ),
)

BASELINE = Section(
    "baseline",
    (
        Key(
            "source",
            Kind.TEXT,
            "the base feed",
            examples=("synthetic", "replay", "recording", "still"),
            default="synthetic",
        ),
        Key("dataset", Kind.TEXT, "name or path of what is played, for 'source: replay' and 'recording'"),
        Key("start", Form.INSTANT, "instant the run starts at", examples=("2024-08-05T00:00Z",)),
        Key("prices", Form.PRICES, "start levels in USD by asset, for 'source: synthetic' or still"),
        Key("cycle", Kind.DURATION, "time between two cycles", low=MS, high=HOUR, examples=("1s",)),
    ),
)

LIMITS = Section(
    "limits",
    (
        Key(
            "max_deviation",
            Kind.SHARE,
            "farthest that the plan may take any published price from the base feed's",
            low=Decimal(0),
            examples=("20%",),
        ),
        Key("max_duration", Kind.DURATION, "longest that the plan may take", low=MS, examples=("6h",)),
    ),
)

PHASE = Section(
    "a phase",
    (
        Key("name", Form.NAME, "what it is called; unique in the playbook", required=True),
        _FOR,
        _TIMEOUT,
        _ALWAYS,
        _NEVER,
        Key(
            "reaches",
            Form.CONDITION,
            "must come true while it runs, or the run tested nothing and is inconclusive",
            examples=("price(USDT-USD) <= 0.95",),
        ),
        STEPS,
        LANES,
    ),
)

STEP = Section(
    "a step",
    (
        Key("name", Form.NAME, "what it is called; unique in its list"),
        Key("at", Kind.DURATION, "start this long after the list's start; all steps or none", low=0),
        Key("when", Form.CONDITION, "asked once: the step is skipped unless it holds"),
        _TIMEOUT,
        _TAGS,
    ),
)

WAIT = Section(
    "wait",
    (
        Key("until", Form.CONDITION, "the condition waited for", required=True),
        Key("timeout", Kind.DURATION, "longest time to wait", low=MS, examples=("10m",)),
        Key(
            "else",
            Kind.CHOICE,
            "what a timeout means: fail the run, or continue with the next step",
            choices=("fail", "continue"),
            default="fail",
        ),
    ),
)
WAIT_FOR = Key("wait", Kind.DURATION, "let time pass", low=0, draw=True, examples=("5m", "30s..2m"))

EXPECT = Section(
    "expect",
    (
        _THAT,
        Key("within", Kind.DURATION, "it may take this long to come true", low=MS, examples=("10s",)),
        _LEVEL,
    ),
)
FINAL = Section("an expectation", (_THAT, _LEVEL))
INVARIANT = Section(
    "an invariant",
    (
        _THAT,
        Key(
            "allow",
            Kind.SHARE,
            "share of cycles that may break it",
            low=Decimal(0),
            high=Decimal(1),
            examples=("2%",),
        ),
        _LEVEL,
    ),
)

REPEAT = Section(
    "repeat",
    (
        Key("times", Kind.COUNT, "at most this many iterations", low=1, high=1_000_000),
        Key("every", Kind.DURATION, "time from one start to the next", low=MS, draw=True, examples=("5m",)),
        Key("until", Form.CONDITION, "asked after each iteration: stop when it holds"),
        Key("for", Kind.DURATION, "stop after this long", low=MS, examples=("1h",)),
        Key("steps", Form.STEPS, "what is repeated", required=True),
    ),
)
BRANCH = Section(
    "a branch",
    (
        Key("weight", Kind.NUMBER, "how often, against the other branches", low=Decimal(0), default="1"),
        Key("name", Form.NAME, "what it is called; unique in its list"),
        Key("steps", Form.STEPS, "what it does", required=True),
    ),
)
KEYFRAME = Section(
    "a keyframe",
    (
        Key("at", Kind.DURATION, "time since the move's start", required=True, low=0, examples=("5m",)),
        Key("by", Kind.CHANGE, "change against the base feed", required=True, examples=("-3%",)),
    ),
)
SHAPE = Key("shape", Kind.TEXT, "the curve's name", required=True)
