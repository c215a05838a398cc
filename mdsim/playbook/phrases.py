"""One line for people about each step."""

from __future__ import annotations

from mdsim.core import values
from mdsim.core.params import Kind
from mdsim.core.time import format_duration
from mdsim.playbook.plan import (
    Act,
    ChooseAct,
    Duration,
    EffectAct,
    ExpectAct,
    IfAct,
    LanesAct,
    RepeatAct,
    SayAct,
    WaitAct,
)
from mdsim.playbook.verbs import Grammar


def _time(duration: Duration | None) -> str:
    return "0s" if duration is None else values.render(Kind.DURATION, duration)


class Phrases:
    """Writes the summaries; an effect describes itself."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def summary(self, verb: str, act: Act) -> str:
        """What a step does, such as ``wait until price(BTC-USD) < 50000, at most 10m``."""
        match act:
            case EffectAct():
                effect = self._grammar.verbs[verb].effect
                return verb if effect is None else effect.describe(act.args)
            case WaitAct():
                return self._wait(act)
            case ExpectAct():
                within = f" within {format_duration(act.within_ns)}" if act.within_ns else ""
                return f"expect{within}: {act.question.text}"
            case LanesAct():
                return "at once: " + ", ".join(lane.name for lane in act.lanes)
            case RepeatAct():
                return self._repeat(act)
            case IfAct():
                return f"if {act.question.text}"
            case ChooseAct():
                return "choose " + " or ".join(branch.name for branch in act.branches)
            case SayAct():
                return f"{verb}: {act.text}" if act.text else verb

    def _wait(self, act: WaitAct) -> str:
        if act.until is None:
            return f"wait {_time(act.lasts)}"
        limit = "" if act.timeout_ns is None else f", at most {format_duration(act.timeout_ns)}"
        return f"wait until {act.until.text}{limit}"

    def _repeat(self, act: RepeatAct) -> str:
        parts = ["repeat"]
        if act.times is not None:
            parts.append(f"{act.times} times")
        if act.every is not None:
            parts.append(f"every {_time(act.every)}")
        if act.lasts_ns is not None:
            parts.append(f"for {format_duration(act.lasts_ns)}")
        if act.until is not None:
            parts.append(f"until {act.until.text}")
        return " ".join(parts)
