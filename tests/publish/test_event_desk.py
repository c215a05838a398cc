"""The desk of the events channel: numbers without holes, copies for each instrument, a bound."""

from __future__ import annotations

from mdsim.publish.event_desk import EventDesk
from mdsim.publish.feeds import EVERYWHERE


def test_each_instrument_gets_an_event_numbered_in_its_own_row() -> None:
    """A second event of one instrument does not move the number of another."""
    desk = EventDesk()
    desk.tell("anomaly", ["BTC-USD", "ETH-USD"], 5, {"by": "0.1"})
    desk.tell("depeg_alert", ["ETH-USD"], 6, {})
    told = [(one.symbol, one.seq, one.ts_event_ns, one.event) for one in desk.take()]
    assert told == [
        ("BTC-USD", 1, 5, "anomaly"),
        ("ETH-USD", 1, 5, "anomaly"),
        ("ETH-USD", 2, 6, "depeg_alert"),
    ]
    assert (len(desk), list(desk.take())) == (0, [])


def test_news_of_no_instrument_concerns_the_market() -> None:
    """It is told once, under the symbol that every reader of events is sent."""
    desk = EventDesk()
    desk.tell("scenario", (), 1, {})
    assert [one.symbol for one in desk.take()] == [EVERYWHERE]


def test_past_its_bound_news_is_counted_and_leaves_no_hole() -> None:
    """What was refused has no number; the next one that is taken follows on."""
    desk = EventDesk(most=2)
    for _ in range(5):
        desk.tell("anomaly", ["BTC-USD"], 1, {})
    assert (desk.told, desk.dropped, len(desk)) == (2, 3, 2)
    desk.take()
    desk.tell("anomaly", ["BTC-USD"], 2, {})
    assert [one.seq for one in desk.take()] == [3]
