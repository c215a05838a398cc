"""The tables of docs/performance.md, written from docs/performance.json; the words between them are by hand.

``python -m docs.performance_page`` takes the last results of ``make bench`` into docs/performance.json, and
``make docs`` writes the tables from there. The check of freshness is thus one of form: nobody has to
measure again for a page to be fresh.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parent / "performance.json"
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
TABLE = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)
UNMEASURED = "Not measured yet: `make bench`, then `python -m docs.performance_page`.\n"
MINUTE_S = 60.0


def page(text: str, figures: dict[str, Any]) -> str:
    """The page with every table made again.

    Raises:
        KeyError: the page asks for a table that nobody knows.
    """

    def table(found: re.Match[str]) -> str:
        whole = figures.get(found["name"].split("__")[0])
        make = TABLES[found["name"]]
        return found[1] + (UNMEASURED if whole is None else f"{make(whole['rows'])}\n{_taken(whole)}\n")

    return TABLE.sub(table, text)


def _taken(whole: dict[str, Any]) -> str:
    machine = whole["machine"]
    parts = [machine["python"], f"{machine['cores']} cores", machine["system"], whole.get("taken", "")]
    if "load_1m_after" in whole:
        parts.append(f"load average {whole['load_1m_after']} at its end")
    return f"*{', '.join(part for part in parts if part)}*\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *[[str(cell) for cell in row] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


Column = tuple[str, str]
"""A heading, and the format of its cells: it names keys of a row, ``{share:.0%}``."""

ROOMS: Sequence[Column] = [("room", "{room}"), ("µs a cycle", "{us}"), ("share", "{shown_share}")]
VIRTUAL_TIME: Sequence[Column] = [
    ("playbook", "{name}"),
    ("instruments", "{instruments}"),
    ("cycle", "{cycle_s:g} s"),
    ("market time", "{lasted_h:g} h"),
    ("cycles", "{cycles:,}"),
    ("wall", "{wall_s:.2f} s"),
    ("of a core", "{cpu_s:.2f} s"),
    ("µs a cycle", "{cycle_us:.1f}"),
]
FAN_OUT: Sequence[Column] = [
    ("server", "{server}"),
    ("readers", "{readers:,}"),
    ("CPU µs a message", "{cpu_us:.2f}"),
    ("of the C loop", "{shown_of_c}"),
    ("p50 ms", "{p50_ms:.1f}"),
    ("p99 ms", "{p99_ms:.1f}"),
    ("lost", "{lost}"),
    ("MB", "{memory_mb:.0f}"),
]
GRPC: Sequence[Column] = [
    ("server", "{server}"),
    ("instruments", "{instruments}"),
    ("streams", "{streams}"),
    ("updates", "{messages:,}"),
    ("lost", "{lost_ticks}"),
    ("CPU µs an update", "{cpu_us_per_message:.1f}"),
    ("p50 ms", "{p50_ms:.1f}"),
    ("p99 ms", "{p99_ms:.1f}"),
    ("MB", "{rss_mb:.0f}"),
]
LATENCY: Sequence[Column] = [
    ("case", "{case}"),
    ("instruments", "{instruments}"),
    ("readers", "{readers}"),
    ("every ms", "{interval_ms:g}"),
    ("p50 ms", "{p50_ms:.2f}"),
    ("p99 ms", "{p99_ms:.2f}"),
    ("due p50 ms", "{due_p50_ms:.2f}"),
    ("due p99 ms", "{due_p99_ms:.2f}"),
    ("came", "{came:.2%}"),
    ("CPU", "{cpu_share:.0%}"),
    ("starved", "{starved_share:.1%}"),
]
INGEST_LATENCY: Sequence[Column] = [
    ("cycle every ms", "{interval_ms:g}"),
    ("changes", "{changes}"),
    ("seen", "{seen}"),
    ("p50 ms", "{p50_ms:.2f}"),
    ("p99 ms", "{p99_ms:.2f}"),
    ("worst ms", "{worst_ms:.2f}"),
    ("CPU", "{cpu_share:.0%}"),
    ("starved", "{starved_share:.1%}"),
]
REST: Sequence[Column] = [
    ("server", "{server}"),
    ("path", "`{path}`"),
    ("requests a second", "{per_s:,.0f}"),
    ("CPU µs", "{cpu_us:.0f}"),
    ("p50 ms", "{p50_ms:.1f}"),
    ("p99 ms", "{p99_ms:.1f}"),
    ("failed", "{failed}"),
]
MEMORY: Sequence[Column] = [
    ("state", "{state}"),
    ("MB", "{memory_mb:.0f}"),
    ("descriptors", "{descriptors}"),
]
HOSTILE: Sequence[Column] = [
    ("beside", "{case}"),
    ("readers", "{readers:,}"),
    ("p99 ms alone", "{alone_p99_ms:.1f}"),
    ("p99 ms beside", "{p99_ms:.1f}"),
    ("ratio", "{ratio:.2f}"),
    ("lost", "{lost}"),
    ("thrown out", "{gone}"),
    ("CPU alone", "{alone_cpu_share:.0%}"),
    ("CPU beside", "{cpu_share:.0%}"),
]
CRASH: Sequence[Column] = [
    ("instrument", "{symbol}"),
    ("planned low", "{planned_low:.3%}"),
    ("published low", "{low:.3%}"),
    ("worst distance from plan", "{worst:.3%}"),
    ("after the release", "{after:.3%}"),
    ("ticks", "{ticks}"),
]
SOAK: Sequence[Column] = [
    ("minute", "{minute:.0f}"),
    ("MB", "{memory_mb:.1f}"),
    ("descriptors", "{descriptors}"),
    ("p99 ms", "{p99_ms:.1f}"),
    ("CPU", "{cpu_share:.0%}"),
]


def _formed(columns: Sequence[Column], rows: Iterable[dict[str, Any]]) -> str:
    """Rows in columns."""
    heads = [head for head, _ in columns]
    return _table(heads, ([form.format_map(row) for _, form in columns] for row in rows))


def _rooms(rows: list[dict[str, Any]]) -> str:
    return _formed(
        ROOMS, (row | {"shown_share": f"{row['share']:.0%}" if row["share"] else ""} for row in rows)
    )


def _virtual_time(rows: list[dict[str, Any]]) -> str:
    more = (
        {
            "cycle_s": row["cycle_ns"] / 1e9,
            "lasted_h": row["lasted_ns"] / 3.6e12,
            "cycle_us": row["cpu_s"] / row["cycles"] * 1e6,
        }
        for row in rows
    )
    return _formed(VIRTUAL_TIME, (row | new for row, new in zip(rows, more, strict=True)))


def _fan_out(rows: list[dict[str, Any]]) -> str:
    return _formed(
        FAN_OUT,
        (row | {"shown_of_c": f"{row['cpu_of_c']:.2f}" if row.get("cpu_of_c") else ""} for row in rows),
    )


def _plain(rows: list[dict[str, Any]]) -> str:
    """Any flat rows, as they are."""

    def cell(value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        return f"{value:g}" if isinstance(value, float) else str(value)

    heads = list(dict.fromkeys(key for row in rows for key in row))
    named = (head.replace("_per_s", " a second").replace("_", " ") for head in heads)
    return _table(named, ([cell(row.get(head, "")) for head in heads] for row in rows))


def _hostile(rows: dict[str, Any]) -> str:
    return _formed(HOSTILE, rows["beside"])


def _flood(rows: dict[str, Any]) -> str:
    flood = rows["flood"]
    if flood is None:
        return UNMEASURED
    answers = [(f"answered {what}", f"{count:,}") for what, count in flood["answered"].items()]
    return _table(
        (f"{flood['attempted']:,} connections", ""),
        (
            *answers,
            ("streaming at the end", f"{flood['ticks']:,}"),
            ("the readers' p99, alone → beside", f"{flood['alone_p99_ms']:.1f} → {flood['p99_ms']:.1f} ms"),
            ("lost by the readers; thrown out", f"{flood['lost']}; {flood['gone']}"),
            (
                "memory before → at its peak → after",
                " → ".join(f"{flood[f'memory_{when}_mb']:.0f}" for when in ("before", "peak", "after"))
                + " MB",
            ),
            ("descriptors before → after", f"{flood['descriptors_before']} → {flood['descriptors_after']}"),
            ("it lasted", f"{flood['lasted_s']:.0f} s"),
            (
                "of which the server ran, was ready but kept waiting by others",
                f"{flood['cpu_share']:.0%}, {flood['starved_share']:.0%}",
            ),
        ),
    )


def _crash(rows: dict[str, Any]) -> str:
    instruments = _formed(CRASH, rows["instruments"])
    return (
        f"{instruments}\n{rows['readers']:,} readers: p99 {rows['calm_p99_ms']:.1f} ms before and "
        f"{rows['crash_p99_ms']:.1f} ms during the crash, {rows['lost']} messages lost. The `POST` was "
        f"answered in {rows['post_s'] * 1000:.0f} ms, the `DELETE` in {rows['delete_s'] * 1000:.0f} ms; the "
        f"event stream told {rows['events']} events, the first after {rows['first_event_s'] * 1000:.0f} ms.\n"
    )


def _soak(rows: dict[str, Any]) -> str:
    verdict, passed = rows["verdict"], rows["passed"]
    samples = by_minute(rows["samples"])
    series = _formed(SOAK, (row | {"minute": row["at_s"] / MINUTE_S} for row in samples))
    judgement = "flat" if verdict["flat"] else "**not flat**"
    came = (
        f"{passed['streams']:,} WebSocket streams",
        f"{passed['requests']:,} requests",
        f"{passed['grpc_streams']:,} gRPC streams",
    )
    return (
        f"{', '.join(came)} and {passed['runs']:,} runs came and went in {rows['minutes']:g} minutes, beside "
        f"{rows['readers']} readers who stayed. Memory {verdict['memory_growth']:+.2%} over the last three "
        f"quarters ({verdict['memory_mb_per_hour']:+.1f} MB/h), descriptors "
        f"{verdict['descriptors_per_hour']:+.1f} an hour: {judgement}. When everyone had gone, "
        f"{rows['descriptors_left']} descriptors were left; {rows['broken']} connections met a fault of the "
        f"server's own.\n\n{series}"
    )


def by_minute(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first sample, and the last one before each further second minute is over."""
    chosen = samples[:1]
    for sample in samples[1:]:
        if sample["at_s"] // (2 * MINUTE_S) > chosen[-1]["at_s"] // (2 * MINUTE_S):
            chosen.append(sample)
    return chosen


TABLES: dict[str, Callable[[Any], str]] = {
    "rooms": _rooms,
    "virtual_time": _virtual_time,
    "fan_out": _fan_out,
    "grpc_streams": partial(_formed, GRPC),
    "latency": partial(_formed, LATENCY),
    "rest": partial(_formed, REST),
    "memory": partial(_formed, MEMORY),
    "hostile": _hostile,
    "hostile__flood": _flood,
    "crash_under_load": _crash,
    "soak": _soak,
    "adapters": _plain,
    "consensus": _plain,
    "ingest": _plain,
    "ingest_latency": partial(_formed, INGEST_LATENCY),
    "venues": _plain,
}
"""Tables of the page; what stands before ``__`` is the benchmark they come from."""


def figures() -> dict[str, Any]:
    """What was taken last."""
    found: dict[str, Any] = json.loads(FIGURES.read_text("utf-8")) if FIGURES.is_file() else {}
    return found


def take() -> list[str]:
    """Take the results that there are into docs/performance.json; their names."""
    taken = figures()
    names = list(dict.fromkeys(name.split("__")[0] for name in TABLES))
    found = [name for name in names if (RESULTS / f"{name}.json").is_file()]
    for name in found:
        taken[name] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
        if name == "soak":
            taken[name]["rows"]["samples"] = by_minute(taken[name]["rows"]["samples"])
    text = json.dumps({name: taken[name] for name in names if name in taken}, indent=1, ensure_ascii=False)
    FIGURES.write_text(text + "\n", "utf-8")
    return found


if __name__ == "__main__":
    sys.stdout.write(f"taken: {', '.join(take())}; now make docs\n")
