"""What the codes MD650-MD659 mean: recordings of what providers sent, and their replay."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

RECORDING: dict[str, Explanation] = {
    "MD650": Explanation(
        "a recording that cannot be read",
        "There is no such file, or the system does not let mdsim read it.",
        "mdsim serve --replay monday.ndjson",
        "mdsim serve --replay monday.ndjson.gz",
    ),
    "MD651": Explanation(
        "a file that is no recording",
        "The first line of a recording names its form, its beginning and its sources. What 'mdsim play' "
        "writes with --journal, and files of bars or trades, are something else.",
        "mdsim serve --replay bars.csv",
        "mdsim record --config config.yaml --out monday.ndjson.gz --for 10m\n"
        "mdsim serve --replay monday.ndjson.gz",
    ),
    "MD652": Explanation(
        "a recording of another form",
        "The form of recordings has a version, and this mdsim reads another one.",
        '{"mdsim_recording":7, … as the first line',
        '{"mdsim_recording":1, … as the first line',
    ),
    "MD653": Explanation(
        "a damaged recording",
        "A line is cut off, is no JSON, lacks something or tells of a source that the first line does not "
        "name; or the packed file breaks off. That happens when 'mdsim record' is killed or its disk "
        "is full. What stands before that line is sound, and the message says how to keep it.",
        "mdsim serve --replay broken.ndjson.gz",
        "gzip -dc broken.ndjson.gz 2>/dev/null | head -n 4711 > whole.ndjson\n"
        "mdsim serve --replay whole.ndjson",
    ),
    "MD654": Explanation(
        "a recording that goes back in time",
        "The lines of a recording stand in the order in which things came. Two recordings that were put "
        "together, or a file that was edited, need not.",
        "cat tuesday.ndjson monday.ndjson > both.ndjson",
        "mdsim serve --replay monday.ndjson",
    ),
    "MD655": Explanation(
        "a recording of something unknown",
        "It was made by a provider that this mdsim does not read, or of an instrument that is not known "
        "here: a server knows those of its configuration, a playbook those of 'mdsim list instruments'.",
        "mdsim serve --replay sol.ndjson.gz",
        "mdsim serve --config with-sol.yaml --replay sol.ndjson.gz",
    ),
    "MD656": Explanation(
        "a time outside the recording",
        "A replay can begin, and be moved, between the first and the last line of its recording; a run that "
        "is played on it must fit in. The message names the span.",
        "mdsim serve --replay ten-minutes.ndjson.gz --seek 15m",
        "mdsim serve --replay ten-minutes.ndjson.gz --seek 5m",
    ),
    "MD657": Explanation(
        "nothing to record",
        "A recording is of sources that a configuration names under data_sources; a market that is simulated "
        "needs none, because its seed gives it again. A source without its key is off.",
        "mdsim record --out monday.ndjson.gz",
        "mdsim record --config config.yaml --out monday.ndjson.gz",
    ),
    "MD658": Explanation(
        "sources that sent nothing",
        "No message and no answer came while it was recorded. What stood in the way is told above it: an "
        "address that nobody answers, a key that is not valid, a provider that lists none of the "
        "instruments.",
        "",
        "",
    ),
    "MD659": Explanation(
        "a recording that would write over something",
        "A recording goes to a new file: what was recorded cannot be had again.",
        "mdsim record --config config.yaml --out monday.ndjson.gz, a second time",
        "mdsim record --config config.yaml --out tuesday.ndjson.gz",
    ),
}
