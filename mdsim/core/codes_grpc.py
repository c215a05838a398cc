"""What the codes MD430-MD449 mean: calls over gRPC."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

GRPC: dict[str, Explanation] = {
    "MD430": Explanation(
        "a gRPC request that cannot be read",
        "The bytes of the request are not the message that the method takes. The messages are written down "
        "in proto/mdsim/v1, and the server's reflection tells them too.",
        "",
        "",
    ),
    "MD431": Explanation(
        "too many gRPC calls at once",
        "The server answers a bounded number of unary calls at a time, so that a flood of them cannot hold "
        "up prices. Ask again in a moment; streams are not counted here.",
        "",
        "",
    ),
    "MD432": Explanation(
        "a price stream whose reader takes nothing",
        "A reader that is too slow is sent the newest price of each instrument, with a count of what it "
        "missed. One that takes nothing at all for a while is ended, so that its buffers are free again.",
        "",
        "",
    ),
    "MD433": Explanation(
        "the server is stopping",
        "The server was asked to stop. Streams end with this code at once, calls under way may finish for a "
        "few seconds. Connect again when it is back.",
        "",
        "",
    ),
    "MD434": Explanation(
        "a server without playbooks",
        "This server serves prices and plays no playbooks, so that ScenarioService has nothing to act on.",
        "",
        "",
    ),
    "MD435": Explanation(
        "too many watchers of scenarios",
        "The number of open WatchScenario calls is bounded. End one before another is opened.",
        "",
        "",
    ),
    "MD436": Explanation(
        "an address that gRPC cannot be served on",
        "The port is taken by another program, or the address is none of this machine's. Port 0 takes a free "
        "port and tells which.",
        "MARKET_DATA_GRPC_PORT=80",
        "MARKET_DATA_GRPC_PORT=50053",
    ),
}
