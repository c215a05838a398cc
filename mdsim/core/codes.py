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
    "MD330": Explanation(
        "there is no such playbook",
        "The file does not exist, and no playbook of that name is shipped with mdsim. A name without a "
        "folder is looked up in the current folder first, then in the shipped library.",
        "mdsim play crahs.yaml",
        "mdsim play crash.yaml",
    ),
    "MD331": Explanation(
        "a playbook cannot be read",
        "The path is a folder, or the system refuses to open the file.",
        "mdsim play playbooks/",
        "mdsim play playbooks/crash.yaml",
    ),
    "MD332": Explanation(
        "a --set that sets nothing",
        "A parameter is set with its name, an equals sign and a value, once for each name. The value is "
        "read by the type that the playbook declares.",
        "mdsim play crash.yaml --set drop",
        "mdsim play crash.yaml --set drop=-30%",
    ),
    "MD333": Explanation(
        "a file is not written",
        "The file exists already, and mdsim does not overwrite what may be your work; or the system "
        "refuses to write there.",
        "mdsim init playbook.yaml, a second time",
        "mdsim init another.yaml",
    ),
    "MD334": Explanation(
        "no such error code",
        "Codes are MD and three digits, as they stand in brackets after the word error.",
        "mdsim explain MD12",
        "mdsim explain MD012",
    ),
    "MD335": Explanation(
        "no such base feed",
        "The base feed is the market before any effect. 'mdsim list feeds' names those there are.",
        "baseline: {source: syntetic}",
        "baseline: {source: synthetic}",
    ),
    "MD336": Explanation(
        "an option that does not fit",
        "The value of an option lies outside its bounds, or two options do not go together; the message "
        "names which.",
        "mdsim play crash.yaml --speed 0",
        "mdsim play crash.yaml --speed 60",
    ),
}
