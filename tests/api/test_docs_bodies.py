"""What the page tells of bodies: keys, bounds, defaults, and an example that is accepted."""

from __future__ import annotations

import msgspec
import pytest

from mdsim.api import chaos_bodies
from mdsim.api.chaos_bodies import read_body
from mdsim.api.docs_bodies import body_example, body_keys
from mdsim.api.docs_page import page
from mdsim.api.routes import Call, Reply, Route
from mdsim.api.subscribe import SubscribeBody

SHAPES = (
    chaos_bodies.PriceShock,
    chaos_bodies.StablecoinDepeg,
    chaos_bodies.GradualDivergence,
    chaos_bodies.FeedDisruption,
    chaos_bodies.MarketCrash,
    chaos_bodies.VolatilitySpike,
    chaos_bodies.CorrelationBreak,
    SubscribeBody,
)


def start_route(shape: type[msgspec.Struct]) -> Route:
    """A route that takes the body; nobody calls it."""

    async def answer(_call: Call) -> Reply:
        raise NotImplementedError

    return Route("POST", "/chaos/price-shock", "start", "Start", "chaos", answer, body=shape)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_example_is_a_body_that_is_read(shape: type[msgspec.Struct]) -> None:
    """What a reader copies from the page is never refused for a key that is missing or wrong."""
    example = body_example(shape).encode()

    assert isinstance(read_body(example, shape), shape)


def test_keys_come_in_their_order_with_what_they_take() -> None:
    """Bounds, words, defaults: what the refusal of a body sends its reader to."""
    keys = {key.name: key for key in body_keys(chaos_bodies.PriceShock)}

    assert list(keys) == list(chaos_bodies.PriceShock.__struct_fields__)
    assert keys["symbol"].default is None
    assert keys["shock_percentage"].takes == "number, -90 to 500"
    assert keys["duration_seconds"].default == "60"
    assert keys["recovery_time_seconds"].takes == "number, 0 to 172800"
    assert keys["recovery_time_seconds"].default == ""
    assert keys["pattern"].takes == "exponential, linear, sudden_drop, v_shape"
    assert "other runs" in keys["overlap"].about


def test_a_long_key_may_break_where_a_word_ends() -> None:
    """A table of keys that cannot get narrower would make a small screen scroll sideways."""
    assert "<code>recovery_<wbr>time_<wbr>seconds</code>" in page([start_route(chaos_bodies.PriceShock)])


def test_a_list_says_what_is_in_it() -> None:
    """`symbols` is a list of text, `channels` one of a few words."""
    crash = {key.name: key for key in body_keys(chaos_bodies.MarketCrash)}
    ask = {key.name: key for key in body_keys(SubscribeBody)}

    assert crash["symbols"].takes == "list of text"
    assert ask["channels"].takes.startswith("list: ")
    assert "tick" in ask["channels"].takes
