"""What the codes MD585-MD589 mean: playing on a server, or as one."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

PLAYING: dict[str, Explanation] = {
    "MD585": Explanation(
        "certificates that cannot be used",
        "--ca names a file of certificates in PEM that are trusted instead of the system's: of an authority "
        "of your own, or of the server itself. SSL_CERT_FILE does the same for every verb.",
        "mdsim runs list --server https://bench.example --ca key.pem",
        "mdsim runs list --server https://bench.example --ca ca.pem",
    ),
    "MD586": Explanation(
        "a secure connection that could not be made",
        "The server's certificate comes from nobody who is trusted here, is made out to another name or has "
        "run out; or what answers does not speak TLS. Nothing was sent.",
        "mdsim runs list --server https://bench.example",
        "mdsim runs list --server https://bench.example --ca ca.pem",
    ),
}
