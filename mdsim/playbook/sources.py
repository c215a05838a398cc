"""Whether a plan is about sources: then venues are simulated around its base feed when it runs offline."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from mdsim.core.conditions import Metric
from mdsim.playbook.plan import EffectAct, Plan

_OF_SOURCES = ("confidence", "sources")
"""Metrics that only a market made of sources has."""


def names_sources(plan: Plan) -> bool:
    """Whether a step disturbs a source, or a condition asks for one or for what sources agree on."""
    return _found(plan)


def _found(node: object) -> bool:
    if isinstance(node, EffectAct):
        return node.args.get("source") is not None
    if isinstance(node, Metric):
        return node.source is not None or node.name in _OF_SOURCES
    if isinstance(node, tuple):
        return any(_found(item) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        return any(_found(getattr(node, field.name)) for field in fields(node))
    return False
