"""The W3C header: read, written, found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.telemetry.traceparent import TraceParent, of_headers, of_pairs, parse

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_header_is_read() -> None:
    """The standard's own example."""
    found = parse(GOOD)

    assert found == TraceParent(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True)
    assert str(found) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        GOOD.upper(),
        GOOD + "-x",
        GOOD.replace("00-", "ff-", 1),
        GOOD.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        GOOD.replace("b7ad6b7169203331", "0" * 16),
        GOOD[:-1],
        "٠٠" + GOOD[2:],
    ],
)
def test_a_header_that_is_none_is_ignored(text: str) -> None:
    """As the standard asks, rather than refused."""
    assert parse(text) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """Fields that come after the known four are passed over."""
    found = parse(GOOD.replace("00-", "cc-", 1) + "-what-comes")

    assert str(found) == GOOD


def test_it_is_found_among_headers_and_metadata() -> None:
    """REST has a mapping, a WebSocket's upgrade bytes, gRPC text; two are as good as none."""
    assert str(of_headers({"traceparent": GOOD})) == GOOD
    assert of_headers({}) is None
    assert str(of_pairs([(b"Host", b"x"), (b"Traceparent", GOOD.encode())])) == GOOD
    assert str(of_pairs([("traceparent", GOOD), ("bin", b"\xff")])) == GOOD
    assert of_pairs([("traceparent", GOOD), ("traceparent", GOOD)]) is None
    assert of_pairs([]) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(trace=st.integers(1, 2**128 - 1), span=st.integers(1, 2**64 - 1), sampled=st.booleans())
def test_what_is_written_is_read_back(trace: int, span: int, sampled: bool) -> None:
    """Any place survives the header."""
    place = TraceParent(trace, span, sampled)

    assert parse(str(place)) == place


@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.text(max_size=70))
def test_any_text_is_read_or_ignored(text: str) -> None:
    """What is read can be written again; nothing raises."""
    found = parse(text)

    assert found is None or parse(str(found)) == found
