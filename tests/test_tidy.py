"""The style guide as a test: layers, bans with their replacements, dead files, cycles, lengths.

It fails closed: an unknown room, an arrow or a third-party package that is not in the tables below is
an error. Every rule is also shown a bad snippet, so that it cannot go blind unnoticed.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PURE = ("core", "consensus", "chaos", "microstructure", "engine", "playbook", "venues")
"""Rooms that know no trio, no clock and no outside world."""

EVERYTHING = "everything"
LAYERS: dict[str, tuple[str, ...]] = {
    "core": (),
    "consensus": ("core",),
    "chaos": ("core",),
    "microstructure": ("core",),
    "engine": ("core", "consensus", "chaos", "microstructure"),
    "playbook": ("core",),
    "run": ("core", "engine", "playbook", "mdsim"),
    "report": ("core", "run"),
    "sources": ("core",),
    "venues": ("core",),
    "providers": ("core",),
    "replays": ("core", "providers", "venues"),
    "publish": ("core", "_proto"),
    "_proto": (),
    "api": ("core", "publish", "_proto", "mdsim"),
    "config": ("core", "playbook"),
    "history": ("core",),
    "telemetry": ("core", "mdsim"),
    "cli": (EVERYTHING,),
    "client": ("core", "mdsim"),
    "testkit": (EVERYTHING,),
    "pytest_plugin": (EVERYTHING,),
    "datasets": (),
    "library": (),
    "mdsim": (),
    "__main__": ("cli",),
}
"""Room -> rooms it may import beside itself; ``mdsim`` is the package's own ``__init__`` (its version)."""

THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "_proto": ("google",),
    "api": (
        "google",
        "grpc",
        "grpc_health",
        "grpc_reflection",
        "h11",
        "hypercorn",
        "msgspec",
        "quart",
        "quart_trio",
        "trio",
        "trio_websocket",
        "werkzeug",
        "wsproto",
    ),
    "client": ("h11", "httpx", "msgspec", "trio", "wsproto"),
    "core": ("msgspec",),
    "engine": ("msgspec",),
    "playbook": ("jsonschema", "msgspec", "yaml"),
    "providers": ("httpx", "msgspec", "trio", "wsproto"),
    "publish": ("google", "msgspec", "wsproto"),
    "replays": ("msgspec", "trio"),
    "report": ("msgspec", "plotly"),
    "run": ("msgspec", "trio"),
    "sources": ("msgspec", "trio"),
    "pytest_plugin": ("pytest",),
    "testkit": ("h11", "httpx", "msgspec", "trio", "wsproto"),
    "venues": ("msgspec",),
    "telemetry": ("msgspec", "opentelemetry", "prometheus_client", "structlog"),
    "cli": ("msgspec", "rich", "trio", "typer"),
}
"""Room -> packages from outside it may import; a room that is not listed may import none."""

PLUGINS = {
    "mdsim.chaos.effects": "EFFECT",
    "mdsim.chaos.curves": "CURVE",
    "mdsim.chaos.impairments": "IMPAIRMENT",
    "mdsim.providers.adapters": "PROVIDER",
    "mdsim.publish.codecs": "CODEC",
    "mdsim.sources": "FEED",
    "mdsim.venues.profiles": "VENUE",
}
"""Packages whose modules ``core.registry`` finds by the constant they end in."""

LONG_LINES = 400
LONG_TEST_LINES = 600
LONG: dict[str, str] = {
    "mdsim.core.codes": "a table of texts, one entry a code",
    "tests.test_tidy": "each rule stands beside the bad snippet that it must see",
}
"""Files that may be longer, each with the reason why two nouns share it."""


@dataclass(frozen=True)
class Module:
    """A parsed source file; ``name`` is dotted, such as ``mdsim.core.time`` or ``tests.test_tidy``."""

    name: str
    text: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]

    @property
    def shipped(self) -> bool:
        return self.name.split(".")[0] == "mdsim"


Modules = Mapping[str, Module]


def read(*folders: str) -> dict[str, Module]:
    """Every Python file below the folders, by dotted name; ``__init__`` stands for its package."""
    found = {}
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        found[name] = Module(name, path.read_text("utf-8"), package)
    return found


SHIPPED = read("mdsim")
SOURCES = SHIPPED | read("tests", "benchmarks", "docs")


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a chain of attributes, or an empty string."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def imports(module: Module, known: Modules) -> Iterator[tuple[int, str]]:
    """Line and dotted target of every import, wherever it stands; a name inside a module means the module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield node.lineno, full if full in known else base


# ---------------------------------------------------------------- rules about one module


def layers(module: Module, known: Modules) -> Iterator[str]:
    """Rooms import downwards only, and third-party packages only where the tables allow."""
    if not module.shipped:
        return
    room = module.room
    if room not in LAYERS:
        yield f"unknown room {room!r}: give it a line in LAYERS (and in the architecture)"
        return
    for line, target in imports(module, known):
        top = target.split(".")[0]
        if target.startswith("."):
            yield f"{line}: relative import; write it from mdsim"
        elif top == "mdsim":
            goal = Module(target, "").room
            if goal != room and EVERYTHING not in LAYERS[room] and goal not in LAYERS[room]:
                yield f"{line}: {room} may not import {goal}"
            if "._" in target and goal not in (room, "_proto") and room != "cli":
                yield f"{line}: {target} is private to {goal}"  # cli wires rooms, and so sees their parts
        elif top not in sys.stdlib_module_names and top not in THIRD_PARTY.get(room, ()):
            yield f"{line}: {room} may not import {top}: see THIRD_PARTY"


@dataclass(frozen=True)
class Ban:
    """A name that may not be used, where it may nevertheless, and what to use instead."""

    pattern: str
    instead: str
    except_in: tuple[str, ...] = ()


BANS = (
    Ban(
        r"time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns)|(datetime\.)?(datetime|date)\.(now|utcnow|today)",
        "take now_ns as an argument; the clock is asked in run/clock.py and cli alone",
        ("mdsim.run.clock", "mdsim.cli", "benchmarks", "tests"),
    ),
    Ban(r"time\.sleep", "wait for the event itself; time in tests is virtual"),
    Ban(
        r"random\.(?!Random\b)\w+",
        "draw from SeedTree.stream(...)",
        ("benchmarks", "tests.run.test_determinism"),
    ),
    Ban(r"numpy\.random\.\w+|np\.random\.\w+", "draw from SeedTree.stream(...)"),
    Ban(r"(os\.)?(environ|getenv)", "hand the value in", ("mdsim.cli", "mdsim.api.config", "tests", "docs")),
    Ban(
        r"(decimal\.)?(getcontext|setcontext|localcontext)",
        "use core.decimals.CONTEXT: trio tasks share that one",
        ("tests",),
    ),
)
BANNED_CALLS = (
    Ban(r"print|input", "return text; cli alone talks to people", ("mdsim.cli", "benchmarks", "docs")),
    Ban(r"random\.Random", "draw from SeedTree.stream(...)", ("mdsim.core.seeds", "tests", "benchmarks")),
    Ban(r"hash", "hashlib, which is the same in every process", ("tests",)),
    Ban(
        r"(uuid\.)?uuid[14]|secrets\.\w+|os\.urandom",
        "derive it from the seed",
        ("mdsim.api", "mdsim.run.ids"),
    ),
)
IMPURE = ("asyncio", "multiprocessing", "socket", "subprocess", "threading", "time", "trio")


def bans(module: Module, known: Modules) -> Iterator[str]:
    """Names with a better replacement."""
    del known

    def hits(name: str, table: tuple[Ban, ...], line: int) -> Iterator[str]:
        for ban in table:
            if name and re.fullmatch(ban.pattern, name) and not module.name.startswith(ban.except_in):
                yield f"{line}: {name} is banned: {ban.instead}"

    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield from hits(dotted(node), BANS, node.lineno)
        if isinstance(node, ast.Call):
            yield from hits(dotted(node.func), BANNED_CALLS, node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module in (
            "time",
            "random",
            "datetime",
            "os",
            "decimal",
        ):
            for alias in node.names:
                yield from hits(f"{node.module}.{alias.name}", BANS, node.lineno)


def pure(module: Module, known: Modules) -> Iterator[str]:
    """The pure rooms know no task, no clock, no thread and no socket."""
    if module.shipped and module.room in PURE:
        for line, target in imports(module, known):
            if target.split(".")[0] in IMPURE:
                yield f"{line}: {module.room} is pure; {target} belongs in run, sources or api"


def habits(module: Module, known: Modules) -> Iterator[str]:
    """Small traps: sets that are iterated, floats that become Decimals, asserts that cannot be reached."""
    del known
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant):
            yield f"{node.lineno}: assert on a constant: raise an error that says what is wrong"
        if isinstance(node, ast.For | ast.comprehension):
            source = node.iter
            if isinstance(source, ast.Set | ast.SetComp) or (
                isinstance(source, ast.Call) and dotted(source.func) in ("set", "frozenset")
            ):
                yield f"{source.lineno}: iterates a set, whose order is not fixed: sort it or use a dict"
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Decimal" and node.args:
            first = node.args[0]
            literal = isinstance(first, ast.Constant) and isinstance(first.value, float)
            if literal or (isinstance(first, ast.Call) and dotted(first.func) == "float"):
                yield f"{node.lineno}: Decimal from a float: write text, or core.decimals.grid_steps"


LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SOMEONES_PATH = re.compile(r"(?<![\w.<])/(?:home|root|Users|work)/\w")


def comments(module: Module, known: Modules) -> Iterator[str]:
    """No leftovers, no silent blanket excuses, no path of somebody's machine."""
    del known
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if LEFT_OVER.search(token.string):
                yield f"{line}: leftover marker: do it, or open an issue"
            if re.search(r"type:\s*ignore(?!\[)", token.string):
                yield f"{line}: type: ignore without a code"
            if re.search(r"noqa(?!:\s*[A-Z])", token.string):
                yield f"{line}: noqa without a code"
    if SOMEONES_PATH.search(module.text):
        yield "names a path of somebody's machine"


def shape(module: Module, known: Modules) -> Iterator[str]:
    """A module says what it is, and stays short; a test says what it shows."""
    del known
    count = module.text.count("\n")
    most = LONG_LINES if module.shipped else LONG_TEST_LINES
    if count > most and module.name not in LONG:
        yield f"{count} lines: a file past {most} is asking for a second noun (or a reason in LONG)"
    if module.text.strip() and not ast.get_docstring(module.tree):
        yield "the module has no docstring"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marker = LEFT_OVER.search(ast.get_docstring(node) or "")
            if marker:
                yield f"{node.lineno}: leftover marker in a docstring"
            if not module.shipped and node.name.startswith("test_") and not ast.get_docstring(node):
                yield f"{node.lineno}: {node.name} does not say in one line what it shows"


# ---------------------------------------------------------------- rules about the whole tree


def graph(known: Modules) -> dict[str, list[str]]:
    """Module -> modules of ours it imports, each once, in order."""
    return {
        name: list(dict.fromkeys(target for _, target in imports(module, known) if target in known))
        for name, module in known.items()
    }


def cycles(known: Modules) -> Iterator[str]:
    """No module imports itself by way of others."""
    edges, done = graph(known), dict.fromkeys(known, False)

    def walk(name: str, trail: tuple[str, ...]) -> Iterator[str]:
        if name in trail:
            yield "import cycle: " + " -> ".join((*trail[trail.index(name) :], name))
        elif not done[name]:
            for target in edges[name]:
                yield from walk(target, (*trail, name))
            done[name] = True

    for name in known:
        yield from walk(name, ())


def entry_points() -> list[str]:
    """Modules that pyproject.toml names: the command and the pytest plugin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tables = [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    return [target.split(":")[0] for table in tables for target in table.values()]


def dead(known: Modules, entries: list[str]) -> Iterator[str]:
    """Every module is imported by another, found by the registry, or an entry point."""
    used = {target for targets in graph(known).values() for target in targets}
    for name, module in known.items():
        package, _, leaf = name.rpartition(".")
        plugin = PLUGINS.get(package)
        found = (
            plugin and not leaf.startswith("_") and re.search(rf"^{plugin}\b.*=", module.text, re.MULTILINE)
        )
        if not (module.package or name in used or found or leaf == "__main__" or name in entries):
            yield f"{name}: nobody imports it"


# ---------------------------------------------------------------- the tests

Rule = Callable[[Module, Modules], Iterator[str]]
RULES: tuple[Rule, ...] = (layers, bans, pure, habits, comments, shape)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    """No file of the project breaks a rule."""
    problems = [f"{name}:{text}" for name, module in SOURCES.items() for text in rule(module, SOURCES)]
    assert not problems, "\n".join(["", *problems])


def test_no_module_imports_itself_by_way_of_others() -> None:
    """The import graph of the package has no cycle."""
    assert list(cycles(SHIPPED)) == []


def test_every_module_is_used() -> None:
    """No file of the package is dead."""
    assert list(dead(SHIPPED, entry_points())) == []


def test_tests_are_not_a_package() -> None:
    """pytest imports tests by path, so an ``__init__`` among them would only hide clashes."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


BAD: list[tuple[Rule, str, str, str]] = [
    (layers, "mdsim.attic.box", '"""."""', "unknown room 'attic'"),
    (layers, "mdsim.core.x", "from mdsim.run.result import Verdict", "core may not import run"),
    (
        layers,
        "mdsim.playbook.x",
        "def f():\n    import mdsim.chaos.board",
        "2: playbook may not import chaos",
    ),
    (layers, "mdsim.chaos.x", "import numpy", "chaos may not import numpy"),
    (layers, "mdsim.core.x", "from . import time", "relative import"),
    (layers, "mdsim.engine.x", "import mdsim.chaos._paths", "private to chaos"),
    (pure, "mdsim.engine.x", "import trio", "engine is pure"),
    (pure, "mdsim.chaos.x", "from time import gmtime", "chaos is pure"),
    (bans, "mdsim.run.x", "now = time.time()", "time.time is banned: take now_ns"),
    (bans, "mdsim.run.x", "from time import monotonic", "time.monotonic is banned"),
    (bans, "mdsim.run.x", "datetime.now()", "datetime.now is banned"),
    (bans, "mdsim.chaos.x", "random.gauss(0, 1)", "SeedTree"),
    (bans, "mdsim.chaos.x", "rng = random.Random(1)", "SeedTree"),
    (bans, "mdsim.run.x", "os.environ['X']", "hand the value in"),
    (bans, "mdsim.run.x", "with localcontext(): pass", "CONTEXT"),
    (bans, "mdsim.run.x", "print(1)", "cli alone talks"),
    (bans, "mdsim.run.x", "seed = hash('a')", "hashlib"),
    (bans, "tests.x", "time.sleep(1)", "time in tests is virtual"),
    (habits, "mdsim.core.x", "assert False", "assert on a constant"),
    (habits, "mdsim.core.x", "for a in {1, 2}: pass", "iterates a set"),
    (habits, "mdsim.core.x", "b = [a for a in set(c)]", "iterates a set"),
    (habits, "mdsim.core.x", "Decimal(0.1)", "Decimal from a float"),
    (habits, "mdsim.core.x", "Decimal(float(x))", "Decimal from a float"),
    (comments, "mdsim.core.x", "a = 1  # TO" + "DO later", "leftover marker"),
    (comments, "mdsim.core.x", "a = 1  # type: ignore" + "", "without a code"),
    (comments, "mdsim.core.x", "a = 1  # no" + "qa", "noqa without a code"),
    (comments, "mdsim.core.x", "a = '/ho" + "me/someone/x'", "somebody's machine"),
    (shape, "mdsim.core.x", "a = 1", "no docstring"),
    (shape, "mdsim.core.x", '"""."""\n' * 401, "401 lines"),
    (shape, "tests.x", '"""."""\n' * 601, "601 lines"),
    (shape, "tests.x", '"""."""\ndef test_a(): pass', "does not say"),
]


@pytest.mark.parametrize(
    ("rule", "name", "text", "says"), BAD, ids=[f"{r.__name__}-{s}" for r, _, _, s in BAD]
)
def test_a_rule_sees_what_it_forbids(rule: Rule, name: str, text: str, says: str) -> None:
    """Each rule finds its bad snippet and says what is wrong."""
    assert any(says in found for found in rule(Module(name, text), SHIPPED))


GOOD: list[tuple[Rule, str, str]] = [
    (layers, "mdsim.run.x", "import trio\nfrom mdsim.engine.x import Engine"),
    (layers, "mdsim.sources.x", "import mdsim.sources._paths"),
    (bans, "mdsim.cli.x", "print(os.environ)"),
    (bans, "mdsim.core.x", "def f(rng: random.Random) -> None: ..."),
    (habits, "mdsim.core.x", "for a in sorted({1, 2}): pass\nDecimal('0.1')"),
    (comments, "mdsim.core.x", "a = 1  # type: ignore[attr-defined]  # noqa: S311 why"),
    (shape, "tests.x", '"""."""\ndef test_a():\n    """Shows."""'),
]


@pytest.mark.parametrize(("rule", "name", "text"), GOOD)
def test_a_rule_lets_the_replacement_pass(rule: Rule, name: str, text: str) -> None:
    """What a rule asks for is not what it forbids."""
    assert list(rule(Module(name, text), SHIPPED)) == []


def tree(**sources: str) -> dict[str, Module]:
    """A small package ``mdsim.core`` for the rules about the whole tree."""
    return {f"mdsim.core.{leaf}": Module(f"mdsim.core.{leaf}", text) for leaf, text in sources.items()}


def test_a_cycle_is_found() -> None:
    """Two modules that import each other are named in order."""
    known = tree(a="from mdsim.core import b", b="def f():\n    from mdsim.core.a import x")
    assert list(cycles(known)) == ["import cycle: mdsim.core.a -> mdsim.core.b -> mdsim.core.a"]


def test_a_dead_file_is_found() -> None:
    """A module that nobody imports is named, one that is imported or an entry point is not."""
    known = tree(a="import mdsim.core.b", b='"""."""', c='"""."""')
    assert list(dead(known, ["mdsim.core.a"])) == ["mdsim.core.c: nobody imports it"]


def test_a_plugin_without_its_constant_is_dead() -> None:
    """The registry passes a module by that lacks the constant, so the rule does not excuse it."""
    names = {"mdsim.sources.a": "FEED = 1", "mdsim.sources.b": "feed = 1"}
    known = {name: Module(name, text) for name, text in names.items()}
    assert list(dead(known, [])) == ["mdsim.sources.b: nobody imports it"]


def test_the_architecture_lists_every_room_with_its_arrows() -> None:
    """What the walk says of rooms is what the table above lets them do; a new room gets its row."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)/` \| .+ \| (.+) \|$", page, re.MULTILINE))
    rooms = {module.room for module in SHIPPED.values() if module.package} - {"_proto", "datasets", "mdsim"}
    assert sorted(told) == sorted(rooms)
    for room in sorted(rooms):
        arrows = [f"`{name}`" for name in LAYERS[room] if name not in ("mdsim", "_proto", EVERYTHING)]
        allowed = EVERYTHING if EVERYTHING in LAYERS[room] else ", ".join(arrows) or "–"
        assert (room, told[room]) == (room, allowed)
