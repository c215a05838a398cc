"""The live view of a run on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from rich.console import Console
from rich.text import Text

from mdsim.cli.live import LiveView
from mdsim.cli.watched import watched
from mdsim.core.events import Entry, Json
from mdsim.core.time import MINUTE, SECOND
from mdsim.engine.view import View
from mdsim.playbook.plan import Block, Body, ExpectAct, Plan, Question, RepeatAct, Step


class Prices(View):
    """A market that shows one price for everything."""

    def __init__(self) -> None:
        self.shown = Decimal("60000.00")

    def price(self, symbol: str) -> Decimal:
        """The price that the test has set."""
        return self.shown


Screen = tuple[LiveView, io.StringIO]


@pytest.fixture
def screen(plan: Plan) -> Screen:
    """A live view on a wide terminal made of memory."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=140, color_system=None)
    return LiveView(plan, console), stream


def happen(live: LiveView, kind: str, path: str, /, at_ns: int = 0, **data: Json) -> None:
    """Tell the view of one entry."""
    live.on_entry(Entry(kind, at_ns, path, data))


def lines(live: LiveView) -> list[str]:
    """The live lines as text."""
    console = Console(file=io.StringIO(), width=140, color_system=None)
    with console.capture() as captured:
        console.print(live.picture())
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_narrow_terminal_shows_the_whole_price_and_no_sparkline(plan: Plan) -> None:
    """Digits are worth more than a picture of eight levels."""
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    live = LiveView(plan, console)
    happen(live, "phase_started", "calm", name="calm")
    happen(live, "step_started", "calm/1", verb="wait", summary="wait until something comes true")
    live.on_progress(Prices(), 0, 0)
    with console.capture() as captured:
        console.print(live.picture())

    text = captured.get()
    assert "BTC-USD 60000.00" in text
    assert "▁" not in text


def test_a_phase_of_plain_steps_is_one_line(screen: Screen) -> None:
    """Step, time at it, price of its instrument and sparkline stand in one line under the clock."""
    live, _ = screen
    happen(live, "phase_started", "calm", name="calm")
    happen(live, "step_started", "calm/1", verb="wait", summary="wait 1m")
    live.on_progress(Prices(), 1_767_571_230 * SECOND, 30 * SECOND)
    head, line = lines(live)
    assert head.split() == ["+00:00:30", "2026-01-05T00:00:30Z"]
    assert line.split() == ["calm", "wait", "1m", "+00:00:30", "BTC-USD", "60000.00", "▁"]


def test_lanes_replace_the_line_of_their_phase(screen: Screen) -> None:
    """Each lane has a line; a move's line follows the instrument that it moves."""
    live, _ = screen
    happen(live, "phase_started", "crash", name="crash")
    for lane in ("prices", "checks"):
        happen(live, "lane_started", f"crash/{lane}", name=lane)
    happen(live, "step_started", "crash/prices/1", verb="move", summary="move ETH-USD")
    live.on_progress(Prices(), 0, 0)
    _, prices, checks = lines(live)
    assert prices.startswith("prices")
    assert "ETH-USD 60000.00" in prices
    assert checks.split()[:2] == ["checks", "waits"]


def test_a_lane_that_ends_leaves_its_line_to_the_phase(screen: Screen) -> None:
    """When every lane is done, the phase still shows that it lasts."""
    live, _ = screen
    happen(live, "phase_started", "crash", name="crash")
    happen(live, "lane_started", "crash/prices", name="prices")
    happen(live, "lane_ended", "crash/prices", name="prices")
    assert [line.split()[:2] for line in lines(live)[1:]] == [["crash", "waits"]]


def test_a_finished_step_is_at_rest_until_the_next(screen: Screen) -> None:
    """What is over does not look as if it went on."""
    live, _ = screen
    happen(live, "phase_started", "calm", name="calm")
    happen(live, "step_started", "calm/1", verb="wait", summary="wait 1m")
    happen(live, "step_ended", "calm/1", verb="wait")
    assert lines(live)[1].split()[:2] == ["calm", "waits"]


def test_answers_scroll_above_and_the_live_lines_vanish(screen: Screen) -> None:
    """What will not change any more is printed once; passing remarks are not."""
    live, stream = screen
    with live:
        happen(live, "phase_started", "crash", name="crash")
        happen(live, "lane_started", "crash/prices", name="prices")
        happen(
            live,
            "check",
            "crash/prices/2",
            at_ns=MINUTE,
            kind="expect",
            text="price(BTC-USD) > 1",
            verdict="passed",
        )
        live.on_progress(Prices(), 0, 0)
    shown = Text.from_ansi(stream.getvalue()).plain
    assert "+00:01:00  ✓ passed: expect price(BTC-USD) > 1  crash/prices/2" in shown
    assert "lane prices starts" not in shown


def test_an_error_gives_the_terminal_back(screen: Screen) -> None:
    """The cursor is shown again however the run ends."""
    live, stream = screen
    with pytest.raises(RuntimeError), live:
        raise RuntimeError
    shown, hidden = (stream.getvalue().rfind(code) for code in ("\x1b[?25h", "\x1b[?25l"))
    assert shown > hidden > -1


def test_a_plain_view_is_ascii(plan: Plan) -> None:
    """A terminal that cannot show blocks gets letters and signs."""
    stream = io.StringIO()
    live = LiveView(plan, Console(file=stream, force_terminal=True, width=140, color_system=None), plain=True)
    with live:
        happen(live, "phase_started", "crash", name="crash")
        prices = Prices()
        for shown in ("1.0", "2.0"):
            prices.shown = Decimal(shown)
            live.on_progress(prices, 0, 0)
        assert "_#" in "".join(lines(live))
    assert stream.getvalue().isascii()


def test_steps_inside_a_round_show_what_their_plan_names(
    plan_of: Callable[..., Plan],
    block_of: Callable[..., Block],
    step: Callable[..., Step],
    question: Question,
) -> None:
    """A round's number in the path does not hide which instrument a step is about."""
    asked = step("expect", ExpectAct(question), path="p/1/1")
    plan = plan_of(block_of("p", {"": [step("repeat", RepeatAct(Body((asked,)), times=2))]}))
    live = LiveView(plan, Console(file=io.StringIO(), width=140))
    assert watched(plan) == {"p/1/1": "BTC-USD"}
    happen(live, "phase_started", "p", name="p")
    happen(live, "step_started", "p/1#2/1", verb="expect", summary="expect it")
    live.on_progress(Prices(), 0, 0)
    assert "BTC-USD 60000.00" in lines(live)[1]
