"""Server-sent events."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.client.failures import AnswerError
from mdsim.client.sse import EVENT_MOST_BYTES, Reader, ServerEvent

STREAM = (
    b"\xef\xbb\xbf: welcome\r\n\r\n"
    b'id: 1\r\nevent: mark\r\ndata: {"a":\r\ndata: "\xe2\x80\xa8 1"}\r\n\r\n'
    b"data:two\rid:2\r\r"
    b": heartbeat\n\n"
    b"event: nothing\n\n"
    b"retry: 5\ndata\n\n"
    b"data: cut off"
)
EVENTS = [
    ServerEvent("1", "mark", b'{"a":\n"\xe2\x80\xa8 1"}'),
    ServerEvent("2", "message", b"two"),
    ServerEvent("2", "message", b""),
]


def test_a_stream_is_cut_into_its_events() -> None:
    """Comments, every line ending, several data lines, a kept id; a separator of Unicode cuts nothing."""
    assert Reader().feed(STREAM) == EVENTS


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_events_do_not_depend_on_how_bytes_arrive(cuts: list[int]) -> None:
    """However the network cuts the stream, the events are the same."""
    places = sorted([0, *cuts, len(STREAM)])
    reader = Reader()
    found = [event for begin, end in pairwise(places) for event in reader.feed(STREAM[begin:end])]
    assert found == EVENTS


def test_an_endless_event_is_refused() -> None:
    """What grows past every honest event does not fill the memory."""
    reader = Reader()
    line = b"data:" + b"x" * (EVENT_MOST_BYTES // 2 + 1) + b"\n"
    assert reader.feed(line) == []
    with pytest.raises(AnswerError, match="MD503"):
        reader.feed(line)
