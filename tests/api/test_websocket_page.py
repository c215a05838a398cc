"""What the page about the WebSocket shows is what the server reads, sends and holds to."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from mdsim.api import ws_messages
from mdsim.api.asks import LONGEST_INTERVAL_NS, AskReader
from mdsim.api.tickets import KEPT_S
from mdsim.api.websocket import GOING_AWAY, NORMAL, PATH, TOO_SLOW, TRY_LATER, WebSocketLimits
from mdsim.core.events import Tick
from mdsim.core.instruments import ALL
from mdsim.core.time import HOUR
from mdsim.publish.feeds import CHANNELS

PAGE = (Path(__file__).parents[2] / "docs" / "websocket.md").read_text("utf-8")
BLOCKS = [
    msgspec.json.decode(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]
READER = AskReader(ALL, ("json", "protobuf"))


@pytest.mark.parametrize("message", [block for block in BLOCKS if "type" not in block], ids=str)
def test_every_message_shown_is_read(message: dict[str, object]) -> None:
    """No example of the page would be answered with an error."""
    id_, op, _request = ws_messages.read(msgspec.json.encode(message), READER)
    assert (id_, op) == (message["id"], message["op"])


def test_every_operation_is_shown() -> None:
    """Nothing that can be done is missing."""
    assert {block["op"] for block in BLOCKS if "type" not in block} == set(ws_messages.OPS)


@pytest.mark.parametrize("address", re.findall(r"^ws://\S+", PAGE, re.MULTILINE))
def test_every_address_shown_subscribes(address: str) -> None:
    """The addresses of the page ask for something that there is."""
    parts = urlsplit(address)
    ask = READER.read_query(parts.query)
    assert parts.path == PATH
    assert ask is not None
    assert ask.wishes()


def test_the_error_shown_is_the_one_that_is_sent() -> None:
    """The sample names the code, the field and the hint that a reader really gets."""
    shown = next(block for block in BLOCKS if block.get("type") == "error")
    wrong = {"op": "subscribe", "id": 1, "channels": ["tick"], "symbols": ["BTCUSD"]}
    with pytest.raises(ws_messages.BadMessageError) as caught:
        ws_messages.read(msgspec.json.encode(wrong), READER)
    error = caught.value.error
    assert (error.code, error.errors[0].field, error.message) == (
        shown["code"],
        shown["field"],
        shown["message"],
    )
    assert error.hint.startswith("did you mean BTC-USD")


def test_the_tick_shown_has_the_fields_of_one() -> None:
    """The sample of a tick is whole."""
    shown = next(block for block in BLOCKS if block.get("type") == "tick")
    assert set(shown) == {"type", *Tick.__struct_fields__, "volume", "ts_publish_ns"}


def test_channels_codes_and_bounds_are_those_of_the_code() -> None:
    """A default that changes must change on the page too."""
    limits = WebSocketLimits()
    for channel in CHANNELS:
        assert f"`{channel}`" in PAGE
    for code in (NORMAL, GOING_AWAY, TRY_LATER, TOO_SLOW):
        assert f"| {code} |" in PAGE
    assert f"within {limits.slow_grace_s:g} s is closed with {TOO_SLOW}" in PAGE
    assert f"pinged after {limits.ping_after_s:g} s" in PAGE
    assert f"another {limits.pong_within_s:g} s is dropped" in PAGE
    assert f"nothing was subscribed to for {limits.idle_s:g} s" in PAGE
    assert f"more than {limits.message_bytes // 1024} KiB" in PAGE
    assert f"buffer of {limits.send_buffer_bytes // 1024} KiB" in PAGE
    assert re.search(rf"about\s+{limits.messages_per_s:g} small things a second", PAGE)
    assert f"{limits.messages_burst:g} at once" in PAGE
    assert KEPT_S == 300
    assert "five minutes" in PAGE
    assert LONGEST_INTERVAL_NS == HOUR
