"""The page in a real browser: it draws, and it is quiet."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.report.conftest import Drawn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed here")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
)

Open = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def browse(tmp_path: Path, crisis: Drawn) -> Open:
    """Opens the page of the crisis and gives what the browser says and ends up with."""
    page = tmp_path / "out.html"
    page.write_text(crisis.html(), encoding="utf-8")

    def run(width: int, *flags: str) -> subprocess.CompletedProcess[str]:
        assert CHROMIUM is not None
        return subprocess.run(
            [
                CHROMIUM,
                *FLAGS,
                f"--window-size={width},2000",
                f"--user-data-dir={tmp_path / 'profile'}",
                *flags,
                "--dump-dom",
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )

    return run


def test_every_chart_is_drawn_and_the_console_is_silent(browse: Open) -> None:
    """The script runs to its end under its own policy, and nothing is refused or logged."""
    done = browse(1280)

    assert re.search(r'<html[^>]* data-drawn="3"', done.stdout)
    assert done.stdout.count('class="main-svg"') >= 3
    assert 'onerror="' not in done.stdout
    assert "CONSOLE" not in done.stderr
