"""What the codes MD235-MD299 mean: asking a market, and keeping a run's journal."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

RUNNING: dict[str, Explanation] = {
    "MD235": Explanation(
        "a market profile that does not exist",
        "A profile holds the calm values of spread, depth and trades for one kind of venue.",
        "profile: liquid",
        "profile: liquid-usdt",
    ),
    "MD236": Explanation(
        "trades that are no longer kept",
        "Prints can be asked for within a bounded time of their making; further back they are forgotten, and "
        "the answer is this error rather than a gap.",
        "",
        "",
    ),
    "MD251": Explanation(
        "a probe that does not run",
        "A condition asks for a field of a probe, and no probe of that name watches this run.",
        "expect: risk.mode == HALTED",
        "probes: {risk: {http: GET http://127.0.0.1:8080/v1/risk, every: 1s, values: {mode: /mode}}}",
    ),
    "MD252": Explanation(
        "an instrument outside this market",
        "A condition asks for an instrument that the run's base feed does not price.",
        "expect: price(USDE-USD) > 0.9   # on a recording without USDE",
        "expect: price(USDT-USD) > 0.9",
    ),
    "MD253": Explanation(
        "a metric that this market does not measure",
        "The metric is part of the language, but nothing on this market measures it; an answer would be made "
        "up. `mdsim list metrics` shows what is measured.",
        "expect: sources(BTC-USD) >= 3   # on a market without sources",
        "expect: price(BTC-USD) > 50000",
    ),
    "MD254": Explanation(
        "a source that this market does not have",
        "A condition or a step names a source, and the market rests on others. Offline the venues that are "
        "simulated have the providers' names; `mdsim list sources` shows them.",
        "wait: {until: age(BTC-USD@bitstamp) > 5s, timeout: 1m}",
        "wait: {until: age(BTC-USD@kraken) > 5s, timeout: 1m}",
    ),
    "MD261": Explanation(
        "a journal that exists already",
        "A journal is evidence and is never overwritten or appended to.",
        "mdsim play crash.yaml --journal runs/a   # for the second time",
        "mdsim play crash.yaml --journal runs/b",
    ),
    "MD262": Explanation(
        "a journal that cannot be written",
        "The folder cannot be made or written to: rights, a full disk, or a file of that name.",
        "mdsim play crash.yaml --journal /proc/runs",
        "mdsim play crash.yaml --journal runs/a",
    ),
}
