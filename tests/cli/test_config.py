"""``mdsim config``: checking, showing, the example and the schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mdsim.cli.main import app
from mdsim.config import schema


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nothing of ours is set."""
    from mdsim.config.load import known_variables

    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def written(folder: Path, text: str) -> str:
    path = folder / "c.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_the_environment_alone_can_be_checked(clean: pytest.MonkeyPatch) -> None:
    """Without a file, defaults and variables are checked."""
    assert CliRunner().invoke(app, ["config", "check"]).output == "configuration: no problems\n"

    clean.setenv("MARKET_DATA_PORT", "x")
    found = CliRunner().invoke(app, ["config", "check"])
    assert found.exit_code == 3
    assert "<environment>:1:18: error[MD020]: 'x' is not a count" in found.output
    assert found.output.endswith("configuration: 1 error\n")


def test_a_mistake_is_drawn_with_its_line(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As lint draws those of playbooks, and with its exit code."""
    found = CliRunner().invoke(app, ["config", "check", written(tmp_path, "server: {prot: 1}\n")])

    assert found.exit_code == 3
    assert "c.yaml:1:10: error[MD450]: server has no key 'prot'" in found.output
    assert "= help: did you mean port?" in found.output


def test_show_tells_each_value_and_where_it_comes_from(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token is not among what it tells."""
    clean.setenv("CHAOS_TOKEN", "do-not-show-me")
    clean.setenv("MARKET_DATA_PORT", "9000")
    path = written(tmp_path, "server: {bind: '::1'}\n")
    found = CliRunner().invoke(app, ["config", "check", path, "--show"]).output
    rows = {line.split()[0]: line.split()[1:] for line in found.splitlines() if line.count("  ")}

    assert rows["server.bind"] == ["::1", f"{path}:1:16"]
    assert rows["server.port"] == ["9000", "environment", "MARKET_DATA_PORT"]
    assert rows["server.grpc_port"] == ["50053", "default"]
    assert rows["chaos_scenarios.token"] == ["[hidden]", "environment", "CHAOS_TOKEN"]
    assert "do-not-show-me" not in found


def test_problems_come_as_json_for_programs(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fields of lint."""
    path = written(tmp_path, "server: {prot: 1}\n")
    (found,) = json.loads(CliRunner().invoke(app, ["config", "check", path, "--format", "json"]).output)

    assert (found["code"], found["line"], found["column"], found["severity"]) == ("MD450", 1, 10, "error")


def test_a_file_that_is_not_there_is_told(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its code, and how to get one."""
    found = CliRunner().invoke(app, ["config", "check", str(tmp_path / "none.yaml")])

    assert found.exit_code == 2
    assert "error[MD467]" in found.output
    assert "mdsim config example > config.yaml" in found.output


def test_the_example_is_printed_and_passes_its_own_check(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is printed is the shipped file, and it can be used as it is."""
    printed = CliRunner().invoke(app, ["config", "example"]).output
    found = CliRunner().invoke(app, ["config", "check", written(tmp_path, printed)])

    assert found.exit_code == 0
    assert found.output.endswith("configuration: 3 warnings\n")


def test_the_schema_is_printed_written_and_checked(tmp_path: Path) -> None:
    """The three ways of ``mdsim schema``, for configurations."""
    path = tmp_path / "s.json"
    run = CliRunner().invoke

    assert run(app, ["config", "schema"]).output == schema.text()
    assert run(app, ["config", "schema", "--check", str(path)]).exit_code == 1
    assert run(app, ["config", "schema", "--write", str(path)]).exit_code == 0
    assert run(app, ["config", "schema", "--check", str(path)]).exit_code == 0
