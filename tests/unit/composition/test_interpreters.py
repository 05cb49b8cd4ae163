"""What `--base-python` may name, and every mistake of a gate that times, at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.composition import UserMistake, interpreters
from harness.composition.interpreters import base_interpreter
from harness.composition.timed import prepare_in_turns
from harness.records.interpreter import Interpreter


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What interpreters were asked; each answers at once."""
    calls: list[tuple[Any, ...]] = []

    def answer(*given: Any) -> Interpreter:
        calls.append(given)
        return Interpreter(python=given[0], code="/code", twinrun="0.1.0", source="0")

    monkeypatch.setattr(interpreters, "interpreter_at", answer)
    return calls


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_interpreter(asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = program(tmp_path / "env/bin/python")
    monkeypatch.chdir(tmp_path)
    base_interpreter("env/bin/python", "{}")
    assert asked == [(str(python), None, "{}")]


def test_a_link_stays_a_link(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """The program of an environment is a link to one that knows nothing of the environment."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    base_interpreter(str(tmp_path / "bin/python"))
    assert asked[0][0] == str(tmp_path / "bin/python")


def test_a_name_on_the_path(asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = program(tmp_path / "python3.99")
    monkeypatch.setenv("PATH", str(tmp_path))
    base_interpreter("python3.99")
    assert asked[0][0] == str(python)


@pytest.mark.parametrize("place", ["bin/python", ".venv/bin/python", "venv/bin/python"])
def test_an_environment(asked: list[tuple[Any, ...]], tmp_path: Path, place: str) -> None:
    python = program(tmp_path / place)
    base_interpreter(str(tmp_path))
    assert asked == [(str(python), None, "")]


def test_a_checkout_runs_its_own_source(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    python = program(tmp_path / ".venv/bin/python")
    for package in ("harness", "adapters"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    base_interpreter(str(tmp_path))
    assert asked == [(str(python), tmp_path, "")]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no such program"),
        (lambda path: path.touch(), "it cannot be run"),
        (lambda path: path.mkdir(), "the folder has no interpreter: none of bin/python, .venv/bin/python"),
    ],
)
def test_what_is_none(asked: list[tuple[Any, ...]], tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "base")
    with pytest.raises(UserMistake, match="--base-python") as caught:
        base_interpreter(str(tmp_path / "base"))
    assert said in str(caught.value)
    assert asked == []


def test_the_ladder_is_climbed_unless_something_else_is_typed(asked: list[tuple[Any, ...]]) -> None:
    question, point, base = prepare_in_turns(["processes=7", "arms=[reference]"], sys.executable, ())
    assert (question.check, question.measurement.processes) == ("climb", 7)
    assert base.code == "/code"
    assert asked[0][2] == point.study.first.experiment.model_dump_json()  # it must be able to read it
    assert prepare_in_turns(["check=auto"], sys.executable, ())[0].check == "auto"


def test_all_mistakes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = ["precision=1%", "sweep=batch_size=[1,2]", "target_accuracy=90%", "schedule=cosin", "processes=0", "RUN"]
    assert main(["gate", "--base-python", "nowhere", *typed]) == 2
    told = capsys.readouterr().err
    assert told.startswith("twinrun: 7 mistakes:")
    for said in (
        "precision: this is of twinrun bench; a gate ends at its first look or at its last",
        "sweep: this is of twinrun bench; gate one experiment at a time",
        "target_accuracy: this is of twinrun bench; a gate compares the time of a step",
        "did you mean schedule=cosine",
        "processes: given",
        "given RUN and --base-python",
        "--base-python nowhere: there is no such program",
    ):
        assert said in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base-python", "x", "--baseline", "y"], "give either --baseline or --base-python"),
        (["--base-python", "x", "--self-test"], "give either --self-test or --base-python"),
        (["--base-python", "x", "--seconds", "3"], "--seconds is of --self-test"),
        (["--base-python", "x", "--store", "y"], "--store is of recorded runs"),
        (["RUN", "--trust"], "--config-dir and --trust are of --base-python"),
        (["--self-test", "--json"], "--details, --quiet and --json are of a gate"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", *arguments]) == 2
    assert said in capsys.readouterr().err
