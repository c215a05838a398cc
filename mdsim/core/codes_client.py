"""What the codes MD500-MD519 mean: asking a server, as a client does."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

CLIENT: dict[str, Explanation] = {
    "MD500": Explanation(
        "an address that names no server",
        "A server is named by its origin: scheme, host and port, without path, query or user. Without a "
        "scheme it is http, without a port 8082, or 443 with https.",
        "mdsim watch --server http://127.0.0.1:8082/api/v1",
        "mdsim watch --server http://127.0.0.1:8082",
    ),
    "MD501": Explanation(
        "plain http beyond this machine",
        "What is sent without TLS, a token among it, can be read and changed by everybody on the way. It is "
        "refused unless the server is on this machine or the risk is taken by name, as on the private "
        "network of a few containers.",
        "mdsim runs list --server http://bench.example:8082",
        "mdsim runs list --server https://bench.example:8082",
    ),
    "MD502": Explanation(
        "a token that no header can hold",
        "Tokens are made of printable ASCII without blanks; most often a line break has come along from the "
        "file that it was read from. No message ever shows the token.",
        'CHAOS_TOKEN="secret " mdsim runs list',
        'CHAOS_TOKEN="secret" mdsim runs list',
    ),
    "MD503": Explanation(
        "an answer that cannot be read",
        "Something answered at the address, but not as an mdsim server of this version does: another "
        "program, a proxy that stands between, or a server of another version.",
        "",
        "",
    ),
    "MD504": Explanation(
        "a server that does not answer",
        "No connection could be made, it broke, or no answer came in time. Nothing is known about whether a "
        "request that was already sent has been carried out; with an idempotency key it can be sent again.",
        "",
        "",
    ),
    "MD505": Explanation(
        "a stream that has ended",
        "The server has closed the stream, or the connection broke; the message says which. A reader that is "
        "too slow is first sent only the newest of each instrument, and closed when that does not help.",
        "",
        "",
    ),
    "MD506": Explanation(
        "a run of nothing, or of two playbooks",
        "A run is started from the text of a playbook or from the name of one that the server ships.",
        'runs.start("mdsim: 1 …", library="crash")',
        'runs.start(library="crash")',
    ),
    "MD507": Explanation(
        "events that keep breaking off",
        "The connection that tells what happens in a run broke several times in a row. The run goes on by "
        "itself on the server; its events can be followed again from any number on.",
        "",
        "",
    ),
    "MD508": Explanation(
        "a run that was left",
        "The first Ctrl-C ends a run on a server and waits until its effects are released; the second one "
        "does not wait. The server ends the run all the same, unless it could not be reached.",
        "",
        "",
    ),
}
