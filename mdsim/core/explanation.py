"""The long form of an error code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``mdsim explain`` says of one code.

    Attributes:
        text: what it means and why it is refused, in full sentences.
        wrong, right: an example that gets the code, and how to write it.
    """

    title: str
    text: str
    wrong: str
    right: str
