"""The terminal: what it can show, and the console that writes on it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def colorful(stream: TextIO) -> bool:
    """Whether colour is welcome: a terminal that is not dumb, and no ``NO_COLOR``."""
    if os.environ.get("NO_COLOR"):
        return False
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def animated(stream: TextIO) -> bool:
    """Whether lines may be redrawn in place: a terminal that is not dumb, and nobody's CI."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb") and not os.environ.get("CI")


def unicode(stream: TextIO) -> bool:
    """Whether blocks and ticks can be encoded; otherwise plain ASCII stands in."""
    try:
        "▁█✓✗·→…─".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(line: str) -> None:
    """Write one line at once, in the stream's own encoding (``typer.echo`` turns ASCII into UTF-8)."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def open_console(*, width: int | None = None) -> Console:
    """A console on stdout: no markup, no guessing of colours inside values."""
    from rich.console import Console

    plain = not sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=width or (110 if plain else None),
        no_color=not colorful(sys.stdout),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        safe_box=not unicode(sys.stdout),
    )
