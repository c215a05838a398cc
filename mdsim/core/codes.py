"""What every error code means, for ``mdsim explain MD021``; keep sorted by code."""

from __future__ import annotations

from mdsim.core.codes_chaos import CHAOS
from mdsim.core.codes_client import CLIENT
from mdsim.core.codes_faults import FAULTS
from mdsim.core.codes_feed import FEED
from mdsim.core.codes_grpc import GRPC
from mdsim.core.codes_http import HTTP
from mdsim.core.codes_offering import OFFERING
from mdsim.core.codes_playing import PLAYING
from mdsim.core.codes_providers import PROVIDERS
from mdsim.core.codes_reading import READING
from mdsim.core.codes_recording import RECORDING
from mdsim.core.codes_running import RUNNING
from mdsim.core.codes_runs import RUNS
from mdsim.core.codes_serving import SERVING
from mdsim.core.codes_settings import SETTINGS
from mdsim.core.codes_streaming import STREAMING
from mdsim.core.codes_testkit import TESTKIT
from mdsim.core.explanation import Explanation

CODES: dict[str, Explanation] = {
    **READING,
    # MD050-MD199 playbooks: schema, steps, lint
    # MD200-MD249 base feeds: requests, datasets, recordings, ranges
    "MD050": Explanation(
        "no version of the language",
        "A playbook begins with the version of the language that it is written in, so that a later mdsim "
        "still reads it the same way.",
        "name: crash",
        "mdsim: 1\nname: crash",
    ),
    "MD051": Explanation(
        "a key that does not exist",
        "Every mapping of the language has a fixed set of keys; an unknown one is refused rather than "
        "ignored, because a misspelt key would silently change what is tested. At the top of a playbook, "
        "keys that begin with x- are free.",
        "wait: {untill: price(BTC-USD) < 50000, timeout: 5m}",
        "wait: {until: price(BTC-USD) < 50000, timeout: 5m}",
    ),
    "MD052": Explanation(
        "a key that is missing",
        "The mapping cannot do without this key.",
        "expect: {within: 10s}",
        "expect: {that: price(BTC-USD) < 50000, within: 10s}",
    ),
    "MD053": Explanation(
        "a value of the wrong shape",
        "A list stands where a single value or a mapping belongs, or the other way round.",
        "requires: price(BTC-USD) > 40000",
        "requires:\n  - price(BTC-USD) > 40000",
    ),
    "MD055": Explanation(
        "a step without a verb, or with two",
        "A step does one thing. Two things one after another are two steps; two things at once are lanes.",
        "- wait: 5m\n  mark: panic",
        "- wait: 5m\n- mark: panic",
    ),
    "MD056": Explanation(
        "not available in this version",
        "The word belongs to the playbook language, but this version of mdsim cannot do it yet. It is "
        "refused rather than skipped, because a playbook that skips a fault tests something else.",
        "- halt: {symbols: BTC-USD}",
        "- move: {symbols: BTC-USD, by: -12%, over: 5m}",
    ),
    "MD057": Explanation(
        "a name that cannot be used",
        "Names become parts of paths in the journal and of seeds. They are made of letters, digits, spaces "
        "and - _ . with a letter or digit at both ends, at most 64 characters, and not of digits alone.",
        "name: panic/1",
        "name: panic-1",
    ),
    "MD058": Explanation(
        "a name used twice",
        "Phases in a playbook, and steps or branches in one list, must have different names; 'finally' is "
        "reserved.",
        "- {name: calm, for: 2m}\n- {name: calm, for: 5m}",
        "- {name: calm, for: 2m}\n- {name: calm again, for: 5m}",
    ),
    "MD059": Explanation(
        "nothing to do, or two things to do",
        "A playbook has phases or steps, and a phase has steps, lanes or a length: one of them, not two.",
        "- name: calm",
        "- name: calm\n  for: 2m",
    ),
    "MD060": Explanation(
        "a schedule with gaps",
        "A list of steps is a sequence when no step has 'at', and a schedule when every step has. A mixture "
        "would leave open when the others start.",
        "- {at: 5s, mark: one}\n- mark: two",
        "- {at: 5s, mark: one}\n- {at: 9s, mark: two}",
    ),
    "MD061": Explanation(
        "nothing where a value belongs",
        "The key is there, but nothing follows its colon, or an empty list or mapping does.",
        "over:",
        "over: 5m",
    ),
    "MD062": Explanation(
        "a parameter that does not exist",
        "$name stands for a parameter, which is declared under 'params'. A dollar sign of its own is $$.",
        "params: {drop: {type: change, default: -5%}}\n… by: $dorp",
        "params: {drop: {type: change, default: -5%}}\n… by: $drop",
    ),
    "MD063": Explanation(
        "a parameter of the wrong type",
        "A parameter that stands alone keeps its type, and the place takes another one. Types are not "
        "converted: a price is no duration.",
        "params: {low: {type: price, default: 0.9}}\n… over: $low",
        "params: {time: {type: duration, default: 5m}}\n… over: $time",
    ),
    "MD064": Explanation(
        "a parameter declared wrongly",
        "Names are made of small letters, digits and _; min and max belong to types with an order and must "
        "be in order; choices belong to 'type: choice', which needs them.",
        "pace: {type: choice, default: slow}",
        "pace: {type: choice, choices: [slow, fast], default: slow}",
    ),
    "MD065": Explanation(
        "a parameter without a value",
        "It has no default, so each run must give it a value.",
        "mdsim play depeg.yaml",
        "mdsim play depeg.yaml --set coin=USDC-USD",
    ),
    "MD066": Explanation(
        "a --set that does not fit",
        "The playbook has no such parameter, or the value is not of the declared type, or out of its bounds.",
        "mdsim play crash.yaml --set drop=12",
        "mdsim play crash.yaml --set drop=-12%",
    ),
    "MD067": Explanation(
        "a parameter that is not closed",
        "$(name) puts a parameter inside a longer word; its bracket must be closed.",
        "symbol: $(coin-USD",
        "symbol: $(coin)-USD",
    ),
    "MD068": Explanation(
        "an instrument that does not exist",
        "Instruments are written BASE-QUOTE in capitals. Patterns and the word all may stand in 'symbols' "
        "alone.",
        "symbol: BTCUSD",
        "symbol: BTC-USD",
    ),
    "MD069": Explanation(
        "a pattern that matches nothing",
        "A pattern covers instruments that are on: on by default, or named elsewhere in the playbook.",
        "symbols: 'UST*'",
        "symbols: UST-USD",
    ),
    "MD070": Explanation(
        "an instrument named twice",
        "Two entries for one instrument leave open which counts.",
        "symbols: [BTC-USD, BTC-USD]",
        "symbols: [BTC-USD, ETH-USD]",
    ),
    "MD071": Explanation(
        "a curve that does not exist",
        "'mdsim list curves' shows those there are, with their arguments.",
        "curve: exponential",
        "curve: exp",
    ),
    "MD073": Explanation(
        "keyframes out of order",
        "The points of a path stand in the order of their times, each time once.",
        "path: [{at: 5m, by: -3%}, {at: 2m, by: -1%}]",
        "path: [{at: 2m, by: -1%}, {at: 5m, by: -3%}]",
    ),
    "MD074": Explanation(
        "a draw where one duration belongs",
        "30s..2m is drawn from the seed. That is possible for wait, every, over and the 'for' of a step; "
        "phases, timeouts and schedules have fixed times.",
        "- {name: calm, for: 1m..5m}",
        "- name: calm\n  steps:\n    - wait: 1m..5m",
    ),
    "MD075": Explanation(
        "a wait that may never end",
        "A wait for a condition needs a timeout, unless something around it has 'for' or 'timeout'.",
        "wait: {until: price(BTC-USD) < 50000}",
        "wait: {until: price(BTC-USD) < 50000, timeout: 10m}",
    ),
    "MD076": Explanation(
        "a repeat that may never end",
        "A repeat needs 'times' or 'for', or 'until' inside something that has 'for' or 'timeout'.",
        "repeat: {every: 5m, steps: [{mark: again}]}",
        "repeat: {every: 5m, times: 4, steps: [{mark: again}]}",
    ),
    "MD077": Explanation(
        "a repeat that stands still",
        "Its steps take no time, so it would go round for ever at one instant.",
        "repeat: {for: 5m, steps: [{mark: again}]}",
        "repeat: {for: 5m, every: 30s, steps: [{mark: again}]}",
    ),
    "MD078": Explanation(
        "a choice of nothing",
        "At least one branch needs a weight above 0.",
        "choose: [{weight: 0, steps: [{mark: a}]}]",
        "choose: [{weight: 1, steps: [{mark: a}]}]",
    ),
    "MD079": Explanation(
        "a baseline that does not fit together",
        "The base feed is one of those installed; a replay needs a dataset, shipped or a path, and only a "
        "synthetic feed takes start prices.",
        "baseline: {source: replay}",
        "baseline: {source: replay, dataset: 2024-08-05}",
    ),
    "MD080": Explanation(
        "a start that is no instant",
        "Instants are RFC 3339 dates or times; without a zone they are UTC.",
        "start: 5 August 2024",
        "start: 2024-08-05T00:00Z",
    ),
    "MD081": Explanation(
        "an asset that does not exist",
        "Start prices are given in USD by asset, not by instrument.",
        "prices: {BTC-USD: 60000}",
        "prices: {BTC: 60000}",
    ),
    "MD082": Explanation(
        "a phase that does not exist",
        "--only takes names of phases of the playbook.",
        "mdsim play depeg.yaml --only panick",
        "mdsim play depeg.yaml --only panic",
    ),
    "MD083": Explanation(
        "an end after the end",
        "The steps of 'finally' run when the run is over: there is nothing left to stop, fail or pause.",
        "finally:\n  - stop:",
        "finally:\n  - restore: {symbols: all}",
    ),
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
        "a weight where nothing is scaled",
        "A weight scales a change. 'to' is a price that is reached exactly, and 'restore' takes the whole "
        "offset off, so it has no meaning there.",
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
    "MD120": Explanation(
        "a market step that asks for nothing",
        "A market step says what is different while it is in force: one or more of 'spread', 'depth', "
        "'volume', 'volatility' and 'trades'.",
        "market: {symbols: all}",
        "market: {symbols: all, spread: 20x, depth: 10%}",
    ),
    "MD121": Explanation(
        "how volatility acts, without volatility",
        "'keep_trend' and 'pattern' say how the base feed's movement is scaled, 'volatility' by how much: "
        "the first two mean nothing without the third.",
        "market: {symbol: BTC-USD, pattern: mean-reverting}",
        "market: {symbol: BTC-USD, volatility: 3x, pattern: mean-reverting}",
    ),
    "MD122": Explanation(
        "a weight in a condition",
        "A weight scales a move. A condition such as a wider spread holds for an instrument or does not; "
        "different factors are different steps, in lanes.",
        "market: {symbols: {BTC-USD: 1, ETH-USD: 2}, spread: 10x}",
        "market: {symbols: [BTC-USD, ETH-USD], spread: 10x}",
    ),
    "MD123": Explanation(
        "a correlation of one",
        "A correlation is between two assets or more. 'all' means the non-stable assets quoted in USD that "
        "are switched on.",
        "correlate: {symbols: BTC-USD, to: 0.95}",
        "correlate: {symbols: [BTC-USD, ETH-USD], to: 0.95}",
    ),
    "MD124": Explanation(
        "a correlation of what follows",
        "A correlation acts on assets, each named by its price in USD. Cross rates and perpetuals follow "
        "their legs, so that no false arbitrage appears.",
        "correlate: {symbols: [BTC-USD, BTC-ETH], to: 0}",
        "correlate: {symbols: [BTC-USD, ETH-USD], to: 0}",
    ),
    "MD125": Explanation(
        "too many assets for one correlation",
        "The work of a correlation grows with the square of its assets in every step of the base feed, so "
        "one step takes eight at most.",
        "",
        "",
    ),
    "MD126": Explanation(
        "a correlation that does not exist",
        "Of three assets two must go the same way now and then: n assets cannot all be correlated by less "
        "than -1 / (n - 1). The nearest matrix that exists is used. This is a warning.",
        "correlate: {symbols: [BTC-USD, ETH-USD, USDT-USD], to: -0.9}",
        "correlate: {symbols: [BTC-USD, ETH-USD], to: -0.9}",
    ),
    "MD127": Explanation(
        "it ends before it is reached",
        "'over' is the time that a correlation takes to get to its target, 'for' how long it is in force, "
        "from the same instant on. Where either is drawn, its shortest value counts.",
        "correlate: {symbols: all, to: 0.95, over: 5m, for: 2m}",
        "correlate: {symbols: all, to: 0.95, over: 5m, for: 20m}",
    ),
    "MD140": Explanation(
        "a parameter that is not used",
        "Setting it would change nothing, which is seldom meant. This is a warning.",
        "params: {drop: {type: change, default: -5%}}\n… by: -5%",
        "params: {drop: {type: change, default: -5%}}\n… by: $drop",
    ),
    "MD141": Explanation(
        "a step that is cut",
        "A phase with 'for' lasts exactly that long; what is still at work then is cut, and a move keeps "
        "the level that it reached. This is a warning.",
        "- name: panic\n  for: 1h\n  steps: [{wait: 2h}]",
        "- name: panic\n  for: 2h\n  steps: [{wait: 2h}]",
    ),
    "MD142": Explanation(
        "two prices for one symbol at once",
        "Two moves 'to' a price overlap in time, and one symbol cannot be at two prices. Moves 'by' a change "
        "add up and may overlap. Where 'when' guards one of them this is a warning, and where it cannot be "
        "seen beforehand the later one wins, with a move_replaced in the journal.",
        "lanes:\n  a: [{move: {symbol: BTC-USD, to: 50000, over: 5m}}]\n"
        "  b: [{move: {symbol: BTC-USD, to: 40000, over: 5m}}]",
        "steps:\n  - move: {symbol: BTC-USD, to: 50000, over: 5m}\n"
        "  - move: {symbol: BTC-USD, to: 40000, over: 5m}",
    ),
    "MD143": Explanation(
        "a step that never runs",
        "'stop' and 'fail' end the run, so nothing behind them in the list happens. This is a warning.",
        "- stop: done\n- expect: price(BTC-USD) < 50000",
        "- expect: price(BTC-USD) < 50000\n- stop: done",
    ),
    "MD144": Explanation(
        "a timeout that cannot run out",
        "The phase ends before it. The step is then cut and neither holds nor fails by its own timeout. "
        "This is a warning.",
        "- name: panic\n  for: 5m\n  steps: [{wait: {until: price(BTC-USD) < 50000, timeout: 10m}}]",
        "- name: panic\n  for: 5m\n  steps: [{wait: {until: price(BTC-USD) < 50000, timeout: 4m}}]",
    ),
    "MD145": Explanation(
        "a matrix that is not expanded",
        "'matrix' and 'seeds' describe many runs; 'play' makes one, with the defaults and --set. This is a "
        "warning.",
        "mdsim play divergence.yaml",
        "mdsim play divergence.yaml --set gap=-8% --seed 3",
    ),
    "MD146": Explanation(
        "nothing was recorded to follow",
        "'history' takes each symbol along the recording of its base asset, and each crisis has recordings "
        "of some assets only. 'mdsim list crises' names them.",
        "move: {symbols: [BTC-USD, ETH-USD], history: 2020-03-12}",
        "move: {symbol: BTC-USD, history: 2020-03-12}",
    ),
    "MD147": Explanation(
        "what does not go with a history",
        "A recorded crisis takes time, and each symbol follows its own recording, so that neither a "
        "correlation nor a lag of followers means anything to it.",
        "move: {symbols: all, history: 2021-05-19, lag: 2s}",
        "move: {symbols: all, history: 2021-05-19, over: 6h}",
    ),
    "MD148": Explanation(
        "a scale without a history",
        "'scale' says how far the prices of a recorded crisis go: 50% takes half of each move in log price. "
        "A move of your own has its size written.",
        "move: {symbol: BTC-USD, by: -20%, scale: 50%}",
        "move: {symbol: BTC-USD, history: 2021-05-19, scale: 50%}",
    ),
    "MD150": Explanation(
        "no gap to itself",
        "A basis is the gap between two instruments: 'base' stays, and 'target' moves.",
        "basis: {base: BTC-USD, target: BTC-USD, to: -3%}",
        "basis: {base: BTC-USD, target: BTC-USD-PERP, to: -3%}",
    ),
    "MD151": Explanation(
        "a gap between two assets",
        "A gap is between two prices of one asset, such as spot and perpetual; the ratio of two assets is "
        "no gap.",
        "basis: {base: ETH-USD, target: BTC-USD-PERP, to: -3%}",
        "basis: {base: BTC-USD, target: BTC-USD-PERP, to: -3%}",
    ),
    "MD152": Explanation(
        "a gap between two currencies",
        "Both prices must be in the same currency, or both in dollars and stablecoins; the ratio of a price "
        "in dollars to one in ETH says nothing.",
        "basis: {base: BTC-USD, target: BTC-ETH, to: -3%}",
        "basis: {base: BTC-USD, target: BTC-USDT, to: -3%}",
    ),
    "MD170": Explanation(
        "the plan goes past a limit of deviation",
        "Before a run starts, its plan is rehearsed on a market that stands still, every branch of it. The "
        "farthest that a published price gets from the base feed's is compared with the strictest limit "
        "there is: 'limits' of the playbook holds everywhere, MAX_PRICE_DEVIATION on a server.",
        "limits: {max_deviation: 10%}\nsteps:\n  - move: {symbol: BTC-USD, by: -12%, over: 10m}",
        "limits: {max_deviation: 15%}\nsteps:\n  - move: {symbol: BTC-USD, by: -12%, over: 10m}",
    ),
    "MD171": Explanation(
        "the plan goes past a limit of time",
        "The longest that a plan may take, with every timeout counted in full, is compared with the "
        "strictest limit there is: 'limits' of the playbook holds everywhere, SCENARIO_TIMEOUT_HOURS on a "
        "server.",
        "limits: {max_duration: 1h}\nphases:\n  - {name: calm, for: 2h}",
        "limits: {max_duration: 1h}\nphases:\n  - {name: calm, for: 30m}",
    ),
    "MD172": Explanation(
        "a server would refuse this run",
        "Offline nobody is connected, so the run goes on. On a server, where others read the prices, it "
        "would be refused: the message names the limit and what goes past it.",
        "mdsim play crash.yaml --set drop=-40%",
        "MAX_PRICE_DEVIATION=0.45 mdsim play crash.yaml --set drop=-40%",
    ),
    "MD173": Explanation(
        "a limit in the environment cannot be read",
        "MAX_PRICE_DEVIATION is a fraction such as 0.25, SCENARIO_TIMEOUT_HOURS a number of hours such as "
        "48; both are greater than 0.",
        "MAX_PRICE_DEVIATION=25% mdsim play crash.yaml",
        "MAX_PRICE_DEVIATION=0.25 mdsim play crash.yaml",
    ),
    "MD200": Explanation(
        "a step that a base feed cannot take",
        "A base feed moves its prices on a grid of its own, between one millisecond and one hour "
        "apart. Finer is no market, and coarser would skip whole bars.",
        "baseline: {source: synthetic, cycle: 0s}",
        "baseline: {source: synthetic, cycle: 1s}",
    ),
    "MD201": Explanation(
        "a start price for something that is no asset",
        "Start prices are given in USD by asset code (BTC, ETH, USDT, …), not by instrument. USD "
        "itself is always worth one.",
        "baseline: {prices: {BITCOIN: 60000}}",
        "baseline: {prices: {BTC: 60000}}",
    ),
    "MD202": Explanation(
        "a start price that is none",
        "A start price must be a number above zero.",
        "baseline: {prices: {BTC: 0}}",
        "baseline: {prices: {BTC: 60000}}",
    ),
    "MD203": Explanation(
        "a dataset that nothing reads",
        "The synthetic feed makes its prices up and reads no recording, so a dataset beside it would "
        "be ignored.",
        "baseline: {source: synthetic, dataset: 2024-08-05}",
        "baseline: {source: replay, dataset: 2024-08-05}",
    ),
    "MD204": Explanation(
        "there is no such dataset",
        "The name is none of the datasets that travel with mdsim ('mdsim list datasets'), and there "
        "is no file or folder of that name either.",
        "dataset: 2024-08-06",
        "dataset: 2024-08-05",
    ),
    "MD205": Explanation(
        "a folder without a description",
        "A folder is a dataset when it holds a dataset.json that says which file holds which "
        "instrument, in which currency. A single CSV file needs none if its name tells the "
        "instrument.",
        "dataset: recordings/",
        '{"name": "mine", "about": "a test", "instruments": {"BTC-USDT": {"file": "btc.csv.gz", '
        '"quote": "USDT", "kind": "bars", "interval": "5m"}}}',
    ),
    "MD206": Explanation(
        "a dataset.json that cannot be used",
        "The description of a dataset is no JSON, lacks a field, or contradicts its files. Needed "
        "are name, about and instruments; each instrument needs file, quote and kind (bars, trades "
        "or quotes); interval, range, licence and source may be given.",
        '{"instruments": {"BTC-USDT": "btc.csv"}}',
        '{"name": "mine", "about": "a test", "instruments": {"BTC-USDT": {"file": "btc.csv", '
        '"quote": "USDT", "kind": "trades"}}}',
    ),
    "MD207": Explanation(
        "a recorded instrument that mdsim does not know",
        "A dataset may hold the instruments of mdsim and spot pairs of two assets that mdsim knows; "
        "its prices must be quoted in a known asset.",
        '"instruments": {"XBT-USD": …}',
        '"instruments": {"BTC-USD": …}',
    ),
    "MD208": Explanation(
        "a file name that does not tell its instrument",
        "A single CSV file is replayed as the instrument that its name holds, such as BTCUSDT, "
        "BTC-USD or, with the word PERP, a perpetual. This name holds none, several, or one that "
        "mdsim does not know.",
        "dataset: prices.csv",
        "dataset: BTCUSDT_5m.csv",
    ),
    "MD209": Explanation(
        "a replay without a recording",
        "A replay plays a dataset: name one.",
        "baseline: {source: replay}",
        "baseline: {source: replay, dataset: 2024-08-05}",
    ),
    "MD210": Explanation(
        "a recording that cannot be read",
        "The file is missing, is a folder, or may not be read by this user.",
        "",
        "",
    ),
    "MD211": Explanation(
        "a recording that is no text",
        "A recording is CSV text, plain or gzipped. This file holds bytes that are no plain text.",
        "",
        "",
    ),
    "MD212": Explanation(
        "damaged gzip data",
        "The file begins as gzip and breaks off or is damaged; nothing of it is used.",
        "",
        "",
    ),
    "MD213": Explanation(
        "an empty recording",
        "The file holds nothing, or a header without rows.",
        "",
        "",
    ),
    "MD214": Explanation(
        "a header that is none",
        "The first line must name the columns, in any order; columns that are not needed are passed "
        "over. Bars need timestamp_ms, open, high, low and close; trades need timestamp_ms and "
        "price; quotes need timestamp_ms, bid and ask.",
        "time,close",
        "timestamp_ms,open,high,low,close,volume",
    ),
    "MD215": Explanation(
        "a line with a wrong number of columns",
        "Every line must have as many columns as the header. A shorter one is often the end of a "
        "file that was cut off.",
        "",
        "",
    ),
    "MD216": Explanation(
        "a field that is no number",
        "Prices are finite decimal numbers with a point, and stamps are whole numbers. NaN and "
        "infinity are no prices.",
        "1722816000000,NaN",
        "1722816000000,58161.00",
    ),
    "MD217": Explanation(
        "a price that is not above zero",
        "Prices must be above zero; recordings sometimes write 0 for 'no trade'.",
        "1722816000000,0",
        "1722816000000,58161.00",
    ),
    "MD218": Explanation(
        "a bar that contradicts itself",
        "Open and close must lie between low and high.",
        "1722816000000,100,99,98,99",
        "1722816000000,100,101,98,99",
    ),
    "MD219": Explanation(
        "a stamp that is not in milliseconds",
        "Stamps are milliseconds since 1970 in UTC. This one would lie before 1973 or after 2200, so "
        "it is probably in seconds, microseconds or nanoseconds.",
        "1722816000,58161.00",
        "1722816000000,58161.00",
    ),
    "MD220": Explanation(
        "time that does not go forward",
        "Each bar must be later than the one before; trades and quotes may share a stamp, but never go back.",
        "",
        "",
    ),
    "MD221": Explanation(
        "missing bars",
        "Bars must follow one another without a gap. A gap is refused because a price that is made "
        "up across it would look recorded.",
        "",
        "",
    ),
    "MD222": Explanation(
        "a bid above its ask",
        "The price of a quote is the mid between bid and ask; a crossed book has none.",
        "1722816000000,101,100",
        "1722816000000,100,101",
    ),
    "MD223": Explanation(
        "a recording that is too large",
        "A recording may unpack to 256 MiB of text, about four million rows. Cut it to the days that "
        "are needed.",
        "",
        "",
    ),
    "MD224": Explanation(
        "bars of unknown length",
        "The length of bars is told from the distance of two of them, or from 'interval' in dataset.json.",
        "",
        "",
    ),
    "MD230": Explanation(
        "a start outside the recording",
        "The start must lie inside the time that every file of the dataset covers; the message gives "
        "that time.",
        "baseline: {source: replay, dataset: 2024-08-05, start: 2024-09-01T00:00:00Z}",
        "baseline: {source: replay, dataset: 2024-08-05, start: 2024-08-05T00:00:00Z}",
    ),
    "MD231": Explanation(
        "a run longer than what is left of the recording",
        "Counted with all its timeouts, the playbook may take longer than the recording goes on from "
        "the start. The message gives the latest start that fits.",
        "baseline: {source: replay, dataset: 2024-08-05, start: 2024-08-09T23:00:00Z}",
        "baseline: {source: replay, dataset: 2024-08-05, start: 2024-08-05T00:00:00Z}",
    ),
    "MD232": Explanation(
        "the recording is over",
        "The run went on past the last recorded price. Nothing is made up in its place.",
        "",
        "",
    ),
    "MD233": Explanation(
        "recordings without a common time",
        "All files of a dataset are played together, so they must overlap.",
        "",
        "",
    ),
    **RUNNING,
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
    "MD337": Explanation(
        "the system said no",
        "A file or a stream could not be written or read while mdsim was at work: a full disk, missing "
        "rights, a file that vanished. Nothing is known about the run then, so the exit code is 4.",
        "mdsim play crash.yaml > /dev/full",
        "mdsim play crash.yaml > somewhere/with/room",
    ),
    **RUNS,
    **CHAOS,
    "MD380": Explanation(
        "no journal of a run",
        "A report is drawn from what a run has written: the folder that 'mdsim play --journal' was given, or "
        "the journal.jsonl inside it.",
        "mdsim report playbook.yaml",
        "mdsim play crash.yaml --journal runs/1\nmdsim report runs/1",
    ),
    "MD381": Explanation(
        "a journal that cannot be read",
        "Each line of a journal is one JSON object with an entry, a time and a path, the first of them "
        "'run_started'. The message names the line that is something else.",
        "mdsim report runs/1 (where journal.jsonl was edited by hand)",
        "mdsim play crash.yaml --journal runs/2\nmdsim report runs/2",
    ),
    "MD382": Explanation(
        "a series that cannot be read",
        "The prices of a run lie in series.json beside its journal, in a format with a version. The file is "
        "damaged, of another version, or of another run than the journal.",
        "mdsim report runs/1 (with the series.json of runs/2)",
        "mdsim play crash.yaml --journal runs/3\nmdsim report runs/3",
    ),
    "MD383": Explanation(
        "the report cannot be written",
        "The system refuses to write there, or the folder does not exist.",
        "mdsim play crash.yaml --report missing/out.html",
        "mkdir -p reports\nmdsim play crash.yaml --report reports/out.html",
    ),
    "MD384": Explanation(
        "a report is a page",
        "A report is written over what lies there, so its name must end in .html: a slip of the hand must "
        "not overwrite a playbook.",
        "mdsim play crash.yaml --report crash.yaml",
        "mdsim play crash.yaml --report crash.html",
    ),
    **STREAMING,
    **GRPC,
    **SETTINGS,
    **HTTP,
    **CLIENT,
    **SERVING,
    **FEED,
    **FAULTS,
    **OFFERING,
    **PLAYING,
    **PROVIDERS,
    **TESTKIT,
    **RECORDING,
    "MD929": Explanation(
        "the figures of a crisis cannot be used",
        "Internal: a file under mdsim/datasets/crises is missing or breaks the rules of its kind. They are "
        "written by tools/derive_crises.py and checked by a test; please report it.",
        "",
        "",
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
    "MD933": Explanation(
        "no correlation matrix",
        "Internal: an estimate of how assets move together was out of all bounds; please report it.",
        "",
        "",
    ),
}
