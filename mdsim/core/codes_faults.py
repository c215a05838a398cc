"""What the codes MD570-MD579 mean: clients whose delivery a playbook disturbs."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

FAULTS: dict[str, Explanation] = {
    "MD570": Explanation(
        "a connection that a playbook keeps down",
        "A step such as `feed: {clients: 50%, disconnect: true}` has closed its share of the connections "
        "and refuses the same share of new ones until it ends. Each attempt has a name and a draw of its "
        "own, so of half the clients about every second attempt gets in.",
        "",
        "",
    ),
}
