"""What every error code means, for ``mdsim explain MD021``; keep sorted by code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """The long form of a code.

    Attributes:
        text: what it means and why it is refused, in full sentences.
        wrong, right: an example that gets the code, and how to write it.
    """

    title: str
    text: str
    wrong: str
    right: str


CODES: dict[str, Explanation] = {
    # MD001-MD019 reading a file · MD020-MD029 values · MD030-MD049 conditions
    # MD050-MD199 playbooks: schema, steps, lint
}
