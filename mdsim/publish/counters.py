"""What the hub counts; plain attributes, so that metrics can read them without a lock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Totals since the start.

    Attributes:
        messages, payload_bytes: given to readers' lines, each reader counted.
        conflated: messages that a newer one of the same feed replaced before a slow reader got them.
        stalls: times that a reader's line was full.
        lost: readers whose line broke.
        refused: subscriptions refused because the symbol had all the readers it may have.
        snapshots: given at the begin of subscriptions.
    """

    messages: int = 0
    payload_bytes: int = 0
    conflated: int = 0
    stalls: int = 0
    lost: int = 0
    refused: int = 0
    snapshots: int = 0
