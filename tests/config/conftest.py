"""Ways to load a configuration in a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import dedent

import pytest

from mdsim.config.findings import ConfigError
from mdsim.config.load import load
from mdsim.config.settings import Settings

Load = Callable[..., Settings]
Mistakes = Callable[..., list[str]]


@pytest.fixture(name="load")
def load_() -> Load:
    """``load("server: {port: 1}", NAME="value")``: a text without its indentation, and the environment."""

    def make(text: str | None = None, flags: Mapping[str, str] | None = None, **environ: str) -> Settings:
        return load(None if text is None else dedent(text), environ, flags or {}, "c.yaml")

    return make


@pytest.fixture
def mistakes(load: Load) -> Mistakes:
    """What is wrong with a configuration, a line each: ``c.yaml:1:9 MD450 message => help``."""

    def make(text: str | None = None, flags: Mapping[str, str] | None = None, **environ: str) -> list[str]:
        try:
            sheets = load(text, flags, **environ).warnings
        except ConfigError as error:
            sheets = error.sheets
        return [
            f"{item.place} {item.problem.code} {item.problem.message} => {item.problem.help}"
            for sheet in sheets
            for item in sheet.diagnostics
        ]

    return make
