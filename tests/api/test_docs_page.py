"""The page of the HTTP interface, as a browser gets it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask


async def test_the_root_leads_to_the_page(ask: Ask) -> None:
    """Whoever opens the address of a server in a browser is not met with a problem document."""
    answer = await ask("/?from=bookmark")

    assert answer.status == 307
    assert answer.headers["location"] == "/docs"


async def test_lines_name_the_address_that_was_asked(ask: Ask) -> None:
    """A line that is copied from the page reaches the server that showed it."""
    text = (await ask("/docs", headers={"Host": "bench.example:9000"})).raw.decode()

    assert "curl &#x27;http://bench.example:9000/health&#x27;" in text
    assert "ws://bench.example:9000/api/v1/subscribe?channels=tick&amp;symbols=BTC-USD" in text
    assert "127.0.0.1:8082" not in text


@pytest.mark.parametrize("host", ["a'b", '"><script>', "a b", "$(id)", "x;id", ""])
async def test_an_address_that_is_none_is_not_repeated(ask: Ask, host: str) -> None:
    """The header is what the caller says; only a plain host and port become part of a command."""
    text = (await ask("/docs", headers={"Host": host})).raw.decode()

    assert "curl &#x27;http://127.0.0.1:8082/health&#x27;" in text
    assert "<script" not in text
    assert not host or f"http://{host}/" not in text


async def test_every_entry_of_the_contents_leads_to_a_section(ask: Ask) -> None:
    """A long page has a list to jump from."""
    text = (await ask("/docs")).raw.decode()
    links = re.findall(r'<a href="#(\w+)">', text)

    assert len(links) > 10
    assert all(f'<section id="{name}">' in text for name in links)


async def test_back_ticks_become_code(ask: Ask) -> None:
    """No mark-up of the sources reaches a reader."""
    text = (await ask("/docs")).raw.decode()

    assert "`" not in text


async def test_a_keyboard_reaches_what_scrolls_sideways(ask: Ask) -> None:
    """Lines to copy are longer than a narrow screen is wide; only what takes the focus scrolls by keys."""
    text = (await ask("/docs")).raw.decode()
    lines = re.findall(r"<pre[^>]*>", text)

    assert lines
    assert set(lines) == {'<pre tabindex="0">'}
    assert text.count("<main>") == text.count("</main>") == 1
