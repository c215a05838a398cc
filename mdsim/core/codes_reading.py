"""Codes of reading text: files (MD001-MD019), values (MD020-MD029), conditions (MD030-MD049)."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

READING: dict[str, Explanation] = {
    "MD001": Explanation(
        "text that cannot be read",
        "A playbook is UTF-8 text, with or without a byte order mark. Bytes that are no UTF-8, other "
        "encodings and control characters are refused: they are invisible in an editor and can steer a "
        "terminal.",
        "a file saved as UTF-16",
        "the same file saved as UTF-8",
    ),
    "MD002": Explanation(
        "a playbook that is too large",
        "A playbook is at most 256 KiB. Playbooks can arrive over the network, so the size is checked "
        "before anything looks at the text. Prices belong into a dataset, not into a playbook.",
        "a path of 20,000 keyframes",
        "baseline: {source: replay, dataset: my-recording}",
    ),
    "MD003": Explanation(
        "an empty playbook",
        "The file holds nothing but blanks and comments.",
        "# my first playbook",
        "mdsim: 1\nphases:\n  - name: calm\n    for: 2m",
    ),
    "MD004": Explanation(
        "text that is not YAML",
        "The structure of the text cannot be read: a bracket or a quote is not closed, a line is "
        "indented with a tab or fits no line above, or a value holds ': '. Nothing after this place has "
        "been looked at.",
        "steps: [wait: 5m\nname: calm",
        "steps: [wait: 5m]\nname: calm",
    ),
    "MD005": Explanation(
        "more than one document",
        "A line '---' begins a second YAML document. One file holds one playbook.",
        "mdsim: 1\n---\nmdsim: 1",
        "two files",
    ),
    "MD006": Explanation(
        "a playbook that is no mapping",
        "The outermost level of a playbook is a mapping: keys such as mdsim, name and phases with their "
        "values. A space after each ':' is part of it.",
        "- wait: 5m",
        "mdsim: 1\nsteps:\n  - wait: 5m",
    ),
    "MD007": Explanation(
        "a key written twice",
        "Many YAML readers keep the last of two equal keys without a word, so that half of a step is "
        "lost. mdsim refuses both.",
        "move: {symbol: BTC-USD, by: -5%, by: -10%, over: 5m}",
        "move: {symbol: BTC-USD, by: -10%, over: 5m}",
    ),
    "MD008": Explanation(
        "a merge key",
        "YAML's '<<' merges mappings by rules that few readers know, and hides where a value comes "
        "from. Anchors and aliases of whole values are supported.",
        "calm: {<<: *base, for: 2m}",
        "calm: *base",
    ),
    "MD009": Explanation(
        "a tag",
        "A word that begins with '!' is a tag in YAML: it asks the reader to build some other type. "
        "mdsim types every value by its place and follows no tag.",
        "name: !important",
        'name: "!important"',
    ),
    "MD010": Explanation(
        "an alias without an anchor",
        "A word that begins with '*' is an alias in YAML and stands for what was anchored with '&'. A "
        "glob must therefore be quoted. An alias cannot stand inside its own anchor.",
        "symbols: *-USD",
        'symbols: "*-USD"',
    ),
    "MD011": Explanation(
        "too many values",
        "A playbook holds at most 20,000 keys and values, counted after aliases are expanded. A few "
        "lines of nested aliases could otherwise stand for billions.",
        "lists of aliases of lists of aliases",
        "repeat: {times: 1000, every: 1s, steps: [...]}",
    ),
    "MD012": Explanation(
        "a step that does not exist",
        "The word is no verb of the language. What stands below it is checked as if the nearest verb had "
        "been written, so that all problems show at once.",
        "- wiat: 5m",
        "- wait: 5m",
    ),
    "MD013": Explanation(
        "too deep",
        "Lists and mappings may be nested 40 levels deep, counted after aliases are expanded.",
        "a list in a list in a list, and so on",
        "lanes, phases and steps side by side",
    ),
    "MD014": Explanation(
        "a key that is no word",
        "Keys are words on one line. YAML would allow lists, mappings, aliases and nothing at all.",
        "[BTC-USD, ETH-USD]: 1.0",
        "BTC-USD: 1.0\nETH-USD: 1.0",
    ),
    "MD015": Explanation(
        "text that is not JSON",
        "A playbook was sent as JSON and breaks its grammar. Keys and text stand in double quotes, "
        "there is no comma after the last entry, and NaN and Infinity do not exist. Numbers are kept as "
        "written.",
        "{'mdsim': 1,}",
        '{"mdsim": 1}',
    ),
    "MD016": Explanation(
        "text that needs quotes or a space",
        "Some characters mean something else to YAML at the start of a value: > | ? % @ ` ! & *. And "
        "inside { } a ':' without a space after it does not end the key.",
        "wait: {until:$cond, timeout: 5m}",
        "wait: {until: $cond, timeout: 5m}",
    ),
    "MD020": Explanation(
        "a value that cannot be read",
        "The text is no value of the kind that belongs here. The help names the kind and an example. A "
        "clock such as 1:30 could be minutes or hours, so it is no duration.",
        "over: 1:30",
        "over: 1m30s",
    ),
    "MD021": Explanation(
        "a value without its unit",
        "A bare 0.12 could be 12 % or 0.12 %, a bare 90 seconds or milliseconds. Both readings have "
        "broken real tests, so durations, changes, shares, factors and rates must say their unit.",
        "move: {symbol: BTC-USD, by: -0.12, over: 90}",
        "move: {symbol: BTC-USD, by: -12%, over: 90s}",
    ),
    "MD022": Explanation(
        "a change without its sign",
        "A change says its direction: -12% or +12%. Only 0% needs no sign.",
        "by: 12%",
        "by: -12%",
    ),
    "MD023": Explanation(
        "a sign where there is none",
        "Shares, durations, factors, rates, prices and counts are never negative, and carry no plus "
        "sign either: the sign is what tells a change from a share.",
        "retrace: +60%",
        "retrace: 60%",
    ),
    "MD024": Explanation(
        "another unit",
        "The value has a unit, but not one that belongs here. Units are written one way only: d h m s "
        "ms us ns, % and bp, x, /s; durations go from large to small.",
        "over: 5 min",
        "over: 5m",
    ),
    "MD025": Explanation(
        "a number that is not written plainly",
        "Numbers are digits with at most one point between them. Separators, decimal commas, exponents, "
        "leading zeros, typographic minus signs, NaN and infinity are refused, because each is read "
        "differently somewhere.",
        "to: 49,000",
        "to: 49000",
    ),
    "MD026": Explanation(
        "a value out of its bounds",
        "The value can be read, but is smaller or larger than its key or its parameter allows, or a "
        "range runs downwards.",
        "retrace: 160%",
        "retrace: 100%",
    ),
    "MD027": Explanation(
        "a value that is too large or too fine",
        "Values are exact, and therefore bounded: 12 digits before the point and 18 after it, durations "
        "up to 3650d in whole nanoseconds, draws in whole milliseconds, counts up to 1,000,000,000.",
        "wait: 10000d",
        "wait: 3650d",
    ),
    "MD028": Explanation(
        "a word that is not in the list",
        "Only certain words may stand here; flags are true or false, and not yes, on or 1.",
        "isolated: yes",
        "isolated: true",
    ),
    "MD029": Explanation(
        "an empty value",
        "A value is needed here, and the text is empty or holds blanks only.",
        'over: ""',
        "over: 5m",
    ),
    "MD030": Explanation(
        "a condition that cannot be read",
        "A condition is METRIC OP VALUE, METRIC within LOW..HIGH or a flag, each with an optional 'for "
        "DURATION', joined by and, or, not and parentheses. The words are written in small letters.",
        "price(BTC-USD) < 50000 && risk.ok",
        "price(BTC-USD) < 50000 and risk.ok",
    ),
    "MD031": Explanation(
        "an unknown metric",
        "What is asked of the market is one of the metrics of the language; 'mdsim list metrics' names "
        "them. A symbol alone asks nothing.",
        "pric(BTC-USD) < 50000",
        "price(BTC-USD) < 50000",
    ),
    "MD032": Explanation(
        "an unknown symbol",
        "The symbol is none of the instruments of this market. Symbols are base and quote in capital "
        "letters, joined by a hyphen.",
        "price(BTCUSD) < 50000",
        "price(BTC-USD) < 50000",
    ),
    "MD033": Explanation(
        "an unknown source",
        "The age of a symbol can be asked of one source, and this run has no source of that name.",
        "age(BTC-USD@binanc) > 5s",
        "age(BTC-USD@binance) > 5s",
    ),
    "MD034": Explanation(
        "an unknown probe or field",
        "PROBE.field asks for a field of a probe's last answer; both are declared under 'probes'. Every "
        "probe has the flag 'ok'.",
        "rsk.mode == HALTED",
        "risk.mode == HALTED",
    ),
    "MD035": Explanation(
        "a comparison of unlike things",
        "Every metric has a kind, and is compared with a value of that kind: prices with prices, "
        "changes with signed percentages, ages with durations, states with their names. "
        "Metrics are not compared with each other: basis(T vs B) and deviation(S) exist for that.",
        "price(BTC-USD) < -5%",
        "change(BTC-USD over 5m) < -5%",
    ),
    "MD036": Explanation(
        "wrong arguments of a metric",
        "Some metrics look back over a window, some compare two symbols, and age may name a source. "
        "There are no commas, so that a condition stands in YAML without quotes.",
        "change(BTC-USD, 5m) < -5%",
        "change(BTC-USD over 5m) < -5%",
    ),
    "MD037": Explanation(
        "a comparison that does not exist",
        "The comparisons are < <= > >= == and !=.",
        "state(BTC-USD) = HALTED",
        "state(BTC-USD) == HALTED",
    ),
    "MD038": Explanation(
        "a condition that is too long or too deep",
        "A condition has at most 1,000 characters and 32 levels of parentheses and 'not'. Several short "
        "questions also give better reports than a long one.",
        "a generated condition of 5,000 characters",
        "several entries under expect",
    ),
    "MD039": Explanation(
        "an aggregate in the middle of a run",
        "min, max, mean, p99 and count look at every cycle of the run, so they can only be asked when "
        "it is over: in the playbook's own 'expect'. For the same reason they take no 'for'.",
        "steps:\n  - expect: max(spread(BTC-USD)) < 50bp",
        "expect:\n  - max(spread(BTC-USD)) < 50bp",
    ),
    "MD040": Explanation(
        "a chain of comparisons",
        "A comparison has one value on its right. A range is written with 'within', bounds included.",
        "price(USDT-USD) > 0.995 < 1.005",
        "price(USDT-USD) within 0.995..1.005",
    ),
    "MD041": Explanation(
        "an order among things that have none",
        "States, words and flags are equal or not; they are neither smaller nor larger than each other.",
        "risk.mode > NORMAL",
        "risk.mode != NORMAL",
    ),
    "MD042": Explanation(
        "no time to hold",
        "'for' asks that a condition holds for a while without a break. Where the playbook looks once ('if', "
        "'when', 'requires', an expectation without 'within'), or for less time than that, it can never come "
        "true. At the end of the run, 'expect' looks back.",
        "expect: spread(BTC-USD) > 20bp for 30s",
        "expect: {that: spread(BTC-USD) > 20bp for 30s, within: 5m}",
    ),
    "MD043": Explanation(
        "no past to ask",
        "'requires' is asked before anything runs, and change, volume, rate and correlation are unknown "
        "until a run has lasted for a while. What is unknown is not met, so the playbook would never run. "
        "This is a warning.",
        "requires: [change(BTC-USD over 5m) > -1%]",
        "requires: [price(BTC-USD) > 10000]",
    ),
}
