"""Every verb in this process: what it writes and the code it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mdsim import __version__
from mdsim.cli.main import VERBS, app
from mdsim.cli.play import SEED

GOOD = """\
mdsim: 1
name: dip
params:
  drop: {type: change, default: -8%, max: -1%}
phases:
  - name: calm
    for: 10s
  - name: fall
    reaches: change(BTC-USD over 30s) < -3%
    steps:
      - move: {symbol: BTC-USD, by: $drop, over: 20s}
      - expect: {that: deviation(BTC-USD) < -7%, within: 10s}
"""
BAD = GOOD.replace("- move:", "- mvoe:").replace("for: 10s", "for: 10")


class Answer:
    """Exit code and both streams of one call."""

    def __init__(self, *words: str, text: str | None = None) -> None:
        result = CliRunner().invoke(app, [*words], input=text)
        self.code = result.exit_code
        self.out = result.stdout
        self.err = result.stderr


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, and no colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def good(folder: Path) -> Path:
    """A playbook that passes in half a minute of market."""
    (folder / "dip.yaml").write_text(GOOD, "utf-8")
    return folder / "dip.yaml"


@pytest.fixture
def bad(folder: Path) -> Path:
    """The same with two mistakes."""
    (folder / "bad.yaml").write_text(BAD, "utf-8")
    return folder / "bad.yaml"


# play


@pytest.mark.usefixtures("good")
def test_play_ends_with_verdict_and_the_command_to_repeat_it() -> None:
    """Events first, recap last, exit 0."""
    answer = Answer("play", "dip.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert "+00:00:10  2026-01-05T00:00:10Z  ▶ [fall] phase fall" in answer.out
    assert answer.out.rstrip().endswith(f"again   mdsim play dip.yaml --seed {SEED}")


@pytest.mark.usefixtures("good")
def test_play_fails_with_the_line_of_the_question() -> None:
    """Exit 1, the question, what was seen, and where it stands."""
    answer = Answer("play", "dip.yaml", "--set", "drop=-5%", "-q")
    assert answer.code == 1
    assert answer.out.startswith(" FAILED  dip")
    assert "expect deviation(BTC-USD) < -7%" in answer.out
    assert "dip.yaml:12:" in answer.out


def test_play_is_inconclusive_when_nothing_was_tested() -> None:
    """A fall that never came proves nothing: exit 7."""
    text = GOOD.replace("      - expect: {that: deviation(BTC-USD) < -7%, within: 10s}\n", "")
    assert Answer("play", "-", "--set", "drop=-2%", "-q", text=text).code == 7


@pytest.mark.usefixtures("good")
def test_the_same_seed_gives_the_same_run_and_another_does_not() -> None:
    """The digest covers every published tick."""

    def digest(*options: str) -> str:
        run = json.loads(Answer("play", "dip.yaml", "--json", *options).out)["runs"][0]
        return str(run["digest"])

    assert digest() == digest("--seed", str(SEED)) != digest("--seed", "2")


@pytest.mark.usefixtures("good")
def test_the_command_to_repeat_holds_every_option_that_matters() -> None:
    """Copied and pasted, it gives the same digest."""
    options = ["--set", "drop=-9%", "--only", "fall", "--cycle", "250ms", "--seed", "3", "--keep-effects"]
    first = json.loads(Answer("play", "dip.yaml", "--json", *options).out)["runs"][0]
    words = first["again"].split()
    assert words[0] == "mdsim"
    second = json.loads(Answer(*words[1:], "--json").out)["runs"][0]
    assert first == second


@pytest.mark.usefixtures("good", "bad")
def test_several_playbooks_run_in_turn_and_the_worst_counts() -> None:
    """A broken one does not keep the next from running."""
    answer = Answer("play", "dip.yaml", "bad.yaml", "dip.yaml", "-q")
    assert answer.code == 3
    assert answer.out.count(" PASSED  dip") == 2
    assert "bad.yaml:7:10: error[" in answer.err


@pytest.mark.usefixtures("good", "bad")
def test_json_is_one_document_whatever_happens() -> None:
    """A program reads one shape: runs, each with verdict and exit code."""
    answer = Answer("play", "dip.yaml", "bad.yaml", "absent.yaml", "--json")
    shown = json.loads(answer.out)
    assert shown["mdsim"] == __version__
    assert [(run["verdict"], run["exit_code"]) for run in shown["runs"]] == [
        ("passed", 0),
        ("error", 3),
        ("error", 2),
    ]
    assert len(shown["runs"][1]["problems"]) == 2
    assert answer.code == 2


@pytest.mark.usefixtures("good")
def test_a_journal_is_the_same_for_the_same_run(folder: Path) -> None:
    """Byte by byte, and never overwritten."""
    for name in ("one", "two"):
        assert Answer("play", "dip.yaml", "-q", "--journal", name).code == 0
    first, second = ((folder / name / "journal.jsonl").read_bytes() for name in ("one", "two"))
    assert first == second
    assert first.count(b"\n") > 10
    assert str(folder).encode() not in first
    answer = Answer("play", "dip.yaml", "-q", "--journal", "one")
    assert answer.code == 2
    assert "never overwritten" in answer.err


@pytest.mark.usefixtures("good")
def test_a_journal_goes_into_a_folder_and_not_into_a_file(folder: Path) -> None:
    """A file of that name is not taken for an old journal."""
    answer = Answer("play", "dip.yaml", "-q", "--journal", "dip.yaml")
    assert answer.code == 2
    assert "cannot write a journal to dip.yaml: it is a file" in answer.err


@pytest.mark.usefixtures("good")
def test_several_playbooks_get_a_journal_each(folder: Path) -> None:
    """Two runs in one file would be no journal."""
    (folder / "dap.yaml").write_text(GOOD, "utf-8")
    assert Answer("play", "dip.yaml", "dap.yaml", "-q", "--journal", "out").code == 0
    assert (folder / "out/dip/journal.jsonl").is_file()
    assert (folder / "out/dap/journal.jsonl").is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "drop"], "--set drop sets nothing"),
        (["--set", "drop=-9%", "--set", "drop=-8%"], "--set drop is given twice"),
        (["--set", "dorp=-9%"], "did you mean 'drop'?"),
        (["--set", "drop=9%"], "error[MD066]"),
        (["--only", "fal"], "did you mean 'fall'?"),
        (["--speed", "0"], "--speed 0 is out of bounds"),
        (["--speed", "nan"], "--speed nan is out of bounds"),
        (["--cycle", "5"], "--cycle '5' has no unit"),
        (["--cycle", "1s..2s"], "is not one duration"),
        (["--cycle", "1us"], "--cycle "),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["-", "-"], "stdin can be read once"),
    ],
)
@pytest.mark.usefixtures("good")
def test_options_that_do_not_fit_are_usage_errors(options: list[str], says: str) -> None:
    """Exit 2 with a sentence that names the option."""
    answer = Answer("play", "dip.yaml", *options)
    assert answer.code == 2
    assert says in " ".join(answer.err.replace("│", " ").split())


def test_a_bare_name_is_found_in_the_library_and_the_run_says_so() -> None:
    """With or without its ending."""
    for name in ("flash-crash.yaml", "flash-crash"):
        answer = Answer("play", name)
        assert answer.code == 0
        assert "using flash-crash.yaml of the shipped library" in answer.out.splitlines()[0]


def test_a_file_here_goes_before_the_library(folder: Path) -> None:
    """What the user wrote wins over what is shipped."""
    (folder / "crash.yaml").write_text(GOOD, "utf-8")
    assert " PASSED  dip" in Answer("play", "crash.yaml", "-q").out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("flesh-crash.yaml", "did you mean flash-crash.yaml?"),
        ("dep", "did you mean depeg.yaml?"),
        ("zzz", "shipped with mdsim: crash.yaml"),
        ("sub/crash.yaml", "there is no playbook sub/crash.yaml"),
        (".", "is a folder"),
    ],
)
def test_a_playbook_that_is_not_there_is_a_usage_error(name: str, says: str) -> None:
    """Exit 2 and the nearest name."""
    answer = Answer("play", name)
    assert answer.code == 2
    assert says in answer.err


def test_stdin_is_a_playbook() -> None:
    """``-`` reads it; its places say so."""
    assert Answer("play", "-", "-q", text=GOOD).code == 0
    assert "<stdin>:7:10: error[" in Answer("play", "-", text=BAD).err


def test_json_playbooks_are_read_by_their_ending(folder: Path) -> None:
    """The same language in another coat, numbers exactly as written."""
    steps = [{"move": {"symbol": "USDT-USD", "to": 0.98765, "over": "10s"}}]
    (folder / "peg.json").write_text(json.dumps({"mdsim": 1, "name": "peg", "steps": steps}), "utf-8")
    run = json.loads(Answer("play", "peg.json", "--json", "--keep-effects").out)["runs"][0]
    assert (run["verdict"], run["symbols"][0]["low"]) == ("passed", "0.98765")


# lint


@pytest.mark.usefixtures("good", "bad")
def test_lint_shows_every_problem_of_every_file() -> None:
    """Exit 3 when one cannot run; the good one is named too."""
    answer = Answer("lint", "dip.yaml", "bad.yaml")
    assert answer.code == 3
    assert "dip.yaml: no problems" in answer.out
    assert "did you mean 'move'?" in answer.out
    assert "bad.yaml: 2 errors" in answer.out


@pytest.mark.usefixtures("good", "bad")
def test_lint_goes_on_past_a_file_that_is_not_there() -> None:
    """A typo in one name must not hide the mistakes of the others."""
    answer = Answer("lint", "nowhere.yaml", "bad.yaml", "dip.yaml")

    assert answer.code == 2
    assert "MD330" in answer.err
    assert "bad.yaml: " in answer.out
    assert "dip.yaml: no problems" in answer.out


def test_a_playbook_of_the_library_is_told_by_its_path_there() -> None:
    """A bare name may be found in a folder of the library."""
    answer = Answer("lint", "price-shock.yaml")

    assert "using chaos/price-shock.yaml of the shipped library" in answer.out


@pytest.mark.usefixtures("good")
def test_lint_of_a_good_playbook_passes() -> None:
    """Exit 0."""
    assert Answer("lint", "dip.yaml").code == 0


@pytest.mark.usefixtures("bad")
def test_lint_for_programs_is_json() -> None:
    """Place, code, severity, message and help of each problem."""
    answer = Answer("lint", "bad.yaml", "--format", "json")
    assert answer.code == 3
    first = json.loads(answer.out)[0]
    assert (first["file"], first["line"], first["column"], first["severity"]) == ("bad.yaml", 7, 10, "error")
    assert first["code"].startswith("MD")


@pytest.mark.usefixtures("bad")
def test_lint_for_github_is_an_annotation_a_line() -> None:
    """Workflow commands, with the signs that would end a field escaped."""
    lines = Answer("lint", "bad.yaml", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::error file=bad.yaml,line=") for line in lines)


def test_a_playbook_cannot_smuggle_in_an_annotation() -> None:
    """Line ends and percent signs of the text are escaped."""
    text = GOOD.replace("name: calm", '"na\\nme%::error::owned": calm')
    answer = Answer("lint", "-", "--format", "github", text=text)
    assert answer.code == 3
    assert all(line.startswith("::error file=<stdin>,line=") for line in answer.out.splitlines())


def test_warnings_alone_do_not_fail_lint() -> None:
    """An unused parameter is odd, not wrong."""
    text = GOOD.replace("params:\n", "params:\n  spare: {type: count, default: 1}\n")
    answer = Answer("lint", "-", text=text)
    assert answer.code == 0
    assert "1 warning" in answer.out


# plan


@pytest.mark.usefixtures("good")
def test_plan_draws_phases_and_steps_with_their_times() -> None:
    """Offsets, summaries and bars, without a run."""
    answer = Answer("plan", "dip.yaml", "--set", "drop=-9%")
    assert answer.code == 0
    assert "params    drop  -9%" in answer.out
    assert "baseline  synthetic" in answer.out
    row = next(line for line in answer.out.splitlines() if "move BTC-USD" in line)
    assert row.startswith("+00:00:10  +00:00:30")
    assert "█" in row


def test_plan_lists_parameters_as_set_takes_them() -> None:
    """What it shows can be copied behind ``--set``: with units, and with what each is for."""
    shown = Answer("plan", "flash-crash.yaml").out
    assert Answer("plan", "chaos/price-shock.yaml").out.count("\n          ") >= 3
    for line in shown.partition("params    ")[2].partition("baseline")[0].splitlines():
        name, text = line.split()[:2]
        assert Answer("plan", "flash-crash.yaml", "--set", f"{name}={text}").code == 0


@pytest.mark.usefixtures("good")
def test_plan_for_programs_holds_plan_and_timeline() -> None:
    """``--only`` leaves the other phases out."""
    shown = json.loads(Answer("plan", "dip.yaml", "--json", "--only", "fall").out)
    assert [phase["name"] for phase in shown["plan"]["phases"]] == ["fall"]
    assert shown["timeline"][0]["start"] == {"earliest_ns": 0, "latest_ns": 0}


# list, explain, schema, init, version


def test_list_names_everything_there_is() -> None:
    """One section a kind, from the registries."""
    answer = Answer("list")
    assert answer.code == 0
    for name in ("move", "sigmoid", "price(SYMBOL)", "BTC-USD-PERP", "replay", "2024-08-05", "crash.yaml"):
        assert f"  {name} " in answer.out


def test_list_for_programs_gives_parameters() -> None:
    """Name, kind, help and bounds of each."""
    shown = json.loads(Answer("list", "curves", "--json").out)
    exp = next(curve for curve in shown["curves"] if curve["name"] == "exp")
    assert exp["params"][0]["name"] == "half_life"
    assert exp["params"][0]["kind"] == "duration"


def test_list_of_something_else_is_a_usage_error() -> None:
    """The kinds there are stand in the message."""
    answer = Answer("list", "dragons")
    assert answer.code == 2
    assert "datasets" in answer.err


@pytest.mark.parametrize("code", ["MD330", "md330", "330", "[MD330]"])
def test_explain_takes_a_code_as_it_was_printed(code: str) -> None:
    """Title, text, and a pair of examples."""
    answer = Answer("explain", code)
    assert answer.code == 0
    assert answer.out.startswith("MD330: there is no such playbook\n")
    assert "right:\n    mdsim play crash.yaml" in answer.out


def test_explain_lists_every_code_and_refuses_others() -> None:
    """Without a code, all; with an unknown one, exit 2."""
    assert "MD330  there is no such playbook" in Answer("explain").out
    answer = Answer("explain", "MD9999")
    assert answer.code == 2
    assert "'mdsim explain' lists them all" in answer.err


def test_schema_writes_checks_and_notices_an_old_file(folder: Path) -> None:
    """What is printed is what is written; a changed file fails the check."""
    path = folder / "sub" / "playbook.schema.json"
    assert Answer("schema", "--write", str(path)).code == 0
    assert path.read_text("utf-8") == Answer("schema").out
    assert Answer("schema", "--check", str(path)).code == 0
    path.write_text("{}", "utf-8")
    answer = Answer("schema", "--check", str(path))
    assert answer.code == 1
    assert "mdsim schema --write" in answer.err


def test_the_first_playbook_is_clean_and_passes() -> None:
    """What ``init`` writes lints without a word and runs."""
    assert Answer("init").code == 0
    assert Answer("lint", "playbook.yaml").out == "playbook.yaml: no problems\n"
    answer = Answer("play", "playbook.yaml", "-q")
    assert (answer.code, answer.err) == (0, "")


def test_init_never_overwrites(folder: Path) -> None:
    """An existing file stays as it is."""
    (folder / "mine.yaml").write_text("precious", "utf-8")
    answer = Answer("init", "mine.yaml")
    assert answer.code == 2
    assert (folder / "mine.yaml").read_text("utf-8") == "precious"


def test_version_names_python_too() -> None:
    """The promise of identical runs depends on both."""
    assert Answer("version").out.startswith(f"mdsim {__version__} (CPython 3.")
    assert Answer("--version").out == Answer("version").out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    """``--help`` of each ends well."""
    assert Answer(verb, "--help").code == 0
