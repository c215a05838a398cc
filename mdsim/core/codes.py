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
    "MD100": Explanation(
        "which instruments",
        "An effect on levels needs to know what it moves: one of 'symbol' and 'symbols', not both.",
        "move: {by: -5%}",
        "move: {symbol: BTC-USD, by: -5%}",
    ),
    "MD101": Explanation(
        "one target, two weights",
        "A symbol stands twice in one step with different weights, so it is not clear how far it shall go.",
        "symbols: {BTC-USD: 1, $coin: 1.2} with coin set to BTC-USD",
        "symbols: {BTC-USD: 1.2}",
    ),
    "MD102": Explanation(
        "it follows its legs",
        "A cross rate or a perpetual follows the USD prices it is made of. Named beside one of them it is "
        "left out, or it would move twice. This is a warning. To make it diverge, move it in a step of its "
        "own with 'isolated: true'.",
        "move: {symbols: [BTC-USD, BTC-ETH], by: -5%}",
        "move: {symbols: BTC-USD, by: -5%}",
    ),
    "MD103": Explanation(
        "'all' covers nothing",
        "For 'to', 'by', 'path' and walks, 'all' means the non-stable assets quoted in USD that are switched "
        "on; this market has none. Name the symbols instead.",
        "move: {symbols: all, by: -5%} in a market of stablecoins",
        "move: {symbols: [USDT-USD, USDC-USD], by: -5%}",
    ),
    "MD104": Explanation(
        "a weight where a price is given",
        "'to' is a price that is reached exactly. A weight scales a change, so it has no meaning there.",
        "move: {symbols: {USDT-USD: 1, USDC-USD: 0.5}, to: 0.97}",
        "move: {symbols: {USDT-USD: 1, USDC-USD: 0.5}, by: -3%}",
    ),
    "MD105": Explanation(
        "a move does one thing",
        "A move has exactly one of 'to', 'by', 'retrace' and 'path'; only a curve without a target, such as "
        "random-walk, takes none.",
        "move: {symbol: BTC-USD, to: 50000, by: -5%}",
        "move: {symbol: BTC-USD, by: -5%}",
    ),
    "MD106": Explanation(
        "a curve without a target",
        "A random walk goes where it goes: it cannot reach a price, a change or the base feed. The curve "
        "bridge is random and ends on target.",
        "move: {symbol: BTC-USD, by: -5%, over: 10m, curve: random-walk}",
        "move: {symbol: BTC-USD, by: -5%, over: 10m, curve: bridge}",
    ),
    "MD107": Explanation(
        "keyframes and their curve",
        "Keyframes stand under 'path' and are joined by the curve path, whose argument 'join' says how; the "
        "one makes no sense without the other.",
        "move: {symbol: BTC-USD, path: [{at: 5m, by: -3%}], curve: exp}",
        "move: {symbol: BTC-USD, path: [{at: 5m, by: -3%}], curve: {shape: path, join: smooth}}",
    ),
    "MD108": Explanation(
        "it needs time",
        "A curve other than step, jitter, correlation and lag describe the way of a move, and a move without "
        "'over' has none: it happens at once.",
        "move: {symbol: BTC-USD, by: -5%, curve: exp}",
        "move: {symbol: BTC-USD, by: -5%, over: 10m, curve: exp}",
    ),
    "MD109": Explanation(
        "a lag as long as the move",
        "Followers start later by 'lag' and still end on time, so the lag must be shorter than 'over'. Where "
        "'over' is drawn, its shortest value counts.",
        "move: {symbols: [BTC-USD, ETH-USD], by: -5%, over: 10s, lag: 15s}",
        "move: {symbols: [BTC-USD, ETH-USD], by: -5%, over: 10s, lag: 2s}",
    ),
    "MD110": Explanation(
        "no follower",
        "'correlation' and 'lag' tell how the other symbols follow the first one. With one symbol there is "
        "nobody to follow. Symbols that follow their legs anyway do not count.",
        "move: {symbol: BTC-USD, by: -5%, over: 10m, correlation: 0.8}",
        "move: {symbols: [BTC-USD, ETH-USD], by: -5%, over: 10m, correlation: 0.8}",
    ),
    "MD111": Explanation(
        "keyframes take no company",
        "Every symbol of a step goes through the same keyframes, at the same times, so 'correlation' and "
        "'lag' cannot be kept. Give each symbol a step of its own, in lanes.",
        "move: {symbols: [BTC-USD, ETH-USD], path: [{at: 5m, by: -3%}], lag: 2s}",
        "move: {symbols: [BTC-USD, ETH-USD], path: [{at: 5m, by: -3%}]}",
    ),
    "MD112": Explanation(
        "keyframes that cannot be met",
        "A keyframe is a change against the base feed; a price cannot lose 100 % or more. The last keyframe "
        "must lie after the start, or the move would take no time.",
        "path: [{at: 0s, by: -3%}]",
        "path: [{at: 0s, by: -3%}, {at: 5m, by: -1%}]",
    ),
    "MD113": Explanation(
        "over ends before the path",
        "'over' may be longer than the path, which then holds its last level, but not shorter. Without "
        "'over' the move ends with its last keyframe.",
        "move: {symbol: BTC-USD, path: [{at: 5m, by: -3%}], over: 2m}",
        "move: {symbol: BTC-USD, path: [{at: 5m, by: -3%}]}",
    ),
    "MD114": Explanation(
        "a curve does not fit its time",
        "An argument of the curve contradicts the time it has, which is 'over' less 'lag'; the message says "
        "which.",
        "move: {symbol: BTC-USD, by: +5%, over: 10m, curve: {shape: overshoot, settle: 20m}}",
        "move: {symbol: BTC-USD, by: +5%, over: 10m, curve: {shape: overshoot, settle: 3m}}",
    ),
    "MD115": Explanation(
        "a weight out of bounds",
        "A weight multiplies the move in log price. Beyond 10 either way it is taken for a slip, and with 0 "
        "the symbol would not move at all.",
        "symbols: {BTC-USD: 1, ETH-USD: 0}",
        "symbols: {BTC-USD: 1, ETH-USD: 1.25}",
    ),
    "MD118": Explanation(
        "a price far from the market's",
        "The price is more than a hundred times off what the instrument typically trades at, which is nearly "
        "always a wrong symbol or a lost digit. This is a warning.",
        "move: {symbol: BTC-USD, to: 0.92}",
        "move: {symbol: USDT-USD, to: 0.92}",
    ),
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
    "MD930": Explanation(
        "an effect names an unknown instrument",
        "Internal: an effect reached a market that does not price its instrument. The compiler should have "
        "refused the playbook; please report it.",
        "",
        "",
    ),
    "MD931": Explanation(
        "an effect names an unknown curve",
        "Internal: an effect reached a market that does not know its curve. The compiler should have refused "
        "the playbook; please report it.",
        "",
        "",
    ),
    "MD932": Explanation(
        "an effect has no time",
        "Internal: a walk, keyframes or followers were started without the time that they need. The compiler "
        "should have refused the playbook; please report it.",
        "",
        "",
    ),
}
