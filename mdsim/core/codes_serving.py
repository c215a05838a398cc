"""What the codes MD520-MD529 mean: starting a server."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

SERVING: dict[str, Explanation] = {
    "MD520": Explanation(
        "a certificate that cannot be used",
        "A server with TLS needs a certificate chain and the private key that belongs to it, both in PEM and "
        "readable.",
        "mdsim serve --tls-cert chain.pem --tls-key other.pem",
        "mdsim serve --tls-cert chain.pem --tls-key key.pem",
    ),
}
