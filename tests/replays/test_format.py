"""The form of a recording: every byte comes back, and nothing secret goes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.providers.specs import make_spec
from mdsim.providers.wire import ANSWER, MESSAGE, Heard
from mdsim.replays.format import Line, header_of, heard_of, line_of, unpacked


@settings(deadline=None, derandomize=True, max_examples=60)
@given(raw=st.binary(max_size=60), kind=st.sampled_from((MESSAGE, ANSWER)))
def test_bytes_come_back_as_bytes(raw: bytes, kind: str) -> None:
    """Whatever they are: text, broken text, nothing."""
    heard = Heard("a", 1, 5, kind, raw)
    line = msgspec.json.decode(msgspec.json.encode(line_of(heard)), type=Line)
    back = heard_of(line)
    # An empty frame of bytes is an empty text: no adapter can tell them apart by their content.
    assert back.raw == (raw if raw or kind == ANSWER else "")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(raw=st.text(st.characters(codec="utf-8"), max_size=60))
def test_text_comes_back_as_text(raw: str) -> None:
    """A message that came as text, with every character."""
    heard = Heard("a", 1, 5, MESSAGE, raw)
    assert heard_of(msgspec.json.decode(msgspec.json.encode(line_of(heard)), type=Line)) == heard


def test_headers_that_may_name_a_session_are_not_written() -> None:
    """Of the headers of an answer only those that say when and how stay."""
    heard = Heard("a", 1, 5, ANSWER, b"{}", "t", "/p", 200, {"set-cookie": "id=1", "date": "today"})
    assert line_of(heard).headers == {"date": "today"}


def test_a_header_line_holds_no_secret() -> None:
    """Neither the key of a source nor the query of its address."""
    spec = make_spec(
        "coingecko",
        tier="primary",
        kind="rest_api",
        url="https://api.coingecko.com/api/v3?x_cg_demo_api_key=hidden",
        priority=1,
        catalogue=ALL,
        keys=(Secret("hidden"),),
    )
    header = header_of((spec,), 0, "test")
    assert b"hidden" not in msgspec.json.encode(header)
    assert header.sources[0].url == "https://api.coingecko.com/api/v3"
    assert header.sources[0].keyed
    assert header.sources[0].interval_ns == spec.interval_ns > 0


def test_bytes_that_are_no_base64_are_refused() -> None:
    """Damage inside a text that is JSON all the same."""
    with pytest.raises(ValueError, match="raw64 is no base64"):
        unpacked("####")


def test_lines_are_small(
    write_recording: Callable[..., Path], recorded_rows: Callable[..., list[Line]]
) -> None:
    """Fields that say nothing are left out: a message costs about 80 bytes beside its text."""
    last = write_recording(recorded_rows(1)).read_bytes().splitlines()[-2]
    assert len(last) < 200
    assert b"headers" not in last
