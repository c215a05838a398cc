"""What the codes MD640-MD649 mean: doubles of providers for tests."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

TESTKIT: dict[str, Explanation] = {
    "MD640": Explanation(
        "an asset or a price that the doubles' market cannot take",
        "A scripted market knows the assets of mdsim by their codes and wants their worth in US dollars, "
        "above zero, as text or as a Decimal.",
        'market.set("BTC-USD", "65000")',
        'market.set("BTC", "65000")',
    ),
    "MD641": Explanation(
        "a fault that a double does not have",
        "Some faults belong to one kind of provider: only Kraken sends checksums, and only what streams can "
        "break in the midst of a frame. docs/testkit.md lists who has what.",
        'coingecko.faults.start("bad_checksum")',
        'kraken.faults.start("bad_checksum")',
    ),
    "MD642": Explanation(
        "a line of a fault script with times that are none",
        "Each line says when a fault starts, in seconds from the start of the script, which it is, and for "
        "how long.",
        'await double.faults.play([(-1, "frozen", 0)])',
        'await double.faults.play([(1, "frozen", 5)])',
    ),
    "MD643": Explanation(
        "the demonstration's server did not start",
        "python -m mdsim.testkit.demo starts mdsim serve on free ports of 127.0.0.1; what that said follows. "
        "A sandbox without loopback sockets or child processes cannot run it.",
        "",
        "",
    ),
}
