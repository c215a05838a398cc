"""What the codes MD350-MD369 mean: runs on a live market."""

from __future__ import annotations

from mdsim.core.explanation import Explanation

RUNS: dict[str, Explanation] = {
    "MD350": Explanation(
        "a scenario that does not exist",
        "No run has this id. Ended runs are kept for a while, within bounds, and a server that was started "
        "again knows nothing of the runs before.",
        "",
        "",
    ),
    "MD351": Explanation(
        "another run touches the same instrument",
        "Two runs that move one instrument would spoil each other's expectations, so the second is refused "
        "unless it asks for it. The message names the run that holds the instrument.",
        '{"playbook": "…"}',
        '{"playbook": "…", "overlap": "allow"}',
    ),
    "MD352": Explanation(
        "an idempotency key that was used for something else",
        "A repeated Idempotency-Key answers with the run that it started first. With another request it "
        "would be the wrong answer, so it is refused.",
        "",
        "",
    ),
    "MD353": Explanation(
        "as many runs as the server takes on",
        "Runs at once, and requests that wait to be compiled, are bounded, so that prices stay on time. Stop "
        "a run, or try again later.",
        "",
        "",
    ),
    "MD354": Explanation(
        "a scenario that has ended",
        "A run that has ended, or is being released, can neither be paused nor resumed.",
        "",
        "",
    ),
    "MD355": Explanation(
        "a plan that cannot be rehearsed",
        "Before it starts, a plan is rehearsed on a still market to know how far it takes prices. A plan "
        "with very many iterations or branches would take too long, and nobody would know.",
        "repeat: {every: 1ms, for: 12h, steps: [{mark: again}]}",
        "repeat: {every: 1m, for: 12h, steps: [{mark: again}]}",
    ),
    "MD356": Explanation(
        "a playbook that the library does not have",
        "A library name is the path of a shipped playbook; files of the server are never read otherwise.",
        "library: ../crash.yaml",
        "library: crash.yaml",
    ),
    "MD357": Explanation(
        "a request to run that makes no sense",
        "A run is of a playbook's text or of a library name; its speed lies between 0.01 and 1,000, and its "
        "idempotency key is at most 200 characters of printable ASCII.",
        '{"library": "crash.yaml", "speed": 0}',
        '{"library": "crash.yaml", "speed": 60}',
    ),
    "MD358": Explanation(
        "a server that takes no runs now",
        "The server is stopping, or has not started yet; what runs is being released.",
        "",
        "",
    ),
    "MD359": Explanation(
        "as many followers as the server takes on",
        "Event streams of runs are bounded. Close one, or ask for the run itself now and then.",
        "",
        "",
    ),
    "MD360": Explanation(
        "too many metrics",
        "Every metric that a playbook's conditions name is measured in every cycle of the market, so their "
        "number is bounded.",
        "",
        "",
    ),
    "MD361": Explanation(
        "a start that a stop of every run overtook",
        "Everything was stopped while the playbook was still being compiled and rehearsed, so it does not "
        "begin. Ask for it again if it is still wanted; the idempotency key may be used again.",
        "",
        "",
    ),
}
